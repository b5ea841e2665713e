// What one trial of one app knows, kept in this tab alone until it is finished or the tab is closed.
const key = (clientId) => `playground of ${clientId}`;

export function read(clientId) {
  try {
    return JSON.parse(sessionStorage.getItem(key(clientId))) ?? {};
  } catch {
    return {};
  }
}

export function keep(clientId, trial) {
  sessionStorage.setItem(key(clientId), JSON.stringify(trial));
}

export function forget(clientId) {
  sessionStorage.removeItem(key(clientId));
}
