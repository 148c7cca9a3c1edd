import assert from "node:assert/strict";
import { test } from "node:test";

import { npy } from "../../../ui/web/files.js";
import { latent } from "../../../ui/web/random.js";
import { callOf, curlOf, pythonOf } from "../../../ui/web/snippets.js";
import { between, frame, frames, hot, onStep } from "../../../ui/web/walk.js";

const TURN = { seed: 42, row: 5, codes: [1, -0.5] };
const GROWTH = { label: 7, seeds: [1, 2, 3], gains: [1, 0.5, 1] };
const norm = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

test("every walk begins at the picture on show", () => {
  const options = { to: 9, count: 10 };
  for (const what of ["c1", "c2"]) {
    frame(what, TURN, 0, options).codes.forEach((code, i) => assert.ok(Math.abs(code - TURN.codes[i]) < 1e-9));
  }
  assert.deepEqual(frame("g", GROWTH, 0, options).gains.map(onStep), GROWTH.gains);
  assert.deepEqual(hot(10, 5, frame("k", TURN, 0, options).mixed), hot(10, 5));
  assert.equal(frame("s", TURN, 0, options).share, 0);
  assert.equal(frame("s", TURN, 0.5, options).share, 1);
});

test("a walk stays where the controls can go", () => {
  for (const { codes } of frames("c1", TURN, { count: 10 })) assert.ok(Math.abs(codes[0]) <= 2 && codes[1] === -0.5);
  for (const { gains } of frames("g", GROWTH, { count: 10 })) {
    assert.ok(gains.every((gain) => gain >= 0 && gain <= 2) && gains[2] === 1);
  }
  const seen = new Set(
    frames("k", GROWTH, { count: 10 }).map(({ label, mixed }) => {
      assert.ok(Math.abs(hot(10, label, mixed).reduce((sum, value) => sum + value) - 1) < 1e-12);
      return label;
    }),
  );
  assert.equal(seen.size, 10);
});

test("the great circle ends at both noises and keeps their length between", () => {
  const [one, other] = [latent(1, 62), latent(2, 62)];
  assert.deepEqual(between(one, other, 0), one);
  between(one, other, 1).forEach((value, i) => assert.ok(Math.abs(value - other[i]) < 1e-6));
  const [low, high] = [norm(one), norm(other)].sort((a, b) => a - b);
  const half = norm(between(one, other, 0.5));
  assert.ok(half >= low - 1e-5 && half <= high + 1e-5);
  assert.deepEqual(between(one, one, 0.5), one);
});

test("an npy file has the header numpy wants", async () => {
  const bytes = new Uint8Array(await npy([1, -2.5]).arrayBuffer());
  assert.equal(bytes.length, 128 + 8);
  assert.deepEqual([...bytes.slice(0, 10)], [0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0]);
  assert.equal(bytes[127], 10);
  assert.equal(new DataView(bytes.buffer).getFloat32(132, true), -2.5);
});

test("words for other places name the call and its arguments", () => {
  const call = callOf({ m: "lapgan", w: "lapgan-cifar10", s: 3, k: 7 });
  assert.deepEqual(call, { name: "lapgan_generate", arguments: { model: "lapgan-cifar10", label: 7, seed: 3 } });
  const apart = callOf({ m: "lapgan", w: "x", s: 3, k: 7, z: [1, 2], g: [1, 0.55] });
  assert.deepEqual(apart.arguments, { model: "x", label: 7, seed: 3, level_seeds: [1, 2], gains: [1, 0.55] });
  assert.match(pythonOf(apart, "http://x/"), /level_seeds=\[1,2\],\n {4}gains=\[1,0.55\]/);
  assert.match(pythonOf(call, "http://x/"), /seed=3,\n {4}api_name="\/lapgan_generate"/);
  assert.match(curlOf(call, "http://x/"), /http:\/\/x\/gradio_api\/call\/v2\/lapgan_generate -H/);
});
