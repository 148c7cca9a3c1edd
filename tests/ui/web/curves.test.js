import assert from "node:assert/strict";
import test from "node:test";

import { format, valueAt } from "../../../ui/web/curves.js";
import { tabulate } from "../../../ui/web/figures.js";
import { extent, smooth, thin, ticks } from "../../../ui/web/plot.js";
import { makeStory, merge } from "../../../ui/web/stories.js";

const news = (last, records, more = {}) => ({
  last,
  records,
  measures: [],
  samples: [],
  live: true,
  facts: [],
  warnings: [],
  state: {},
  news: "",
  ...more,
});

test("a story grows by what is new and keeps the rest", () => {
  const story = makeStory("runs/a");
  merge(
    story,
    news(
      40,
      [
        { step: 20, loss: 1 },
        { step: 40, loss: 2 },
      ],
      { title: "a", samples: ["step-000020.png"] },
    ),
  );
  merge(
    story,
    news(60, [{ step: 60, loss: 3, extra: 7 }], {
      measures: [{ step: 60, diversity: 0.5 }],
      samples: ["step-000060.png"],
    }),
  );
  assert.deepEqual(story.series.get("loss"), { steps: [20, 40, 60], values: [1, 2, 3] });
  assert.deepEqual(story.series.get("extra"), { steps: [60], values: [7] });
  assert.deepEqual(
    story.samples.map(({ step }) => step),
    [20, 60],
  );
  assert.deepEqual([story.last, story.measured, story.title], [60, 60, "a"]);
});

test("what comes twice is kept once", () => {
  const story = makeStory("runs/a");
  for (let i = 0; i < 2; i += 1) merge(story, news(20, [{ step: 20, loss: 1 }], { samples: ["step-000020.png"] }));
  assert.deepEqual(story.series.get("loss").steps, [20]);
  assert.equal(story.samples.length, 1);
});

test("a run that went back to a checkpoint starts over", () => {
  const story = makeStory("runs/a");
  merge(
    story,
    news(40, [
      { step: 20, loss: 1 },
      { step: 40, loss: 2 },
    ]),
  );
  merge(story, news(20, []));
  assert.deepEqual([story.last, story.series.size, story.samples.length], [-1, 0, 0]);
});

test("the value at a step is the last known then", () => {
  const line = { steps: [10, 20, 30], values: [1, 2, 3] };
  assert.deepEqual(
    [5, 10, 19, 20, 99, null].map((step) => valueAt(line, step)),
    [1, 1, 1, 2, 3, 3],
  );
  assert.equal(valueAt({ steps: [], values: [] }, 5), undefined);
});

test("numbers are short", () => {
  assert.deepEqual([0.12345, 2.296, 45.67, 512.3, 12345, undefined].map(format), [
    "0.123",
    "2.30",
    "45.7",
    "512",
    "1.2e+4",
    "–",
  ]);
});

test("a long line is smoothed without moving its level, a short one stays", () => {
  const short = [1, 5, 1];
  assert.equal(smooth(short), short);
  const calm = smooth(Array.from({ length: 2000 }, (_, i) => 3 + (i % 2 ? 1 : -1)));
  for (const value of calm.slice(100)) assert.ok(Math.abs(value - 3) < 0.1);
  assert.ok(Math.abs(smooth(Array.from({ length: 100 }, () => 7))[0] - 7) < 1e-9);
});

test("at most four points of a pixel are drawn, among them its extremes", () => {
  const steps = Array.from({ length: 10000 }, (_, i) => i);
  const values = steps.map((step) => (step === 4321 ? 99 : Math.sin(step)));
  const points = thin(
    steps,
    values,
    (step) => step / 50,
    (value) => value,
  );
  assert.ok(points.length <= 4 * 201);
  assert.ok(points.some(([, y]) => y === 99));
  assert.deepEqual(points.at(-1), [9999 / 50, Math.sin(9999)]);
});

test("figures of several runs share a table, what one lacks is a dash", () => {
  const one = [
    [0, "Steps", "20"],
    [3, "Loss of G", "0.7"],
  ];
  const two = [
    [0, "Steps", "400"],
    [1, "Time", "60 s"],
    [9, "loss level1 generator", "2"],
    [9, "loss level0 generator", "1"],
  ];
  assert.deepEqual(tabulate([one, two]), [
    ["Steps", "20", "400"],
    ["Time", "–", "60 s"],
    ["Loss of G", "0.7", "–"],
    ["loss level0 generator", "–", "1"],
    ["loss level1 generator", "–", "2"],
  ]);
  assert.deepEqual(tabulate([]), []);
});

test("axes have round numbers inside them, logarithmic ones too", () => {
  assert.deepEqual(
    ticks(0, 2.5, false).map((tick) => Number(tick.toFixed(6))),
    [0, 1, 2],
  );
  assert.deepEqual(ticks(0.05, 20, true), [0.1, 1, 10]);
  assert.deepEqual(ticks(1, 1, false), []);
  for (const [low, high] of [
    [0, 1],
    [0.1, 0.3],
    [-2, 5],
    [0, 3920],
  ]) {
    for (const tick of ticks(low, high, false)) assert.ok(tick >= low - 1e-9 && tick <= high + 1e-9);
  }
});

test("the scale holds the lines and the marked level, and fixed ends stay", () => {
  const lines = [{ values: [1, 2] }];
  const [bottom, top] = extent(lines, [[1, 2]], { mark: [2.3, "most"], low: 0 });
  assert.equal(bottom, 0);
  assert.ok(top > 2.3);
  assert.ok(extent(lines, [[0, 2]], { log: true })[0] > 0);
  assert.deepEqual(extent([], [], {}).map(Math.sign), [-1, 1]);
});
