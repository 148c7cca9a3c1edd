import assert from "node:assert/strict";
import test from "node:test";

import { latent, uniform } from "../../../ui/web/random.js";

test("numbers depend on seed and stream, and longer draws begin like shorter ones", () => {
  assert.deepEqual([...uniform(42, 0, 3)], [...uniform(42, 0, 9)].slice(0, 3));
  assert.notDeepEqual([...uniform(42, 0, 3)], [...uniform(43, 0, 3)]);
  assert.notDeepEqual([...uniform(42, 0, 3)], [...uniform(42, 1, 3)]);
});

test("numbers fill [0, 1) evenly, also at the ends of the seeds", () => {
  for (const seed of [0, 2 ** 31, 2 ** 32 - 1]) {
    const numbers = uniform(seed, 3, 4000);
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    assert.ok(numbers.every((value) => value >= 0 && value < 1));
    assert.ok(Math.abs(mean - 0.5) < 0.02);
  }
});

test("a latent is float32 in [-1, 1]", () => {
  const values = latent(7, 62);
  assert.ok(values instanceof Float32Array && values.every((value) => Math.abs(value) <= 1));
});
