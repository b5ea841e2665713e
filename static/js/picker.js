// Conveniences of the memento picker, which works without them: a tick makes the choice, a search box, a live tally.

const picker = document.querySelector(".picker");
const mementos = picker.querySelector(".mementos");
const rows = [...mementos.querySelectorAll("li:has([name=memento_ids])")];
const search = mementos.querySelector("#memento-search");
const newName = mementos.querySelector("[name=new_name]");

picker.addEventListener("change", (event) => {
  if (event.target.name === "memento_ids" && event.target.checked) {
    picker.querySelector("[name=selection][value=selected]").checked = true;
  }
  showChoice();
});

// Enter there means the button beside it, not "Continue".
newName?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    mementos.querySelector("[value=create]").click();
  }
});

if (search) {
  search.parentElement.hidden = false;
  search.addEventListener("input", showFound);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

// Also when the browser comes back to this page and restores what was ticked.
window.addEventListener("pageshow", showChoice);

function showChoice() {
  const chosen = picker.querySelector("[name=selection]:checked")?.value;
  const count = rows.filter(isTicked).length;
  // Ticks do not count beside "Everything" and "Nothing yet": out of sight, and not sent.
  mementos.disabled = mementos.hidden = chosen === "all" || chosen === "none";
  picker.querySelector(".tally").textContent = mementos.hidden ? "" : `${count} of ${rows.length} ticked`;
}

function showFound() {
  const wanted = search.value.trim().toLocaleLowerCase();
  let found = 0;
  for (const row of rows) {
    const isFound = row.textContent.toLocaleLowerCase().includes(wanted);
    // What is ticked stays in sight: nobody should share what they no longer see.
    row.hidden = !isFound && !isTicked(row);
    found += isFound;
  }
  mementos.querySelector(".none-found").textContent = found ? "" : "None of your mementos fits that.";
}

function isTicked(row) {
  return row.querySelector("[name=memento_ids]").checked;
}
