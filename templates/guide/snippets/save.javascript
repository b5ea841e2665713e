async function saveMemory(title, text) {
  return callApi("/api/v1/memories/", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify({ title, text }),
  });
}
