import assert from "node:assert/strict";
import { test } from "node:test";

import { keyOf, moved, taken } from "../../../ui/web/keys.js";

const INFO = { m: "infogan", w: "a", s: 0, k: 5, c1: 1.95, c2: -2 };
const LAP = { m: "lapgan", w: "a", s: 4294967295, k: 7, z: [1, 2, 3, 4], g: [1, 1, 0.5, 2] };
const OPTIONS = { count: 10, random: 77 };
/** As far as keys.js asks an element: its type, and the selectors that it matches. */
const element = (type, ...selectors) => ({
  type,
  matches: (list) => list.split(", ").some((one) => selectors.includes(one)),
});

test("a key with a modifier is the browser's", () => {
  for (const modifier of ["ctrlKey", "metaKey", "altKey", "shiftKey", "isComposing"]) {
    assert.equal(keyOf({ key: "r", code: "KeyR", [modifier]: true }), "");
  }
  assert.equal(keyOf({ key: "?", code: "Slash", shiftKey: true }), "?");
  for (const key of ["Tab", "Enter", "Escape", "F5", "ArrowUp", "Home", "q", "/", "-"])
    assert.equal(keyOf({ key }), "");
});

test("letters are known by their place where a keyboard has others", () => {
  assert.equal(keyOf({ key: "R", code: "KeyR" }), "r"); // caps lock
  assert.equal(keyOf({ key: "ㄱ", code: "KeyR" }), "r");
  assert.equal(keyOf({ key: "r", code: "KeyO" }), "r"); // Dvorak
  assert.equal(keyOf({ key: "x", code: "BracketLeft" }), "");
  assert.equal(keyOf({ key: "7", code: "Numpad7" }), "7");
});

test("the focused control keeps the keys it uses", () => {
  const number = element("number", "input");
  const range = element("range", "input", "input[type=range]");
  const button = element("submit", "button");
  const menu = element("text", "input", "[role=combobox]");
  for (const key of ["r", "5", " ", "ArrowLeft"]) assert.ok(taken(number, key) && taken(menu, key));
  assert.deepEqual(
    ["r", "5", "[", "ArrowLeft", " "].map((key) => taken(range, key)),
    [false, false, false, true, true],
  );
  assert.deepEqual(
    ["r", "ArrowLeft", " "].map((key) => taken(button, key)),
    [false, false, true],
  );
  assert.ok(!taken(element("", "body"), " ") && !taken(null, " "));
});

test("seeds go round, codes and detail stop at their ends", () => {
  assert.deepEqual(moved(INFO, "ArrowLeft", OPTIONS), { m: "infogan", s: 4294967295 });
  assert.deepEqual(moved(LAP, "ArrowRight", OPTIONS), { m: "lapgan", s: 0, g: LAP.g });
  assert.deepEqual(moved(INFO, "r", OPTIONS), { m: "infogan", s: 77 });
  assert.deepEqual(moved(INFO, "]", OPTIONS), { m: "infogan", c1: 2 });
  assert.deepEqual(moved(INFO, "[", OPTIONS), { m: "infogan", c1: 1.85 });
  assert.deepEqual(moved(INFO, ";", OPTIONS), { m: "infogan", c2: -2 });
  assert.deepEqual(moved(INFO, "'", OPTIONS), { m: "infogan", c2: -1.9 });
  assert.deepEqual(moved(LAP, "]", OPTIONS).g, [1, 1, 0.5, 2]);
  assert.deepEqual(moved(LAP, "[", OPTIONS), { m: "lapgan", z: LAP.z, g: [1, 1, 0.5, 1.9] });
  assert.deepEqual(moved(LAP, "'", OPTIONS).g, [1, 1, 0.6, 2]);
  assert.equal(moved({ ...LAP, z: [1, 2], g: [1, 1] }, "'", OPTIONS), null); // the coarsest level has no detail
});

test("digits choose what there is, and LAPGAN keeps its seeds and gains", () => {
  assert.deepEqual(moved(LAP, "3", OPTIONS), { m: "lapgan", k: 3, z: LAP.z, g: LAP.g });
  assert.equal(moved(INFO, "5", OPTIONS), null);
  assert.equal(moved(INFO, "7", { count: 5 }), null);
});
