async function searchMemories(words) {
  const page = await callApi("/api/v1/memories/?" + new URLSearchParams({ q: words, limit: 5 }));
  return page.data;
}
