import assert from "node:assert/strict";
import test from "node:test";

import { crisp, decode, diverging, toRGBA } from "../../../ui/web/pixels.js";

test("base64 becomes bytes", () => {
  assert.deepEqual([...decode("AAF/gP8=")], [0, 1, 127, 128, 255]);
});

test("grey is spread over three channels, RGB is kept, nothing is transparent", () => {
  assert.deepEqual([...toRGBA(Uint8Array.of(7, 200), [1, 2, 1])], [7, 7, 7, 255, 200, 200, 200, 255]);
  assert.deepEqual([...toRGBA(Uint8Array.of(1, 2, 3), [1, 1, 3])], [1, 2, 3, 255]);
});

test("a heat map is darkest at zero and as bright on either side", () => {
  const brightness = (value) => diverging(value).reduce((sum, channel) => sum + channel, 0);
  for (let step = 1; step <= 10; step += 1) {
    assert.ok(brightness(step / 10) > brightness((step - 1) / 10));
    assert.ok(brightness(-step / 10) > brightness(-(step - 1) / 10));
  }
  assert.ok(Math.abs(brightness(1) - brightness(-1)) < 40);
});

test("a heat map tells signs apart by hue without red against green", () => {
  const [[lowRed, , lowBlue], [highRed, , highBlue]] = [diverging(-1), diverging(1)];
  assert.ok(lowBlue - lowRed > 100 && highRed - highBlue > 100);
});

test("the bytes of a heat map are signed", () => {
  const rgba = toRGBA(Uint8Array.of(129, 0, 127), [1, 3, 1], true);
  assert.deepEqual([...rgba.slice(0, 3)], diverging(-1));
  assert.deepEqual([...rgba.slice(4, 7)], diverging(0));
  assert.deepEqual([...rgba.slice(8, 11)], diverging(1));
});

test("every pixel covers a whole number of device pixels", () => {
  for (const ratio of [1, 1.5, 2, 3]) {
    for (const width of [100, 239, 471, 640]) {
      const size = crisp(width, 28, ratio);
      assert.ok(size <= width);
      assert.ok(Number.isInteger(Math.round(size * ratio * 1e9) / 1e9 / 28));
    }
  }
});

test("a picture that is hardly enlarged fills its frame", () => {
  assert.equal(crisp(40, 28, 1), 40);
});
