// What `axe.py` adds to axe-core in a page: contrasts that are known already, and what a second look need not ask.

// Rules whose answer depends on colours or on where things stand; all others ask what is there and what it is called.
const DEPEND_ON_THE_LOOK = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"];

// All by which an element changes the ground under its text, with the values that change nothing.
const NO_GROUND = {
  backgroundColor: "rgba(0, 0, 0, 0)", backgroundImage: "none", opacity: "1", filter: "none", backdropFilter: "none",
  mixBlendMode: "normal", clipPath: "none", maskImage: "none",
};

// Letters of the same colour, size and weight on the same grounds have the same contrast, here and on the next page.
// Only what axe-core itself has found good is remembered. `passed` holds the names of such kinds; those that are new
// are added to it. Where anything else lies under the letters, or they stand out of their ground, each is computed.
function rememberContrasts(passed) {
  const kinds = new Map(), grounds = [], boxes = new Map();
  for (const element of document.querySelectorAll("*")) {
    const style = getComputedStyle(element), above = kinds.get(element.parentElement) ?? { under: [], ground: "" };
    const own = Object.keys(NO_GROUND).filter((name) => style[name] !== NO_GROUND[name]).map((name) => style[name]);
    if (own.length) {
      grounds.push(element);
      kinds.set(element, { style, under: [...above.under, element], ground: `${above.ground} / ${own}` });
    } else kinds.set(element, { ...above, style, name: undefined });
  }
  const box = (element) => {
    if (!boxes.has(element)) boxes.set(element, element.getBoundingClientRect());
    return boxes.get(element);
  };
  const stands = (one, on) =>
    one.left >= on.left && one.right <= on.right && one.top >= on.top && one.bottom <= on.bottom;
  const meets = (one, other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const isOfNoKind = (element, { under }) =>
    under.some((one) => one.parentElement && one !== document.body && !stands(box(element), box(one))) ||
    grounds.some((one) => !under.includes(one) && !element.contains(one) && meets(box(element), box(one)));
  const name = (element) => {
    const kind = kinds.get(element);
    if (!kind) return null;
    if (kind.name === undefined) {
      const { color, fontSize, fontWeight, textShadow, webkitTextStrokeWidth } = kind.style;
      const letters = [color, fontSize, fontWeight, textShadow, webkitTextStrokeWidth];
      kind.name = isOfNoKind(element, kind) ? null : letters + kind.ground;
    }
    return kind.name;
  };
  const rule = axe._audit.rules.find((rule) => rule.id === "color-contrast");
  const check = axe._audit.checks["color-contrast"];
  const { matches, evaluate } = (rule.asMade ??= { matches: rule.matches, evaluate: check.evaluate });
  rule.matches = function (element, ...more) {
    return !passed.has(name(element)) && matches.call(this, element, ...more);
  };
  check.evaluate = function (element, ...more) {
    if (passed.has(name(element))) {
      // Its own way out, where there is nothing to compute.
      this.data({ messageKey: "hidden" });
      return true;
    }
    const result = evaluate.call(this, element, ...more);
    if (result === true && name(element) !== null) passed.add(name(element));
    return result;
  };
}

// A link among words may be told from them by its colour or by its style: one of the two is enough, but axe-core asks for
// both, and a colour takes long. Where the style tells, the colour is not computed.
function askForStyleFirst() {
  const { "link-in-text-block": colour, "link-in-text-block-style": style } = axe._audit.checks;
  const evaluate = (colour.asMade ??= colour.evaluate);
  colour.evaluate = function (element, options, ...more) {
    return style.evaluate.call(this, element, style.options, ...more) === true || evaluate.call(this, element, options, ...more);
  };
}

// Words alone: no rule asks whether they are there, unless they name or fill something.
function areWords(element) {
  const named = "a, button, label, summary, legend, caption, th, td, li, dt, dd, option, h1, h2, h3, h4, h5, h6";
  return (
    element.matches("span, bdi") && !element.closest(`${named}, [role], [id]:not(main)`) &&
    [...element.attributes].every(({ name }) => name === "class")
  );
}

// What is to be seen, and by what means something is hidden: element by element.
function readStructure() {
  return [...document.querySelectorAll("*")].map((element) => {
    const { display, position, clipPath, clip } = getComputedStyle(element), place = element.getBoundingClientRect();
    const isSeen = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const isThere = place.width > 0 && place.height > 0 && place.right > 0 && place.bottom + scrollY > 0;
    const how = [position === "absolute" && [clipPath, clip], display.startsWith("table") && display, isThere];
    return { element, isSeen, how: `${element.tagName} ${how}` };
  });
}

function isAsBefore(structure, before) {
  return (
    structure.length === before?.length &&
    structure.every(({ element, isSeen, how }, at) => {
      const then = before[at];
      if (element !== then.element) return false;
      if (then.isSeen && !isSeen && areWords(element)) return true;
      return isSeen === then.isSeen && how === then.how;
    })
  );
}

// Asks all rules, or those that depend on the look where only the look has changed. Returns what is wrong, the kinds
// that passed for the first time, and how many rules were asked.
async function look(options, known) {
  const passed = new Set(known), structure = readStructure(), before = window.structureSeen;
  window.structureSeen = structure;
  rememberContrasts(passed);
  askForStyleFirst();
  const rules = isAsBefore(structure, before) ? { runOnly: DEPEND_ON_THE_LOOK } : {};
  const { violations } = await axe.run({ ...options, ...rules });
  return { violations, passed: [...passed].slice(known.length), all: !rules.runOnly };
}
