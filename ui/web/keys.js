// What single keys do. They act on the open tab, and leave a key alone that the focused control uses itself.

const SEEDS = 2 ** 32;
const CODE_STEP = 0.1;
const CODE_RANGE = 2;
const MOST_GAIN = 2;
const ARROWS = new Set(["ArrowLeft", "ArrowRight"]);
// By place on the keyboard, for layouts whose letters are others (Hangul, Cyrillic).
const PLACES = {
  KeyR: "r",
  KeyS: "s",
  KeyG: "g",
  KeyL: "l",
  KeyD: "d",
  BracketLeft: "[",
  BracketRight: "]",
  Semicolon: ";",
  Quote: "'",
  Space: " ",
};
const TYPES_TEXT = "textarea, select, [contenteditable]:not([contenteditable=false]), [role=combobox], [role=textbox]";
const NO_TEXT = new Set(["range", "checkbox", "radio", "button", "submit", "file", "color"]);
const USES_ARROWS = "input[type=range], input[type=radio], [role=slider], [role=radio], .gs-mosaic, .gs-field";
const USES_SPACE = "button, summary, input, [role=button], [role=slider], .gs-field, .gs-mosaic";

/** Tell which of our keys an event is, "" where it is none of ours: with a modifier it is the browser's. */
export function keyOf({ key, code, ctrlKey, metaKey, altKey, shiftKey, isComposing }) {
  if (ctrlKey || metaKey || altKey || isComposing) return "";
  if (key === "?") return "?";
  if (shiftKey) return "";
  if (ARROWS.has(key)) return key;
  const plain = /^[ -~]$/.test(key) ? key.toLowerCase() : (PLACES[code] ?? "");
  return /^[rsgld[\];' 0-9]$/.test(plain) ? plain : "";
}

/** Tell whether the focused element needs a key for itself. */
export function taken(element, key) {
  if (!element?.matches) return false;
  if (element.matches(TYPES_TEXT) || (element.matches("input") && !NO_TEXT.has(element.type))) return true;
  if (ARROWS.has(key)) return element.matches(USES_ARROWS);
  return key === " " && element.matches(USES_SPACE);
}

/**
 * Give the state that a key leads to, null where it leads nowhere.
 *
 * @param state of ui/web/session.js; `count` categories or classes; `random` a seed to take.
 */
export function moved(state, key, { count, random }) {
  const { m, s, k } = state;
  const same = m === "lapgan" ? { z: state.z, g: state.g } : {};
  if (key === "r") return seeded(state, random);
  if (ARROWS.has(key)) return seeded(state, (s + (key === "ArrowLeft" ? SEEDS - 1 : 1)) % SEEDS);
  if (/^\d$/.test(key)) return Number(key) < count && Number(key) !== k ? { m, k: Number(key), ...same } : null;
  const place = "[]".includes(key) ? 0 : 1;
  const step = "];".includes(key) === (place === 0) ? CODE_STEP : -CODE_STEP;
  if (m === "infogan") {
    const name = place ? "c2" : "c1";
    return { m, [name]: within(state[name] + step, -CODE_RANGE, CODE_RANGE) };
  }
  // Detail of the finest level, or of the one before it; the coarsest, which is the first, has none.
  const level = state.g.length - 1 - place;
  if (level < 1) return null;
  return { m, z: state.z, g: state.g.map((gain, slot) => (slot === level ? within(gain + step, 0, MOST_GAIN) : gain)) };
}

function seeded({ m, g }, s) {
  return m === "lapgan" ? { m, s, g } : { m, s };
}

function within(value, low, high) {
  return Number(Math.min(high, Math.max(low, value)).toFixed(2));
}

/** Do what a key means in the open tab; tells whether it meant anything. `again`: it is held down. */
export function press(key, again) {
  if (again && !ARROWS.has(key) && !"[];'".includes(key)) return false;
  if (key === "d") return click(document, "#gs-header [data-tool=theme]");
  const [kind, row] = Object.entries(window.ganscope?.rows ?? {}).find(([, { root }]) => root.checkVisibility()) ?? [];
  if (!row) return false;
  const { root, session } = row;
  if (key === "l") return click(root, "[data-tool=link]");
  if (key === "s") return click(root, "[data-export=png]");
  if (key === "g") {
    if (root.querySelector("[data-tool=export]").getAttribute("aria-expanded") === "false") {
      click(root, "[data-tool=export]");
    }
    return click(root, "[data-export=gif]:not([hidden])");
  }
  if (key === " ") return play(kind, root);
  if (kind === "bigan") return example(key);
  const state = shown(session);
  const next = moved(state, key, { count: session.config().names.length, random: Math.floor(Math.random() * 100_000) });
  if (next) session.apply(next);
  return Boolean(next);
}

/** The state a key starts from: LAPGAN's controls wait unseen for levels that the weights on show lack. */
function shown(session) {
  const state = session.current();
  if (state.m !== "lapgan") return state;
  const levels = session.config().sizes.length;
  return { ...state, z: state.z.slice(0, levels), g: state.g.slice(0, levels) };
}

function play(kind, root) {
  const walk = root.querySelector("[data-tool=walk]");
  const walking = walk?.getAttribute("aria-expanded") === "true";
  if (kind === "lapgan" && !walking) {
    document.querySelector("#lapgan-stage .gs-root")?.stage.play();
    return true;
  }
  if (!walk) return false;
  if (!walking) walk.click();
  click(root, "[data-play]:not([hidden])");
  return true;
}

/** BiGAN has no seeds: keys choose among the pictures to try. */
function example(key) {
  const buttons = [...document.querySelectorAll("#bigan-examples button.gs-tile")];
  const now = buttons.findIndex((button) => button.getAttribute("aria-pressed") === "true");
  const count = buttons.length;
  let next = -1;
  if (key === "r") next = Math.floor(Math.random() * count);
  if (key === "r" && next === now) next = (now + 1) % count;
  if (ARROWS.has(key))
    next = (Math.max(now, key === "ArrowLeft" ? 0 : -1) + (key === "ArrowLeft" ? count - 1 : 1)) % count;
  if (/^\d$/.test(key)) next = Number(key);
  buttons[next]?.click();
  return Boolean(buttons[next]);
}

function click(root, selector) {
  const node = root.querySelector(selector);
  node?.click();
  return Boolean(node);
}
