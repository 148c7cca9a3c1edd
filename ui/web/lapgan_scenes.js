// LAPGAN's pictures in the visitor's browser: from the controls to the same tiles that ui/lapgan_view.py makes.

import { toBytes, toSheet } from "./engine.js";
import { sizeOf } from "./nets.js";
import { toValues } from "./prepare.js";
import { down, takeApart } from "./pyramid.js";
import { latent } from "./random.js";
import { fill } from "./text.js";
import { between, hot } from "./walk.js";

/** Make the tiles of a model: `run(net, inputs, count)` and its `config`, see ui/lapgan_view.local. */
export function makeScenes({ model, config }) {
  const { sizes, channels, texts } = config;
  const base = sizes.length - 1;
  const listed = [...sizes].reverse().join(", ");
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
    const stages = await grow(now);
    const name = config.names[now.label] ?? texts.plain;
    const seen = [...new Set([...now.seeds].reverse())].join(", ");
    const alt = fill(texts.stage_alt, { name, seed: seen, sizes: listed });
    const caption = fill(texts.whole, { size: sizes[0], name });
    return { label: alt, patch: pyramid(stages, { alt, caption }) };
  }
  /** Give the tiles of a pyramid, the whole picture last. */
  function pyramid(stages, look = {}) {
    const tiles = [];
    stages.forEach(({ image, enlarged, band }, level) => {
      const size = sizes[level];
      if (level) tiles.push(picture(`sum-${size}`, image, size));
      if (!band) return;
      tiles.push(picture(`enlarged-${size}`, enlarged, size));
      tiles.push({ id: `band-${size}`, kind: "signed", ...signed(band, size, config.limits[level]) });
    });
    return [...tiles, { ...picture("picture", stages[0].image, sizes[0]), ...look }];
  }

  /** Grow many pictures at once, with the gains of the first, or dream the detail of `coarse`, an image of `start`. */
  async function growAll(many, coarse, start = sizes.length) {
    let image = coarse && Float32Array.from(many.flatMap(() => [...coarse]));
    for (let level = Math.min(base, start - 1); level >= 0; level -= 1) {
      const inputs = image ? { coarse: image } : {};
      config.noise_shapes[level].forEach((_, i) => {
        inputs[`noise${i}`] = Float32Array.from(many.flatMap((now) => [...noises(level, now)[i]]));
      });
      if (config.classes) inputs.classes = Float32Array.from(many.flatMap(({ label }) => hot(config.classes, label)));
      image = sum(level, await model.run(`level${level}`, inputs, many.length), many[0].gains[level]).image;
    }
    return image;
  }
  /** Show what the same seeds give in every class, and a page of other seeds. */
  async function sheets(now) {
    const shape = [channels, sizes[0], sizes[0]];
    const made = {};
    if (config.shows_classes) {
      const images = await growAll(config.names.map((_, label) => ({ ...now, label })));
      const tile = (label) => ({ id: `class-${label}`, kind: "image", selected: label === now.label });
      const patch = config.names.map((_, label) => ({ ...tile(label), ...bytes(images, label) }));
      made.classes = { patch };
    }
    const seeds = page(now.seeds[0]);
    const images = await growAll(seeds.map((seed) => ({ ...now, seeds: now.seeds.map(() => seed) })));
    const place = seeds.indexOf(now.seeds[0]);
    const columns = config.others_columns;
    // A picture whose levels were rolled apart is none of these.
    const cell = new Set(now.seeds).size === 1 ? [Math.floor(place / columns), place % columns] : null;
    const sheet = toSheet(images, shape, seeds.length, columns);
    made.others = { patch: [{ id: "others", kind: "mosaic", cell, ...sheet }] };
    return made;
  }
  function page(seed) {
    const first = Math.min(seed - (seed % config.others), 2 ** 32 - config.others);
    return Array.from({ length: config.others }, (_, i) => first + i);
  }

  /** Show a visitor's picture (bytes) beside what a level keeps of it, and dreams of all finer detail. */
  async function own(pixels, level, label, seed) {
    const size = sizes[level];
    const image = toValues({ pixels, width: sizes[0], height: sizes[0], channels });
    const coarse = down(image, channels, sizes[0], size);
    const many = Array.from({ length: config.dreams }, (_, i) => {
      return { label, seeds: sizes.map(() => (seed + i) % 2 ** 32), gains: sizes.map(() => 1) };
    });
    const images = await growAll(many, coarse, level);
    const kept = fill(texts.kept, { size });
    const kinds = takeApart(image, channels, sizes, config.residual_sign);
    const tiles = [
      { id: "original", kind: "image", pixels, shape: [sizes[0], sizes[0], channels] },
      { ...picture("kept", kinds[level].image, size), caption: kept, alt: kept },
      ...many.map((_, i) => ({ id: `dream-${i}`, kind: "image", ...bytes(images, i) })),
    ];
    const name = config.names[label] ?? texts.plain;
    return { label: fill(texts.own_alt, { size, count: many.length, name }), patch: tiles };
  }
  /** Show the true pyramid of a picture (bytes). */
  function taken(pixels) {
    const image = toValues({ pixels, width: sizes[0], height: sizes[0], channels });
    const stages = takeApart(image, channels, sizes, config.residual_sign);
    return { label: fill(texts.true_alt, { sizes: listed }), patch: pyramid(stages) };
  }
  function bytes(images, row) {
    return { pixels: toBytes(images, [channels, sizes[0], sizes[0]], row), shape: [sizes[0], sizes[0], channels] };
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
  return { model, growth, grow, growAll, stage, sheets, page, own, taken, noise };
}

function clip(value) {
  return Math.min(1, Math.max(-1, value));
}
