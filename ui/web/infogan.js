// InfoGAN in the visitor's browser: from the controls to the same tiles that ui/infogan_view.py makes.

import { toBytes, toSheet } from "./engine.js";
import { CODES } from "./link.js";
import { makeLive } from "./live.js";
import { latent } from "./random.js";
import { fill } from "./text.js";
import { between, hot, onStep } from "./walk.js";

/** Join the tab's engine component; other components reach it as `ganscope.infogan(what, controls)`. */
export function mountInfogan(element, page) {
  const live = makeLive("infogan", element, page);
  const at = (id) => document.querySelector(`#infogan-${id} .gs-root`)?.stage;

  async function show(what, controls, superseded) {
    const scenes = makeScenes(live);
    if (what === "follow" || what === "settle") {
      const turn = scenes.turn(controls.slice(what === "settle" ? 2 : 0));
      await live.timed(async () => {
        const { stage, reading } = await scenes.picture(turn);
        at("stage")?.draw(stage);
        at("reading")?.draw(reading);
        at("plane")?.draw(scenes.cross(turn));
      });
      if (superseded()) return;
      at("stage")?.draw(await scenes.strip(turn));
      if (what === "settle") at("sweep")?.draw(scenes.mark(turn, controls[1]));
    } else {
      const [code, ...rest] = controls;
      const turn = scenes.turn(rest);
      const { stage, reading } = await live.timed(() => scenes.picture(turn));
      at("stage")?.draw(stage);
      at("reading")?.draw(reading);
      at("stage")?.draw(await scenes.strip(turn));
      at("plane")?.draw(await scenes.map(turn));
      at("sweep")?.draw(await scenes.sweep(turn, code));
    }
  }

  window.ganscope ??= {};
  // For walks and exports (ui/web/panels.js).
  (window.ganscope.painters ??= {}).infogan = {
    ready: () => live.ready,
    job: (controls) => makeScenes(live).turn(controls),
    code: (controls) => makeScenes(live).codes(makeScenes(live).turn(controls)),
    state: ({ seed, row, codes, toward, share }, { m, w }) => {
      const now = codes.map((value, i) => [CODES[i], onStep(value)]);
      return { m, w, s: share > 0.5 ? toward : seed, k: row, ...Object.fromEntries(now) };
    },
    show: (turn) =>
      live.newest(async () => {
        const scenes = makeScenes(live);
        const { stage, reading } = await live.timed(() => scenes.picture(turn));
        at("stage")?.draw({ patch: stage.patch }); // not told to screen readers at every step
        at("reading")?.draw({ patch: reading.patch });
        at("plane")?.draw(scenes.cross(turn));
      }),
    paint: (turns) => makeScenes(live).tiles(turns),
  };
  window.ganscope.infogan = (what, controls) => {
    const renews = what === "settle" && !controls[0]; // a new seed comes from the server, which sets its box
    if (live.ready && !renews) live.newest((superseded) => show(what, controls, superseded));
    else page.trigger("ask", { what, controls });
  };
  const early = window.ganscope.early?.infogan;
  if (early) window.ganscope.infogan(...early);
}

/** Make the tiles of a model: `run(net, inputs, count)` and its `config`, see ui/infogan_view.local. */
export function makeScenes({ model, config }) {
  const { texts, names, called, order, shape } = config;
  const [first, second] = config.code_names;

  function turn([, seed, row, ...given]) {
    const codes = given.map(Number).slice(0, config.continuous);
    return { seed: Number(seed) >>> 0, row: Number(row), codes };
  }
  /** The generator's input for one picture: noise, one-hot categories, continuous codes. */
  function codes({ seed, row, codes: turned, toward, share, mixed }) {
    const place = mixed && { ...mixed, now: order[mixed.now], next: order[mixed.next] };
    const categories = config.categorical.flatMap((values, i) => hot(values, i ? 0 : order[row], i ? null : place));
    const rest = new Array(config.continuous - turned.length).fill(0);
    const noise = latent(seed, config.noise);
    const moved = toward === undefined ? noise : between(noise, latent(toward, config.noise), share);
    return [...moved, ...categories, ...turned, ...rest];
  }
  async function draw(turns) {
    const inputs = { codes: Float32Array.from(turns.flatMap(codes)) };
    return (await model.run("generator", inputs, turns.length)).images;
  }
  async function picture(now) {
    const images = await draw([now]);
    const read = (await model.run("q", { images }, 1)).codes;
    const codes = config.code_names.map((name, i) => `${name} ${now.codes[i].toFixed(2)}`).join(", ");
    const alt = fill(texts.stage_alt, { label: called[now.row], codes, seed: now.seed });
    const tile = { id: "picture", kind: "image", ...bytes(images), alt };
    return { stage: { label: alt, patch: [tile] }, reading: reading(now, read) };
  }
  function reading(now, read) {
    const shares = softmax(read.slice(0, config.categorical[0]));
    const inOrder = order.map((value) => shares[value]);
    const best = inOrder.indexOf(Math.max(...inOrder));
    const label = fill(texts.reading_alt, { label: names[best], share: inOrder[best] });
    const bars = { id: "categories", kind: "bars", values: inOrder, mark: now.row, alt: label, caption: label };
    const start = config.categorical.reduce((sum, values) => sum + values, 0);
    const gauges = config.code_names.map((name, i) => {
      const value = read[start + i];
      const alt = fill(texts.gauge_alt, { name, value, true: now.codes[i] });
      return { id: `code-${i}`, kind: "gauge", name, value, true: now.codes[i], alt };
    });
    return { label, patch: [bars, ...gauges] };
  }
  async function strip(now) {
    const images = await draw(names.map((_, row) => ({ ...now, row })));
    const tiles = names.map((_, row) => ({
      id: `category-${row}`,
      kind: "image",
      ...bytes(images, row),
      selected: row === now.row,
    }));
    return { patch: tiles };
  }
  function cross(now) {
    const [x, y] = now.codes;
    return { patch: [{ id: "plane", kind: "plane", x, y, alt: fill(texts.plane_alt, { first, second, x, y }) }] };
  }
  async function map(now) {
    const steps = spaced(config.plane_steps);
    const rest = now.codes.slice(2);
    const turns = [...steps].reverse().flatMap((y) => steps.map((x) => ({ ...now, codes: [x, y, ...rest] })));
    const [tile] = cross(now).patch;
    return { patch: [{ ...tile, ...toSheet(await draw(turns), shape, turns.length, steps.length) }] };
  }
  function cell(now, code) {
    const away = spaced(config.sweep_steps).map((value) => Math.abs(value - now.codes[code]));
    return [now.row, away.indexOf(Math.min(...away))];
  }
  function mark(now, code) {
    return { patch: [{ id: "sweep", kind: "mosaic", cell: cell(now, code) }] };
  }
  async function sweep(now, code) {
    const values = spaced(config.sweep_steps);
    const at = (value) => now.codes.with(code, value);
    const turns = names.flatMap((_, row) => values.map((value) => ({ ...now, row, codes: at(value) })));
    const sheet = toSheet(await draw(turns), shape, turns.length, values.length);
    const [tile] = mark(now, code).patch;
    return { patch: [{ ...tile, ...sheet, cells: [names.length, values.length] }] };
  }
  async function tiles(turns) {
    const images = await draw(turns);
    return turns.map((_, row) => ({ kind: "image", ...bytes(images, row) }));
  }
  function bytes(images, row = 0) {
    const [channels, height, width] = shape;
    return { pixels: toBytes(images, shape, row), shape: [height, width, channels] };
  }
  return { turn, codes, tiles, picture, strip, cross, map, mark, sweep, draw };

  function spaced(steps) {
    return Array.from({ length: steps }, (_, i) => -config.range + (2 * config.range * i) / (steps - 1));
  }
}

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
