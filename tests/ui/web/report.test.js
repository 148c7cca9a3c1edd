import assert from "node:assert/strict";
import { test } from "node:test";

import { lines, sorted } from "../../../ui/web/report.js";

const cell = (value) => ({ text: String(value), value });
const row = (name, paper, here, others, main = true) => ({
  name,
  paper: paper && cell(paper),
  here: cell(here),
  others,
  main,
});
const REPORT = {
  weights: [
    {
      name: "lapgan-x",
      kind: "lapgan",
      others: ["gan-x", "dcgan-x", "a change"],
      rows: [
        row("b", null, 3, { "a change": cell(9) }),
        row("a", 0.5, 10, { "gan-x": cell(7), "dcgan-x": cell(6), "a change": cell(8) }),
      ],
    },
    { name: "gan-x", kind: "gan", baseline: true, others: [], rows: [row("c", 0.25, 2, {})] },
    { name: "dcgan-x", kind: "gan", baseline: true, others: [], rows: [] },
    { name: "classifier-x", kind: "classifier", others: [], rows: [row("d", null, 1, {}, false)] },
  ],
};
const names = (all) => all.map(({ row }) => row.name).join("");

test("a line has what it is measured against, or else the first change that was tried", () => {
  const [first, second] = lines(REPORT);
  assert.deepEqual(first.cells.baseline, { value: 9, others: [{ name: "a change", text: "9", value: 9 }] });
  assert.deepEqual(
    second.cells.baseline.others.map(({ name }) => name),
    ["gan-x", "dcgan-x"],
  );
  assert.equal(second.cells.baseline.value, 7);
});

test("baselines, classifiers and lesser figures are not among the main ones", () => {
  assert.equal(names(lines(REPORT).filter(({ main }) => main)), "ba");
});

test("columns sort by value, either way, with what is missing last", () => {
  const all = lines(REPORT);
  assert.equal(names(sorted(all, "here", false)), "dcba");
  assert.equal(names(sorted(all, "here", true)), "abcd");
  assert.equal(names(sorted(all, "in_paper", false)), "cabd");
  assert.equal(names(sorted(all, "in_paper", true)), "acbd");
  assert.equal(names(sorted(all, "figure", true)), "dcba");
});
