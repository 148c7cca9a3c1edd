// BiGAN's pictures in the visitor's browser: the same tiles that ui/bigan_view.py and ui/bigan_mix.py make.
//
// A picture is bytes, channels last. A look is {seen, steps, code, turned, linked}: what E sees, what was done to it, its
// code E(x), the code on show, and whether that came by a link.

import { toBytes, toSheet } from "./engine.js";
import { toValues } from "./prepare.js";
import { fill } from "./text.js";

const SAME = 1e-4; // the bars know four decimals
const SLOTS = ["A", "B", "C"];
const STRIP_STEPS = 9;

/** Make the tiles of a model: `run(net, inputs, count)` and its `config`, see ui/bigan_mix.local. */
export function makeScenes({ model, config }) {
  const { shape, limit, texts, quantiles, latent } = config;
  const [channels, height, width] = shape;
  const area = height * width;
  const size = channels * area;

  async function encode(pictures) {
    const images = new Float32Array(pictures.length * size);
    pictures.forEach((pixels, n) => images.set(toValues({ pixels, width, height, channels }), n * size));
    const { z } = await model.run("encoder", { images }, pictures.length);
    return pictures.map((_, n) => z.slice(n * latent, (n + 1) * latent));
  }
  async function decode(codes) {
    const z = new Float32Array(codes.length * latent);
    codes.forEach((code, n) => z.set(code, n * latent));
    return (await model.run("generator", { z }, codes.length)).images;
  }
  function image(id, pixels, look = {}) {
    return { id, kind: "image", pixels, shape: [height, width, channels], ...look };
  }

  /** Look at a picture: its code. */
  async function look(seen, steps = []) {
    const [code] = await encode([seen]);
    return { seen, steps, code, turned: code, linked: false };
  }
  /** Look at what a code draws, which is all that a link holds. */
  async function linked(code) {
    const seen = toBytes(await decode([code]), shape);
    return { ...(await look(seen)), turned: Float32Array.from(code), linked: true };
  }
  /** Turn the code on show; what was not touched stays exactly E(x). */
  function turn(shown, values) {
    const turned = shown.code.map((own, i) => (Math.abs(values[i] - own) < SAME ? own : values[i]));
    return { ...shown, turned };
  }
  const changed = ({ code, turned }) => turned.reduce((count, value, i) => count + (value !== code[i]), 0);

  /** Show a look; without `values` the bars keep their heights, which a hand on them knows best. */
  async function stage(shown, { seen = true, values = true } = {}) {
    const moved = changed(shown);
    const images = await decode(moved ? [shown.turned, shown.code] : [shown.code]);
    const picture = toValues({ pixels: shown.seen, width, height, channels });
    const now = distance(picture, images, 0);
    const verdict = judge(now, moved ? distance(picture, images, size) : now, moved);
    const ticks = [...shown.code].map((own, i) => (own === shown.turned[i] ? null : own));
    const bars = { id: "code", kind: "bars", ticks, ...(values && { values: [...shown.turned] }) };
    const again = image("again", toBytes(images, shape), { caption: moved ? texts.again_turned : texts.again_note });
    const tiles = [...(seen ? [described(shown)] : []), bars, again, difference(picture, images), ...verdict];
    const [{ lead, text }] = verdict;
    return { label: fill(texts.stage_alt, { verdict: `${lead} ${text}` }), patch: tiles };
  }
  function described({ seen, steps, linked }) {
    const plain = linked ? texts.seen_linked : texts.seen_plain;
    const note = steps.length ? fill(texts.seen_steps, { steps: steps.join(", ") }) : plain;
    return image("seen", seen, { caption: note, alt: `${texts.seen}: ${note}` });
  }
  function difference(picture, images) {
    const pixels = new Int8Array(area);
    for (let i = 0; i < area; i += 1) {
      let total = 0;
      for (let c = 0; c < channels; c += 1) total += picture[c * area + i] - images[c * area + i];
      pixels[i] = Math.round(Math.min(1, Math.max(-1, total / channels / limit)) * 127);
    }
    return { id: "difference", kind: "signed", pixels, shape: [height, width, 1] };
  }
  function distance(picture, images, start) {
    let sum = 0;
    for (let i = 0; i < size; i += 1) sum += (picture[i] - images[start + i]) ** 2;
    return Math.sqrt(sum);
  }
  function judge(now, own, moved) {
    const note = { id: "verdict", kind: "note", lead: "", tone: "plain" };
    if (moved) {
      const values = { count: moved, all: latent, distance: now, own };
      Object.assign(note, { lead: texts.turned, text: fill(texts.turned_note, values) });
    } else if (!quantiles) note.text = fill(texts.measured, { distance: now }) + texts.plain;
    else {
      const { key, tone, words } = reading(quantiles, now, config);
      Object.assign(note, { lead: texts[key], tone, text: fill(texts.measured, { distance: now }) + words });
    }
    if (!quantiles) return [note];
    const alt = fill(texts.distance_alt, { distance: now, typical: quantiles[config.typical] });
    return [note, { id: "distance", kind: "gauge", value: now, true: moved ? own : null, alt }];
  }

  /** Fill the three slots: {seen, codes, chosen}. */
  async function mix(seen, chosen = 0) {
    return { seen, codes: await encode(seen), chosen };
  }
  /** Put a picture into the chosen slot, and choose the next one. */
  async function put({ seen, codes, chosen }, picture) {
    const [code] = await encode([picture]);
    return { seen: seen.with(chosen, picture), codes: codes.with(chosen, code), chosen: (chosen + 1) % SLOTS.length };
  }
  function marks({ chosen }) {
    const tiles = SLOTS.map((_, index) => ({ id: `slot-${index}`, kind: "image", selected: index === chosen }));
    return { label: fill(texts.slot_alt, { name: SLOTS[chosen] }), patch: tiles };
  }
  async function slots(mixed) {
    const [a, b, c] = mixed.codes;
    const sum = a.map((value, i) => value - b[i] + c[i]);
    const cut = sum.reduce((count, value) => count + (Math.abs(value) > 1), 0);
    const images = await decode([sum.map((value) => Math.min(1, Math.max(-1, value)))]);
    const said = fill(cut ? texts.outside : texts.inside, { cut, count: latent });
    const tiles = marks(mixed).patch.map((tile, index) => ({ ...tile, ...image(tile.id, mixed.seen[index]) }));
    const result = [image("sum", toBytes(images, shape)), { id: "said", kind: "note", text: said }];
    return { label: `${texts.sum_alt}. ${said}`, patch: [...tiles, ...result] };
  }
  function between([one, other], t) {
    return one.map((value, i) => value + t * (other[i] - value));
  }
  const cell = (t) => [0, Math.round(t * (STRIP_STEPS - 1))];
  /** Show the picture a part t of the way from A to B; `whole`: A, B and the steps between them, too. */
  async function walk(mixed, t, whole = true) {
    const steps = whole ? Array.from({ length: STRIP_STEPS }, (_, i) => i / (STRIP_STEPS - 1)) : [];
    const images = await decode([...steps, t].map((step) => between(mixed.codes, step)));
    const alt = fill(texts.walk_alt, { t });
    const strip = { id: "strip", kind: "mosaic", cell: cell(t) };
    if (whole) Object.assign(strip, toSheet(images, shape, STRIP_STEPS, STRIP_STEPS));
    const ends = whole ? ["A", "B"].map((name, index) => image(name, mixed.seen[index])) : [];
    return { label: alt, patch: [image("walk", toBytes(images, shape, steps.length), { alt }), strip, ...ends] };
  }
  const stepOf = (column) => column / (STRIP_STEPS - 1);
  return { look, linked, turn, changed, stage, mix, put, marks, slots, walk, stepOf };
}

/** Say how far a picture is from the training data, by the quantiles of the test set's distances. */
export function reading(quantiles, measured, { typical, unusual, texts }) {
  const share = percentile(quantiles, measured);
  const [key, tone] =
    share <= typical ? ["typical", "good"] : share <= unusual ? ["unusual", "fair"] : ["foreign", "poor"];
  if (measured <= quantiles[0]) return { key, tone, words: texts.nearest };
  if (measured >= quantiles.at(-1)) return { key, tone, words: texts.farthest };
  return { key, tone, words: fill(texts.share, { share: Math.trunc(share) }) };
}

function percentile(quantiles, measured) {
  const next = quantiles.findIndex((value) => value > measured);
  if (next === 0) return 0;
  if (next < 0) return quantiles.length - 1;
  return next - 1 + (measured - quantiles[next - 1]) / (quantiles[next] - quantiles[next - 1]);
}
