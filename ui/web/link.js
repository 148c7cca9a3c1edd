// Links: the state of a tab in the query string, `?v=1&m=infogan&w=infogan-mnist&s=42&k=5&c1=0.50&c2=-1.20`.
//
// One strict parser for whatever comes in by an address or out of local storage: what is not in the form expected is
// as if it were not there, numbers are clamped, and what no tab knows is left alone.

const VERSION = "1";
const MOST_TEXT = 8192;
const MOST_LEVELS = 16;
const MOST_CODE = 1024;
const MOST_SEED = 2 ** 32 - 1;
const INT16 = 32767;

const seed = { read: (text) => whole(text, MOST_SEED), write: String };
const choice = { read: (text) => whole(text, 9999), write: String };
const real = (low, high) => ({ read: (text) => decimal(text, low, high), write: (value) => Number(value).toFixed(2) });
const many = ({ read, write }) => ({
  read: (text) => {
    const values = text.split("_", MOST_LEVELS + 1).map(read);
    return values.length > MOST_LEVELS || values.includes(undefined) ? undefined : values;
  },
  write: (values) => values.map(write).join("_"),
});
const name = { read: (text) => (/^[A-Za-z0-9][\w.-]{0,79}$/.test(text) ? text : undefined), write: String };

// The continuous codes of InfoGAN's tab, as many as it has sliders for.
export const CODES = ["c1", "c2", "c3", "c4", "c5", "c6"];

// What each tab's links hold; the last three show nothing that is drawn from seeds: w weights, t ms of the quiz, s seed,
// k class or category, c1, c2 and so on codes, z a seed for each level from the coarsest, g a gain likewise, c a whole
// code.
export const KEYS = {
  lapgan: { w: name, s: seed, k: choice, z: many(seed), g: many(real(0, 2)) },
  infogan: { w: name, s: seed, k: choice, ...Object.fromEntries(CODES.map((key) => [key, real(-2, 2)])) },
  bigan: { w: name, c: { read: decodeCode, write: encodeCode } },
  quiz: { w: name, t: choice },
  report: { w: name },
  train: {},
};
const OURS = new Set(["v", "m", ...Object.values(KEYS).flatMap(Object.keys)]);

/** Read a query string: the state {m, ...} it holds, null where it holds none. */
export function readLink(search) {
  if (typeof search !== "string" || search.length > MOST_TEXT) return null;
  const found = new URLSearchParams(search);
  const kind = found.get("m");
  if (found.get("v") !== VERSION || !Object.hasOwn(KEYS, kind)) return null;
  const state = { m: kind };
  for (const [key, { read }] of Object.entries(KEYS[kind])) {
    const value = found.has(key) ? read(found.get(key)) : undefined;
    if (value !== undefined) state[key] = value;
  }
  return state;
}

/** Write a state into a query string, beside what others keep there. */
export function writeLink(state, search = "") {
  const query = new URLSearchParams(search);
  for (const key of OURS) query.delete(key);
  query.set("v", VERSION);
  query.set("m", state.m);
  for (const [key, { write }] of Object.entries(KEYS[state.m])) {
    if (state[key] !== undefined) query.set(key, write(state[key]));
  }
  return `?${query}`;
}

/** Write numbers in [-1, 1] as base64url, two bytes each. */
export function encodeCode(values) {
  const bytes = new DataView(new ArrayBuffer(2 * values.length));
  values.forEach((value, i) => bytes.setInt16(2 * i, Math.round(clamp(value, -1, 1) * INT16), true));
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Read what encodeCode wrote, undefined where it cannot have. */
export function decodeCode(text) {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  if (bytes.length % 2 || bytes.length > 2 * MOST_CODE) return undefined;
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 2 }, (_, i) => clamp(view.getInt16(2 * i, true) / INT16, -1, 1));
}

function whole(text, most) {
  return /^\d{1,10}$/.test(text) ? Math.min(most, Number(text)) : undefined;
}

function decimal(text, low, high) {
  return /^-?\d{1,4}(\.\d{1,4})?$/.test(text) ? clamp(Number(text), low, high) : undefined;
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
