// The last figures of runs side by side: one column a run, a row for each figure that any of them has.

import { followNamed } from "./stories.js";

/** Join the table of ui/train_compare.py to the page: its value names the stories. */
export function mountFigures(element, component) {
  const root = element.querySelector(".gs-root");
  let stories = [];

  function draw() {
    const there = stories.filter((story) => story?.title);
    const rows = tabulate(there.map((story) => story.figures));
    const said = JSON.stringify([there.map((story) => story.title), rows]);
    if (root.dataset.said === said) return;
    root.dataset.said = said;
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const text of ["", ...there.map((story) => story.title)]) {
      head.append(Object.assign(document.createElement("th"), { textContent: text, scope: "col" }));
    }
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      for (const text of row) line.insertCell().textContent = text;
    }
    root.replaceChildren(...(rows.length ? [table] : []));
  }

  followNamed(component, root, (named, change) => {
    stories = named;
    if (!change.at) draw();
  });
}

/** Join lists of [rank, label, text] into rows [label, text, text, …] by rank; what a run lacks is a dash. */
export function tabulate(lists) {
  const ranks = new Map(lists.flatMap((list) => list.map(([rank, label]) => [label, rank])));
  const labels = [...ranks.keys()].sort((a, b) => ranks.get(a) - ranks.get(b) || (a < b ? -1 : 1));
  return labels.map((label) => [label, ...lists.map((list) => list.find(([, name]) => name === label)?.[2] ?? "–")]);
}
