import assert from "node:assert/strict";
import test from "node:test";

import { throttle } from "../../../ui/web/pad.js";

test("a throttled call runs at once, then at most once an interval, and never loses the last", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let state = 0;
  const seen = [];
  const send = throttle(() => seen.push(state), 90);
  for (state = 1; state <= 5; state += 1) send();
  state = 5;
  assert.deepEqual(seen, [1]);
  t.mock.timers.tick(90);
  assert.deepEqual(seen, [1, 5]);
  t.mock.timers.tick(500);
  assert.deepEqual(seen, [1, 5]);
  state = 6;
  send();
  assert.deepEqual(seen, [1, 5, 6]);
});
