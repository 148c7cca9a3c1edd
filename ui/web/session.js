// What a tab shows, in the words of a link: noted as the controls change, and brought back to them.

import { CODES, readLink, writeLink } from "./link.js";

export const PICTURE = { lapgan: "picture", infogan: "picture", bigan: "again" };

// From the Gradio controls, in the order of each tab's Python module, to a link's state and back. `fit` fills in what a
// link leaves out and keeps within what the weights on show know.
export const TABS = {
  infogan: {
    state: ([w, s, k, ...codes]) => {
      const values = codes.map((value, i) => [CODES[i], Number(value)]);
      return { m: "infogan", w, s: whole(s), k: whole(k), ...Object.fromEntries(values) };
    },
    controls: ({ w, s, k, ...codes }) => [w, s, k, ...CODES.map((key) => codes[key])],
    fit: (state, { names }) => ({ ...state, k: Math.min(state.k, names.length - 1) }),
  },
  lapgan: {
    state: ([w, k, s, ...slots]) => {
      const count = slots.length / 2;
      const [z, g] = [slots.slice(0, count).map(whole), slots.slice(count).map(Number)];
      return { m: "lapgan", w, s: whole(s), k: whole(k), z, g };
    },
    controls: ({ w, s, k, z, g }) => [w, k, s, ...z, ...g],
    fit: (state, { names }, given, now) => ({
      ...state,
      k: Math.min(state.k, Math.max(0, names.length - 1)),
      z: now.z.map((_, slot) => given.z?.[slot] ?? state.s),
      g: now.g.map((_, slot) => (slot > 0 ? (given.g?.[slot] ?? 1) : 1)),
    }),
  },
  bigan: {
    state: ([w, c]) => ({ m: "bigan", w, c }),
    controls: ({ w, c }) => [w, c],
    fit: (state) => state,
  },
};

/** Leave out of a state what a link need not say: levels and codes the weights lack, seeds and gains as they are. */
export function shorten(state, config) {
  if (state.m === "infogan") {
    const lacking = CODES.slice(config.code_names.length);
    return Object.fromEntries(Object.entries(state).filter(([key]) => !lacking.includes(key)));
  }
  if (state.m !== "lapgan") return state;
  const levels = config.sizes.length;
  const [z, g] = [state.z.slice(0, levels), state.g.slice(0, levels)];
  const short = { ...state, z, g };
  if (z.every((one) => one === state.s)) delete short.z;
  if (g.every((one) => one === 1)) delete short.g;
  return short;
}

/**
 * Keep a tab's state: `current()`, `link()`, `apply(state)`; `changed` is called with a link once it has come to rest.
 *
 * @param told {kind, start, weights, config}: the controls at first, the weights there are, what the first ones know.
 */
export function makeSession({ kind, start, weights, config: first }, trigger, changed) {
  const tab = TABS[kind];
  const page = (window.ganscope ??= {});
  const config = () => page.told?.[kind]?.config ?? first;
  let controls = start;
  let pending = null;

  const current = () => tab.state(controls);
  const link = (search) => writeLink(shorten(current(), config()), search);
  function note(next) {
    const before = link();
    controls = next;
    if (link() !== before) changed();
  }
  /** Show what a link says; what it leaves out stays as it is. */
  function apply(given) {
    pending = given;
    const other = given.w && given.w !== controls[0] && weights.includes(given.w);
    if (!other && given.c && page.brings?.[kind]?.(given.c)) return;
    trigger(other ? "ask" : "bring", { code: given.c ?? null });
  }
  const call = (name, job) => ((page[name] ??= {})[kind] = job);
  call("noted", note);
  call("wanted", () => pending.w);
  call("again", () => trigger("bring", { code: pending.c ?? null }));
  call("brought", () => {
    const now = current();
    const fitted = tab.fit({ ...now, ...pending, w: now.w }, config(), pending, now);
    controls = tab.controls(fitted);
    changed();
    return controls.slice(1);
  });
  return { current, link, note, apply, controls: () => controls, config };
}

/** Read the link the page was opened with, for the tab it is about and only once. */
export function opened(kind) {
  const page = (window.ganscope ??= {});
  page.opened ??= { state: readLink(location.search) };
  const { state } = page.opened;
  if (state?.m !== kind) return null;
  page.opened.state = null;
  return state;
}

function whole(value) {
  return Number(value ?? 0) >>> 0;
}
