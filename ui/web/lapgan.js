// LAPGAN in the visitor's browser: from the controls to the same tiles that ui/lapgan_sums.py makes.

import { sizeOf, toBytes } from "./engine.js";
import { makeLive } from "./live.js";
import { latent } from "./random.js";
import { fill } from "./text.js";
import { between, hot, onStep } from "./walk.js";

/** Join the tab's engine component; other components reach it as `ganscope.lapgan("show", controls)`. */
export function mountLapgan(element, page) {
  const live = makeLive("lapgan", element, page);
  const stage = () => document.querySelector("#lapgan-stage .gs-root")?.stage;
  let kept = null;

  function scenes() {
    if (kept?.model !== live.model) kept = makeScenes(live);
    return kept;
  }
  async function show(growth) {
    stage()?.draw(await live.timed(() => scenes().stage(growth)));
  }

  window.ganscope ??= {};
  // For walks and exports (ui/web/panels.js).
  (window.ganscope.painters ??= {}).lapgan = {
    ready: () => live.ready,
    job: (controls) => scenes().growth(controls),
    code: (controls) => scenes().noise(scenes().growth(controls)),
    state: ({ label, seeds, gains, toward, share }, { m, w, s }) => {
      const z = share > 0.5 ? seeds.map(() => toward) : [...seeds].reverse();
      return { m, w, s: share > 0.5 ? toward : s, k: label, z, g: gains.map(onStep).reverse() };
    },
    show: (growth) =>
      live.newest(async () => {
        const { patch } = await live.timed(() => scenes().stage(growth));
        stage()?.draw({ patch }); // not told to screen readers at every step
      }),
    paint: async (growths) => {
      const tiles = [];
      for (const growth of growths) tiles.push((await scenes().stage(growth)).patch.at(-1));
      return tiles;
    },
  };
  window.ganscope.lapgan = (what, controls) => {
    if (live.ready) live.newest(() => show(scenes().growth(controls)));
    else page.trigger("ask", { what, controls });
  };
  const early = window.ganscope.early?.lapgan;
  if (early) window.ganscope.lapgan(...early);
}

/** Make the tiles of a model: `run(net, inputs, count)` and its `config`, see ui/lapgan_view.local. */
export function makeScenes({ model, config }) {
  const { sizes, channels, texts } = config;
  const base = sizes.length - 1;
  const kept = []; // what each level last gave, and for what

  /** Read the controls as ui/lapgan_tab.py orders them: model, label, seed, a seed a slot, a gain a slot. */
  function growth([, label, seed, ...slots]) {
    const count = slots.length / 2;
    const order = sizes.map((_, level) => base - level);
    return {
      label: Number(label ?? 0),
      seeds: order.map((slot) => Number((slot < count ? slots[slot] : seed) ?? 0) >>> 0),
      gains: order.map((slot) => (slot > 0 && slot < count ? Number(slots[count + slot]) : 1)),
    };
  }

  /** Grow one picture: {image, enlarged, band} of each level, index 0 the finest, channels first. */
  async function grow({ gains, ...rest }) {
    const stages = [];
    for (let level = base; level >= 0; level -= 1) {
      // A level's net is run again only where what it sees has changed: turning its own gain needs no net at all.
      const key = JSON.stringify([{ ...rest, seeds: rest.seeds.slice(level) }, gains.slice(level + 1)]);
      if (kept[level]?.key !== key) kept[level] = { key, made: await draw(level, rest, stages[level + 1]) };
      stages[level] = sum(level, kept[level].made, gains[level]);
    }
    return stages;
  }
  async function draw(level, now, coarser) {
    const inputs = coarser ? { coarse: coarser.image } : {};
    noises(level, now).forEach((noise, i) => (inputs[`noise${i}`] = noise));
    if (config.classes) inputs.classes = Float32Array.from(hot(config.classes, now.label, now.mixed));
    return model.run(`level${level}`, inputs, 1);
  }
  function noises(level, { seeds, toward, share }) {
    return config.noise_shapes[level].map((shape, i) => {
      const from = (seed) => latent(seed, sizeOf(shape), 2 * level + i);
      return toward === undefined ? from(seeds[level]) : between(from(seeds[level]), from(toward), share);
    });
  }
  /** All noise of a picture, from the coarsest level to the finest. */
  function noise(now) {
    return sizes.flatMap((_, slot) => noises(base - slot, now).flatMap((values) => [...values]));
  }
  function sum(level, { image, enlarged, band }, gain) {
    if (image) return { image: image.map(clip) };
    const sign = config.residual_sign === "paper" ? gain : -gain;
    const whole = enlarged.map((value, i) => value + sign * band[i]);
    // Only what is shown is clipped: the next level reads what the sum gave.
    return { enlarged, band: band.map((value) => gain * value), image: level ? whole : whole.map(clip) };
  }

  async function stage(now) {
    const tiles = [];
    const stages = await grow(now);
    stages.forEach(({ image, enlarged, band }, level) => {
      const size = sizes[level];
      if (level) tiles.push(picture(`sum-${size}`, image, size));
      if (!band) return;
      tiles.push(picture(`enlarged-${size}`, enlarged, size));
      tiles.push({ id: `band-${size}`, kind: "signed", ...signed(band, size, config.limits[level]) });
    });
    const name = config.names[now.label] ?? texts.plain;
    const seen = [...new Set([...now.seeds].reverse())].join(", ");
    const alt = fill(texts.stage_alt, { name, seed: seen, sizes: [...sizes].reverse().join(", ") });
    tiles.push({ ...picture("picture", stages[0].image, sizes[0]), alt });
    return { label: alt, patch: tiles };
  }
  function picture(id, image, size) {
    return { id, kind: "image", pixels: toBytes(image, [channels, size, size]), shape: [size, size, channels] };
  }
  function signed(band, size, limit) {
    const area = size * size;
    const pixels = new Int8Array(area);
    for (let i = 0; i < area; i += 1) {
      let total = 0;
      for (let c = 0; c < channels; c += 1) total += band[c * area + i];
      pixels[i] = Math.round(clip(total / channels / limit) * 127);
    }
    return { pixels, shape: [size, size, 1] };
  }
  return { model, growth, grow, stage, noise };
}

function clip(value) {
  return Math.min(1, Math.max(-1, value));
}
