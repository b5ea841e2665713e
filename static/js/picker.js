// Conveniences of the memento picker, which works without them: find by name, tick chooses, a live tally.

const picker = document.querySelector(".picker");
const search = picker.querySelector("#memento-search");
const ticks = [...picker.querySelectorAll("[name=memento_ids]")];
const rows = [...picker.querySelectorAll(".mementos li")];

picker.addEventListener("change", (event) => {
  if (event.target.name === "memento_ids" && event.target.checked) {
    picker.querySelector("[name=selection][value=selected]").checked = true;
  }
  tellTally();
});

if (search) {
  search.parentElement.hidden = false;
  search.addEventListener("input", showFound);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

picker.querySelector("#new_name")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  picker.querySelector("[value=create]").click();
});

tellTally();

function tellTally() {
  const chosen = picker.querySelector("[name=selection]:checked")?.value;
  const count = ticks.filter((tick) => tick.checked).length;
  const words = { all: "Everything", none: "Nothing yet" }[chosen] ?? `${count || "No"} ${count === 1 ? "memento" : "mementos"} ticked`;
  picker.querySelector(".tally").textContent = words;
}

function showFound() {
  const wanted = search.value.trim().toLocaleLowerCase();
  let found = 0;
  for (const row of rows) {
    const isFound = row.textContent.toLocaleLowerCase().includes(wanted);
    // What is ticked stays in sight: nobody should share what they no longer see.
    row.hidden = !isFound && !row.querySelector("input").checked;
    found += isFound;
  }
  picker.querySelector(".memento-none-found").hidden = found > 0;
}
