import assert from "node:assert/strict";
import { test } from "node:test";

import { makeScenes as makeLooks, reading } from "../../../ui/web/bigan_scenes.js";
import { toBytes, toSheet } from "../../../ui/web/engine.js";
import { makeScenes as makeDigits } from "../../../ui/web/infogan.js";
import { makeScenes as makePyramid } from "../../../ui/web/lapgan_scenes.js";
import { sizeOf, worst } from "../../../ui/web/nets.js";
import { fill } from "../../../ui/web/text.js";

test("places of a text are filled as Python fills them", () => {
  assert.equal(
    fill("Digit {label}, {x:.2f}, {share:.0%} sure", { label: 5, x: -1.005, share: 0.987 }),
    "Digit 5, -1.00, 99% sure",
  );
  assert.equal(fill("{absent} and {x}", { x: "{y}", y: 1 }), "{absent} and {y}");
});

test("pictures become bytes as torch rounds them: halves to even, clipped", () => {
  const values = [-1, 1, 0, -2, 3, 1 / 127.5 - 1];
  assert.deepEqual([...toBytes(values, [1, 2, 3])], [0, 255, 128, 0, 255, 1]);
  const planes = [-1, -1, 0, 0, 1, 1]; // three planes of two pixels
  assert.deepEqual([...toBytes(planes, [3, 1, 2])], [0, 128, 255, 0, 128, 255]);
});

test("a sheet keeps each picture in its own cell", () => {
  const grey = (value) => new Array(4).fill((value / 255) * 2 - 1);
  const { pixels, shape } = toSheet([...grey(10), ...grey(20), ...grey(30), ...grey(40)], [1, 2, 2], 4, 2);
  assert.deepEqual(shape, [4, 4, 1]);
  assert.deepEqual([...pixels], [10, 10, 20, 20, 10, 10, 20, 20, 30, 30, 40, 40, 30, 30, 40, 40]);
});

test("golden values are compared at the places they were taken from", () => {
  assert.equal(worst([0, 1, 2, 3, 4, 5], [0, 2, 4]), 0);
  assert.equal(worst([0, 1, 2.5, 3, 4, 5], [0, 2, 4]), 0.5);
  assert.equal(sizeOf([3, 4, 5]), 60);
});

const DIGITS = {
  noise: 3,
  categorical: [2, 3],
  continuous: 3,
  shape: [1, 1, 1],
  order: [1, 0],
  names: ["0", "1"],
  called: ["Digit 0", "Digit 1"],
  code_names: ["slant", "width", "code 3"],
  range: 2,
  plane_steps: 3,
  sweep_steps: 4,
  texts: { stage_alt: "{label}: {codes}, {seed}", reading_alt: "{label}", gauge_alt: "{name}", plane_alt: "{x:.1f}" },
};

test("InfoGAN's codes are laid out as in Python, and only what is asked is drawn", async () => {
  const asked = [];
  const model = {
    run: async (net, inputs, count, then) => {
      asked.push([net, count, inputs]);
      const read = then === "q" ? { codes: new Float32Array([0, 9, 0, 0, 0, 0.5, -0.5, 0]) } : {};
      return { images: new Float32Array(count), ...read };
    },
  };
  const scenes = makeDigits({ model, config: DIGITS });
  const turn = scenes.turn(["m", 4, 0, 0.5, -1, 0.25, 2]); // one slider more than there are codes
  const { stage, reading } = await scenes.picture(turn);
  const codes = [...asked[0][2].codes];
  assert.equal(codes.length, 3 + 5 + 3);
  assert.deepEqual(codes.slice(3), [0, 1, 1, 0, 0, 0.5, -1, 0.25]); // row 0 is category 1
  assert.equal(stage.label, "Digit 0: slant 0.50, width -1.00, code 3 0.25, 4");
  assert.equal(reading.patch[0].values[0].toFixed(3), "1.000"); // category 1 is shown in row 0
  assert.equal(reading.patch[1].value, 0.5);
  await scenes.sweep(turn, 0);
  assert.equal(asked.at(-1)[1], 2 * 4);
  await scenes.map(turn);
  assert.equal(asked.at(-1)[1], 9);
});

test("turning a level's gain runs no net; a coarser gain runs the finer ones", async () => {
  const asked = [];
  const sizes = [4, 2, 1];
  const model = {
    run: async (net) => {
      asked.push(net);
      const area = sizes[Number(net.slice(5))] ** 2;
      if (net === "level2") return { image: new Float32Array(area).fill(3) };
      return { enlarged: new Float32Array(area).fill(0.25), band: new Float32Array(area).fill(0.5) };
    },
  };
  const config = {
    sizes,
    channels: 1,
    classes: 2,
    names: ["a", "b"],
    noise_shapes: [[[1]], [[1]], [[1]]],
    residual_sign: "paper",
    limits: [1, 1],
    texts: { stage_alt: "{name} {seed} {sizes}", whole: "{name} at {size}", plain: "it" },
  };
  const scenes = makePyramid({ model, config });
  const controls = (gains, seeds = [5, 5, 5]) => ["m", 1, 5, ...seeds, ...gains];
  const scene = await scenes.stage(scenes.growth(controls([1, 1, 1])));
  assert.deepEqual(asked, ["level2", "level1", "level0"]);
  assert.equal(scene.label, "b 5 1, 2, 4");
  assert.equal(scene.patch.at(-1).id, "picture");
  assert.equal(scene.patch.at(-1).caption, "b at 4");
  assert.equal(scene.patch.at(-1).pixels[0], Math.round(1.75 * 127.5));
  asked.length = 0;
  const doubled = await scenes.stage(scenes.growth(controls([1, 1, 2])));
  assert.deepEqual(asked, []);
  assert.equal(doubled.patch.at(-1).pixels[0], 255); // 0.25 + 2 x 0.5, clipped
  await scenes.stage(scenes.growth(controls([1, 0, 2])));
  assert.deepEqual(asked, ["level0"]);
  asked.length = 0;
  await scenes.stage(scenes.growth(controls([1, 0, 2], [5, 6, 5])));
  assert.deepEqual(asked, ["level1", "level0"]);
});

const LOOKS = {
  shape: [1, 2, 2],
  latent: 2,
  limit: 2,
  typical: 90,
  unusual: 99,
  quantiles: Array.from({ length: 101 }, (_, i) => i),
  texts: {
    seen: "seen",
    seen_plain: "as it is",
    seen_steps: "{steps}",
    stage_alt: "{verdict}",
    measured: "{distance:.1f}: ",
    share: "{share} of 100",
    nearest: "closest",
    farthest: "farthest",
    typical: "Typical.",
    unusual: "Unusual.",
    foreign: "Foreign.",
    turned: "Turned.",
    turned_note: "{count} of {all}: {distance:.1f}, {own:.1f}",
    sum_alt: "sum",
    inside: "{count} inside",
    outside: "{cut} cut",
    walk_alt: "{t:.0%}",
    slot_alt: "slot {name}",
    distance_alt: "{distance:.1f}",
  },
};
const COPYING = {
  // E reads the first two pixels, G draws them twice.
  run: async (net, { images, z }, count) => {
    if (net === "encoder") return { z: Float32Array.from(images).filter((_, i) => i % 4 < 2) };
    const drawn = Array.from({ length: count }, (_, n) => [z[2 * n], z[2 * n + 1], z[2 * n], z[2 * n + 1]]);
    return { images: Float32Array.from(drawn.flat()) };
  },
};

test("BiGAN's difference is what was seen less what is drawn, and turning a bar is told apart", async () => {
  const scenes = makeLooks({ model: COPYING, config: LOOKS });
  const shown = await scenes.look(Uint8Array.of(255, 0, 0, 0), ["centred"]);
  assert.deepEqual([...shown.code], [1, -1]);
  const { label, patch } = await scenes.stage(shown);
  const tiles = Object.fromEntries(patch.map((tile) => [tile.id, tile]));
  assert.deepEqual([...tiles.again.pixels], [255, 0, 255, 0]);
  assert.deepEqual([...tiles.difference.pixels], [0, 0, -127, 0]);
  assert.equal(tiles.seen.caption, "centred");
  assert.equal(label, "Typical. 2.0: 2 of 100");
  assert.deepEqual(tiles.code.ticks, [null, null]);
  const turned = scenes.turn(shown, [0.99995, 1]); // the first was not touched: the bars know four decimals
  assert.equal(scenes.changed(turned), 1);
  const said = await scenes.stage(turned, { seen: false, values: false });
  assert.equal(said.label, "Turned. 1 of 2: 3.5, 2.0");
  assert.deepEqual(said.patch[0].ticks, [null, -1]);
  assert.equal(said.patch[0].values, undefined);
});

test("A - B + C is cut to the range, and a walk begins at A and ends at B", async () => {
  const scenes = makeLooks({ model: COPYING, config: LOOKS });
  const picture = (one, two) => Uint8Array.of(one, two, 0, 0);
  const mixed = await scenes.mix([picture(255, 0), picture(0, 0), picture(255, 255)]);
  const { label, patch } = await scenes.slots(mixed);
  assert.equal(label, "sum. 1 cut");
  assert.deepEqual([...patch.find(({ id }) => id === "sum").pixels], [255, 255, 255, 255]);
  const [walk, strip] = (await scenes.walk(mixed, 0.25)).patch;
  assert.deepEqual([...walk.pixels], [191, 0, 191, 0]);
  assert.deepEqual(strip.shape, [2, 18, 1]);
  assert.deepEqual([strip.pixels[0], strip.pixels[16]], [255, 0]);
  assert.deepEqual(strip.cell, [0, 2]);
  const next = await scenes.put(mixed, picture(0, 255));
  assert.deepEqual([next.chosen, ...next.codes[0]], [1, -1, 1]);
});

test("a distance is read as Python reads it", () => {
  const read = (measured) => reading([1, ...Array.from({ length: 99 }, (_, i) => i + 1), 100], measured, LOOKS);
  assert.deepEqual(read(0.5), { key: "typical", tone: "good", words: "closest" });
  assert.deepEqual(read(45), { key: "typical", tone: "good", words: "45 of 100" });
  assert.equal(read(90).key, "typical");
  assert.deepEqual([read(95).key, read(99.5).key, read(250).words], ["unusual", "foreign", "farthest"]);
});
