import assert from "node:assert/strict";
import { test } from "node:test";

import { redraw } from "../../../ui/web/bigan.js";
import { sizeOf, toBytes, toSheet, worst } from "../../../ui/web/engine.js";
import { makeScenes as makeDigits } from "../../../ui/web/infogan.js";
import { makeScenes as makePyramid } from "../../../ui/web/lapgan.js";
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
    run: async (net, inputs, count) => {
      asked.push([net, count, inputs]);
      return net === "q"
        ? { codes: new Float32Array([0, 9, 0, 0, 0, 0.5, -0.5, 0]) }
        : { images: new Float32Array(count) };
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
    texts: { stage_alt: "{name} {seed} {sizes}", plain: "it" },
  };
  const scenes = makePyramid({ model, config });
  const controls = (gains, seeds = [5, 5, 5]) => ["m", 1, 5, ...seeds, ...gains];
  const scene = await scenes.stage(scenes.growth(controls([1, 1, 1])));
  assert.deepEqual(asked, ["level2", "level1", "level0"]);
  assert.equal(scene.label, "b 5 1, 2, 4");
  assert.equal(scene.patch.at(-1).id, "picture");
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

test("BiGAN's difference is what was seen less what is drawn", async () => {
  const model = { run: async () => ({ images: new Float32Array([1, -1, 0, -1]) }) };
  const seen = new Uint8Array([255, 255, 0, 0]);
  const [again, difference] = await redraw({ model, config: { shape: [1, 2, 2], limit: 2 } }, [0], seen);
  assert.deepEqual([...again.pixels], [255, 0, 128, 0]);
  assert.deepEqual([...difference.pixels], [0, 127, Math.round(-0.5 * 127), 0]);
});
