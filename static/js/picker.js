// Conveniences of the memento picker, which works without them: a tick makes the choice, a list that is searched while
// one types, and a sum and a preview that follow the ticks.

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
const footer = document.querySelector(".picker-footer");
const seen = document.querySelector("#seen");
const previewing = footer.querySelector("[value=preview]");
const rows = [...picker.querySelectorAll("li:has([name=memento_ids])")];
const search = picker.querySelector("#memento-search");
let looking = new AbortController();
let waiting = 0;

picker.addEventListener("change", (event) => {
  if (event.target.name === "memento_ids" && event.target.checked) {
    picker.querySelector("[name=selection][value=selected]").checked = true;
  }
  if (["memento_ids", "selection"].includes(event.target.name)) showChoice();
});

// Enter there means the button beside it, not "Continue".
pressOnEnter("[name=new_name]", "create");
pressOnEnter("[name=new_words]", "search");

previewing.addEventListener("click", (event) => {
  event.preventDefault();
  seen.hidden = !seen.hidden;
  previewing.setAttribute("aria-expanded", !seen.hidden);
  if (!seen.hidden) seen.scrollIntoView({ block: "nearest" });
});

if (search) {
  search.parentElement.querySelector("button").hidden = true;
  // All of the list is here, so the server is to leave nothing out of it.
  search.removeAttribute("name");
  search.addEventListener("input", showFound);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

// Also when the browser comes back to this page and restores what was ticked.
window.addEventListener("pageshow", showChoice);

function showChoice() {
  const chosen = picker.querySelector("[name=selection]:checked")?.value;
  // Ticks do not count beside "Everything" and "Nothing yet": out of sight, and not sent.
  if (mementos) mementos.disabled = mementos.hidden = chosen === "all" || chosen === "none";
  clearTimeout(waiting);
  waiting = setTimeout(sumUp, 150);
}

async function sumUp() {
  looking.abort();
  looking = new AbortController();
  const wanted = ["csrf_token", "selection", "memento_ids"];
  const sent = new URLSearchParams([...new FormData(picker)].filter(([name]) => wanted.includes(name)));
  const tally = footer.querySelector(".tally");
  try {
    const answer = await fetch(footer.dataset.previewUrl, { method: "POST", body: sent, signal: looking.signal });
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    tally.replaceChildren(...told.querySelector(".tally").childNodes);
    seen.replaceChildren(...told.querySelector(".seen").childNodes);
  } catch (error) {
    // Better no sum than one of other ticks. Another tick came meanwhile: its own sum is on the way.
    if (error.name !== "AbortError") tally.textContent = seen.textContent = "";
  }
}

function showFound() {
  const wanted = fold(search.value).trim();
  let found = 0;
  for (const row of rows) {
    const isFound = fold(row.textContent).includes(wanted);
    // What is ticked stays in sight: nobody should share what they no longer see.
    row.hidden = !isFound && !row.querySelector("[name=memento_ids]").checked;
    found += isFound;
  }
  const none = mementos.querySelector(".none-found");
  none.textContent = found ? "" : none.dataset.noneFound;
}

function pressOnEnter(field, action) {
  picker.querySelector(field)?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      picker.querySelector(`[value=${action}]`).click();
    }
  });
}

// As the server folds words: case, width, accents and vowel points mean nothing, what is a letter stays one.
function fold(text) {
  const plain = text.normalize("NFKD").replace(NO_LETTERS, "").toLowerCase();
  return plain.replace(/[^\x00-\x7f]/gu, (letter) => ALSO_WRITTEN[letter] ?? letter).normalize("NFC");
}
