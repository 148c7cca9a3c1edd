// InfoGAN in the visitor's browser: from the controls to the same tiles that ui/infogan_view.py makes.

import { toBytes, toSheet } from "./engine.js";
import { CODES } from "./link.js";
import { afterLate, makeLive } from "./live.js";
import { takeOwn } from "./own.js";
import { prepare, toValues } from "./prepare.js";
import { latent } from "./random.js";
import { fill } from "./text.js";
import { between, hot, onStep } from "./walk.js";

const SEEDS = 100_000; // new noise is one of so many, as on the server

/** Join the tab's engine component; other components reach it as `ganscope.infogan(what, controls)`. */
export function mountInfogan(element, page) {
  const live = makeLive("infogan", element, page);
  const shared = (window.ganscope ??= {});
  const at = (id) => document.querySelector(`#infogan-${id} .gs-root`)?.stage;
  let moved = null; // what the controls are to show

  const options = () => shared.options?.infogan ?? [true, 0]; // keep the noise, which code the sweep is of
  const session = () => shared.rows.infogan.session;
  const now = () => makeScenes(live).turn(session().controls());
  const rolled = (turn) => ({ ...turn, seed: Math.floor(Math.random() * SEEDS) });
  const kept = (turn) => (options()[0] ? turn : rolled(turn));
  /** Let the controls follow to where something else than a hand on them has turned the codes. */
  function move(turn) {
    moved = [turn.seed, turn.row, ...CODES.map((_, i) => turn.codes[i] ?? 0)];
    session().note([session().controls()[0], ...moved]); // what comes next may not wait for them
    page.trigger("bring", {});
  }
  (shared.turned ??= {}).infogan = () => moved;

  /** Draw the picture at once; what shows more of it follows where nothing newer is asked. */
  async function follow(turn, superseded, settled = () => []) {
    const scenes = makeScenes(live);
    await live.timed(async () => {
      const { stage, reading } = await scenes.picture(turn);
      if (superseded.gone()) return;
      at("stage")?.draw(stage);
      at("reading")?.draw(reading);
      at("plane")?.draw(scenes.cross(turn));
    });
    const rest = [["stage", () => scenes.strip(turn)], ...settled(scenes)];
    if (!(await superseded.rests())) return;
    for (const [id, work] of rest) {
      if (superseded()) return;
      const scene = await work();
      if (!superseded.gone()) at(id)?.draw(scene);
    }
  }
  const show = (turn, superseded, code = options()[1]) =>
    follow(turn, superseded, (scenes) => [
      ["plane", () => scenes.map(turn)],
      ["sweep", () => scenes.sweep(turn, code)],
    ]);
  function jump(turn) {
    move(turn);
    live.newest((superseded) => show(turn, superseded));
  }

  afterLate("infogan", live, () => live.newest((superseded) => show(now(), superseded)));

  // For walks and exports (ui/web/panels.js).
  (shared.painters ??= {}).infogan = {
    ready: () => live.ready,
    job: (controls) => makeScenes(live).turn(controls),
    code: (controls) => makeScenes(live).codes(makeScenes(live).turn(controls)),
    state: ({ seed, row, codes, toward, share }, { m, w }) => {
      const turned = codes.map((value, i) => [CODES[i], onStep(value)]);
      return { m, w, s: share > 0.5 ? toward : seed, k: row, ...Object.fromEntries(turned) };
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
  const local = {
    follow: (...controls) => live.newest((superseded) => follow(makeScenes(live).turn(controls), superseded)),
    settle: (keep, code, ...controls) => {
      const turn = makeScenes(live).turn(controls);
      if (!keep) return jump(rolled(turn));
      return live.newest((superseded) => show(turn, superseded, code)); // map and sweep are of the other codes, too
    },
    show: (code, ...controls) => live.newest((superseded) => show(makeScenes(live).turn(controls), superseded, code)),
    roll: (_, ...controls) => jump(rolled(makeScenes(live).turn(controls))),
  };
  shared.infogan = (what, controls) => {
    if (live.ready) local[what](...controls);
    else page.trigger("ask", { what, controls });
  };
  const early = shared.early?.infogan;
  if (early) shared.infogan(...early);

  const placed = ({ x, y }) => ({ ...now(), codes: [x, y, ...now().codes.slice(2)] });
  const events = {
    stage: { pick: ({ id }) => jump(kept({ ...now(), row: Number(id.replace("category-", "")) })) },
    sweep: {
      pick: ({ row, column }) => {
        const value = Number(makeScenes(live).sweepValues()[column].toFixed(2));
        const turn = now();
        jump(kept({ ...turn, row, codes: turn.codes.with(options()[1], value) }));
      },
    },
    plane: {
      drag: (place) => {
        const turn = placed(place);
        live.newest(async (superseded) => {
          move(turn);
          await follow(turn, superseded);
        });
      },
      release: (place) => jump(kept(placed(place))),
    },
  };
  for (const [id, answers] of Object.entries(events)) {
    (shared.stages ??= {})[`infogan-${id}`] = (name, data) => {
      if (!live.ready || !answers[name]) return false;
      answers[name]({ ...data });
      return true;
    };
  }

  takeOwn("infogan", live, async (picture, superseded) => {
    const scenes = makeScenes(live);
    const before = now();
    const seen = prepare(picture, live.config);
    const { turn, shares } = await scenes.read(seen, before);
    at("own")?.draw(await scenes.own(seen, turn, shares));
    move(turn);
    const same = turn.row === before.row && String(turn.codes.slice(2)) === String(before.codes.slice(2));
    await follow(turn, superseded, () => (same ? [] : [["plane", () => scenes.map(turn)]]));
  });
}

/** Make the tiles of a model: `run(net, inputs, count)` and its `config`, see ui/infogan_view.local. */
export function makeScenes({ model, config }) {
  const { texts, names, called, order, shape } = config;
  const [first, second] = config.code_names;
  const start = config.categorical.reduce((sum, values) => sum + values, 0); // of the means in Q's output

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
    const { images, codes: read } = await model.run("generator", { codes: Float32Array.from(codes(now)) }, 1, "q");
    const turned = config.code_names.map((name, i) => `${name} ${now.codes[i].toFixed(2)}`).join(", ");
    const alt = fill(texts.stage_alt, { label: called[now.row], codes: turned, seed: now.seed });
    const tile = { id: "picture", kind: "image", ...bytes(images), alt };
    return { stage: { label: alt, patch: [tile] }, reading: reading(now, read) };
  }
  /** Let Q read a visitor's picture: the turn that draws it again, and each category's share. */
  async function read(seen, { seed }) {
    const { codes: output } = await model.run("q", { images: toValues(seen) }, 1);
    const shares = sharesOf(output);
    const inside = (value) => Number(Math.min(config.range, Math.max(-config.range, value)).toFixed(2));
    const means = [...output.slice(start, start + config.continuous)].map(inside);
    return { turn: { seed, row: shares.indexOf(Math.max(...shares)), codes: means }, shares };
  }
  /** Show a visitor's picture beside what the generator draws from Q's reading of it. */
  async function own({ pixels, width, height, channels }, turn, shares) {
    const { bars, label } = categories(shares, turn.row);
    const seen = { id: "seen", kind: "image", pixels, shape: [height, width, channels] };
    return { label, patch: [seen, { id: "again", kind: "image", ...bytes(await draw([turn])) }, bars] };
  }
  function sharesOf(output) {
    const shares = softmax(output.slice(0, config.categorical[0]));
    return order.map((value) => shares[value]);
  }
  function categories(shares, mark) {
    const best = shares.indexOf(Math.max(...shares));
    const label = fill(texts.reading_alt, { label: names[best], share: shares[best] });
    return { bars: { id: "categories", kind: "bars", values: shares, mark, alt: label, caption: label }, label };
  }
  function reading(now, read) {
    const { bars, label } = categories(sharesOf(read), now.row);
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
  const sweepValues = () => spaced(config.sweep_steps);
  return { turn, codes, tiles, picture, strip, cross, map, mark, sweep, sweepValues, draw, read, own };

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
