import assert from "node:assert/strict";
import test from "node:test";

import { steady } from "../../../ui/web/events.js";

test("an event that waits carries what was last said, and nothing of what was said before", () => {
  const waiting = [];
  const send = steady((name, data) => waiting.push([name, data]));
  send("drag", { id: "plane", x: 1 });
  send("release", { id: "plane", x: 1 });
  send("drag", { id: "bars", index: 3 });
  assert.equal(waiting[0][1], waiting[2][1]);
  assert.deepEqual(waiting[0][1], { id: "bars", index: 3 });
  assert.deepEqual(waiting[1][1], { id: "plane", x: 1 });
});
