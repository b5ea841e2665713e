// Conveniences of the memento picker, which works without them: a tick makes the choice, a search box, a live tally.

// Accents, vowel points, skin tones, and what cannot be seen.
const NO_LETTERS = new RegExp(
  "[\\p{Cf}\\p{Emoji_Modifier}\\u0300-\\u036f\\u0591-\\u05c7\\u0610-\\u061a\\u0640\\u064b-\\u065f" +
    "\\u0670\\u06d6-\\u06ed\\ufe00-\\ufe0f]",
  "gu",
);
const ALSO_WRITTEN = {
  ...{ ß: "ss", ł: "l", đ: "d", ø: "o", æ: "ae", œ: "oe", ħ: "h", ŧ: "t", ð: "d", þ: "th", ı: "i" },
  ...{ ς: "σ", ى: "ي", ی: "ي", ک: "ك", ة: "ه" },
};

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
  const ticked = mementos.dataset.ticked.replace("{count}", count).replace("{all}", rows.length);
  picker.querySelector(".tally").textContent = mementos.hidden || !rows.length ? "" : ticked;
}

function showFound() {
  const wanted = fold(search.value).trim();
  let found = 0;
  for (const row of rows) {
    const isFound = fold(row.textContent).includes(wanted);
    // What is ticked stays in sight: nobody should share what they no longer see.
    row.hidden = !isFound && !isTicked(row);
    found += isFound;
  }
  mementos.querySelector(".none-found").textContent = found ? "" : mementos.dataset.noneFound;
}

// As the server folds words: case, width, accents and vowel points mean nothing, what is a letter stays one.
function fold(text) {
  const plain = text.normalize("NFKD").replace(NO_LETTERS, "").toLowerCase();
  return plain.replace(/[^\x00-\x7f]/gu, (letter) => ALSO_WRITTEN[letter] ?? letter).normalize("NFC");
}

function isTicked(row) {
  return row.querySelector("[name=memento_ids]").checked;
}
