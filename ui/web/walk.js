// Walks: a loop through the pictures round the one on show, as the jobs that a tab's engine draws.

import { CODES } from "./link.js";

/** Which walks a tab offers, by what they move. */
export const WALKS = { infogan: [...CODES, "k", "s"], lapgan: ["s", "k", "g"] };
export const FRAMES = 48;
const ROUND_MS = 8000;
const CALM_STEPS = 12; // with reduced motion: single pictures, one a second

/**
 * Give the job at `t` in [0, 1) of a loop that begins and ends at `base`, a turn of infogan.js or a growth of lapgan.js.
 *
 * `to` is the seed to walk to, along the great circle between the two noises; `count` how many categories there are.
 */
export function frame(what, base, t, { to, count }) {
  if (CODES.includes(what)) {
    const codes = [...base.codes];
    const place = CODES.indexOf(what);
    codes[place] = 2 * swing(t, codes[place] / 2);
    return { ...base, codes };
  }
  if (what === "g") {
    // The coarsest level, the last, has no detail to turn.
    const gains = base.gains.map((gain, level) => (level === base.gains.length - 1 ? gain : 1 + swing(t, gain - 1)));
    return { ...base, gains };
  }
  if (what === "k") {
    const start = base.row ?? base.label;
    const place = start + t * count;
    const [now, next] = [Math.floor(place) % count, (Math.floor(place) + 1) % count];
    const share = place - Math.floor(place);
    const mixed = { now, next, share: share * share * (3 - 2 * share) };
    return "row" in base ? { ...base, row: now, mixed } : { ...base, label: now, mixed };
  }
  return { ...base, toward: to, share: (1 - Math.cos(2 * Math.PI * t)) / 2 };
}

/** Give all jobs of a loop. */
export function frames(what, base, options, count = FRAMES) {
  return Array.from({ length: count }, (_, i) => frame(what, base, i / count, options));
}

/** Give the one-hot code of a category, or of a place between two. */
export function hot(count, chosen, mixed) {
  if (!mixed) return Array.from({ length: count }, (_, value) => Number(value === chosen));
  return Array.from({ length: count }, (_, value) => {
    return (value === mixed.now) * (1 - mixed.share) + (value === mixed.next) * mixed.share;
  });
}

/** Go from one noise to another along the great circle through both, lengths blended; 0 gives `one`, 1 `other`. */
export function between(one, other, share) {
  const [long, far] = [length(one), length(other)];
  const cosine = one.reduce((sum, value, i) => sum + value * other[i], 0) / (long * far || 1);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (angle < 1e-6 || share === 0) return one;
  const [a, b] = [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
  const radius = long + share * (far - long);
  return one.map((value, i) => radius * ((a * value) / long + (b * other[i]) / far));
}

/** Play a loop: `show(t)` draws, `speed()` is how many times as fast as one round in 8 s; returns how to stop it. */
export function play(show, speed) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let playing = true;
  let t = 0;
  (async () => {
    let last = performance.now();
    while (playing) {
      await show(t);
      await new Promise((resolve) => (calm ? setTimeout(resolve, 1000) : requestAnimationFrame(resolve)));
      const now = performance.now();
      t = (t + (calm ? 1 / CALM_STEPS : (Math.min(now - last, 100) * speed()) / ROUND_MS)) % 1;
      last = now;
    }
  })();
  return () => {
    playing = false;
    return t;
  };
}

/** Round to a step of the sliders, which is what a link can say. */
export function onStep(value) {
  return Number((Math.round(value * 20) / 20).toFixed(2));
}

function swing(t, start) {
  return Math.sin(2 * Math.PI * t + Math.asin(Math.min(1, Math.max(-1, start))));
}

function length(values) {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
