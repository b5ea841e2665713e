async function listMementos() {
  return callApi("/api/v1/mementos/");
}
