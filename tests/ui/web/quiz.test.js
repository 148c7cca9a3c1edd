import assert from "node:assert/strict";
import { test } from "node:test";

import { score, together, wilson } from "../../../ui/web/quiz.js";

test("the interval is Wilson's", () => {
  // Newcombe 1998, table I: 81 of 263, and 0 of 20.
  assert.deepEqual(
    wilson(81, 263).map((value) => value.toFixed(4)),
    ["0.2553", "0.3662"],
  );
  assert.deepEqual(
    wilson(0, 20).map((value) => value.toFixed(4)),
    ["0.0000", "0.1611"],
  );
  assert.deepEqual(
    wilson(10, 10).map((value) => value.toFixed(3)),
    ["0.722", "1.000"],
  );
});

test("fooled counts generated pictures called real", () => {
  const { fooled, believed } = score([true, true, false, true], [true, false, false, true]);
  assert.deepEqual([fooled.hits, fooled.count, fooled.share], [1, 2, 0.5]);
  assert.deepEqual([believed.hits, believed.count, believed.share], [2, 2, 1]);
});

test("rounds add up to one interval, narrower than either", () => {
  const one = score([true, false, true, false], [false, false, true, true]);
  const both = together(one, one);
  assert.deepEqual(together(undefined, one), one);
  assert.deepEqual([both.fooled.hits, both.fooled.count, both.fooled.share], [2, 4, 0.5]);
  assert.deepEqual([both.believed.low, both.believed.high], wilson(2, 4));
  assert.ok(both.fooled.high - both.fooled.low < one.fooled.high - one.fooled.low);
});
