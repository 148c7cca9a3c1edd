// The report card: samples side by side, and figures in a table that sorts by any column, each opening what it is.

import { makeDialog } from "./dialog.js";
import { experiments } from "./experiments.js";
import { button, made } from "./nodes.js";
import { opened } from "./session.js";
import { show as note } from "./tabs.js";
import { fill } from "./text.js";

const COLUMNS = ["weights", "figure", "in_paper", "here", "baseline"];

/**
 * Give the lines of a table: one a figure, with what each column shows and sorts by. Beside a figure stand those of all
 * weights that it is measured against, or, where there are none, the first of the changes that were tried.
 */
export function lines(report) {
  const measured = new Set(report.weights.map(({ name }) => name));
  return report.weights.flatMap((entry) =>
    entry.rows.map((row) => {
      const beside = entry.others.filter((other) => row.others[other]);
      const weights = beside.filter((other) => measured.has(other));
      const others = (weights.length ? weights : beside.slice(0, 1)).map((name) => ({ name, ...row.others[name] }));
      const cells = {
        weights: { text: entry.name, value: entry.name },
        figure: { text: row.name, value: row.name },
        in_paper: row.paper,
        here: row.here,
        baseline: others.length ? { value: others[0].value, others } : null,
      };
      return { entry, row, cells, main: row.main && !entry.baseline && entry.kind !== "classifier" };
    }),
  );
}

/** Sort lines by a column; what has nothing there comes last either way, and equals keep their order. */
export function sorted(all, column, descending) {
  const sign = descending ? -1 : 1;
  return all.toSorted((one, other) => {
    const [a, b] = [one, other].map((line) => line.cells[column]?.value);
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
    return sign * (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
  });
}

/** Join the report of ui/report_tab.py to the page. */
export async function mountReport(element, { props }) {
  const root = element.querySelector(".gs-root");
  const { texts, seed } = JSON.parse(props.value);
  const answer = await fetch(new URL("report/figures.json", document.baseURI)).catch(() => null);
  if (!answer?.ok) {
    root.append(made("p", texts.failed));
    return;
  }
  const report = await answer.json();
  const all = lines(report);
  const order = { column: null, descending: false };

  const chosen = document.createElement("select");
  chosen.append(new Option(texts.every, ""), ...report.weights.map(({ name }) => new Option(name, name)));
  const more = Object.assign(document.createElement("input"), { type: "checkbox" });
  const bar = made("div", "", "gs-report-bar");
  bar.append(labelled(texts.weights, chosen), labelled(texts.all, more));

  const table = withRole(document.createElement("table"), "table");
  table.className = "gs-report-figures";
  table.setAttribute("aria-label", texts.table);
  const head = withRole(document.createElement("tr"), "row");
  const headings = COLUMNS.map((column) => {
    const heading = withRole(document.createElement("th"), "columnheader");
    heading.dataset.column = column;
    heading.scope = "col";
    heading.append(button(texts[column], () => sortBy(column)));
    return heading;
  });
  head.append(...headings);
  const [top, body] = ["thead", "tbody"].map((tag) => withRole(document.createElement(tag), "rowgroup"));
  top.append(head);
  table.append(top, body);
  const dialog = makeDialog("", texts.close, "gs-report-dialog");
  root.append(samples(report, texts, seed), bar, table, experiments(report, texts));
  const { w } = opened("report") ?? {};
  if (report.weights.some(({ name }) => name === w)) chosen.value = w;
  const state = () => (chosen.value ? { w: chosen.value } : {});
  note("report", state(), false);
  chosen.addEventListener("change", () => {
    show();
    note("report", state());
  });
  more.addEventListener("change", show);
  show();

  function sortBy(column) {
    order.descending = order.column === column && !order.descending;
    order.column = column;
    show();
  }
  function show() {
    for (const heading of headings) {
      const here = heading.dataset.column === order.column;
      if (here) heading.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    }
    // Weights that were asked for by name show their main figures, whatever they are.
    const wanted = all.filter(({ entry, row, main }) =>
      chosen.value ? entry.name === chosen.value && (more.checked || row.main) : more.checked || main,
    );
    const ordered = order.column ? sorted(wanted, order.column, order.descending) : wanted;
    body.replaceChildren(...ordered.map((line, i) => lineOf(line, line.entry === ordered[i - 1]?.entry)));
  }
  /** A line of the table; `again`: the one above is of the same weights. */
  function lineOf(line, again) {
    const node = withRole(document.createElement("tr"), "row");
    node.classList.toggle("gs-as-above", again);
    for (const column of COLUMNS) {
      const cell = withRole(document.createElement("td"), "cell");
      const found = line.cells[column];
      cell.dataset.column = column;
      if (column === "figure") cell.append(button(found.text, () => open(line)));
      else {
        // Where there are no columns, each figure says what it is.
        cell.classList.toggle("gs-none", !found);
        if (column !== "weights") cell.append(made("span", texts[column], "gs-report-label"));
        for (const { text, name } of found?.others ?? [{ text: found?.text ?? texts.nothing }]) {
          const value = made("span", "", "gs-report-value");
          value.append(...(name ? [made("small", name)] : []), made("b", text));
          cell.append(value);
        }
      }
      node.append(cell);
    }
    return node;
  }
  function open({ entry, row }) {
    dialog.node.querySelector("h2").textContent = row.name;
    const list = document.createElement("dl");
    const tell = (name, value) => list.append(made("dt", name), wrapped("dd", value));
    tell(texts.weights, entry.name);
    tell(texts.in_paper, row.paper?.text ?? texts.nothing);
    tell(texts.here, row.here.text);
    for (const other of entry.others) if (row.others[other]) tell(other, row.others[other].text);
    tell(texts.count, row.n.toLocaleString("en"));
    tell(texts.seed, entry.seeds.join(", "));
    tell(texts.date, entry.date);
    tell(texts.command, made("code", entry.command));
    const link = made("a", texts.json);
    link.href = new URL(`report/${entry.name}/metrics.json`, document.baseURI);
    link.target = "_blank";
    const shown = [entry.name, ...entry.others.filter((other) => row.others[other])];
    const pictures = drawn(report).filter((name) => shown.includes(name));
    dialog.body.replaceChildren(made("p", row.definition), sheets(pictures, texts), list, link);
    dialog.open();
  }
}

function samples(report, texts, seed) {
  const part = made("section", "", "gs-report-samples");
  const grid = sheets(drawn(report), texts);
  part.append(made("h3", texts.samples), made("p", fill(texts.samples_hint, { seed })), grid);
  return part;
}

/** Return the names of the weights that draw pictures. */
function drawn(report) {
  return report.weights.filter(({ kind }) => kind !== "classifier").map(({ name }) => name);
}

/** Show ten samples of each of some weights. */
function sheets(names, texts) {
  const grid = made("div", "", "gs-report-sheets");
  const pictures = names.map((name) => {
    const sheet = document.createElement("figure");
    const picture = Object.assign(new Image(), { loading: "lazy", alt: fill(texts.sample_alt, { name }) });
    sheet.append(picture, made("figcaption", name));
    grid.append(sheet);
    return { picture, address: new URL(`report/${name}/sample.png`, document.baseURI) };
  });
  // One at a time: asked for all at once, the server would turn some of them away.
  const ask = ([first, ...rest]) => {
    if (!first) return;
    first.picture.onload = first.picture.onerror = () => ask(rest);
    first.picture.src = first.address;
  };
  ask(pictures);
  return grid;
}

function labelled(text, field) {
  const label = document.createElement("label");
  label.append(made("span", text), field);
  return label;
}

// Styles that turn lines into cards would take the table's roles away.
function withRole(node, role) {
  node.setAttribute("role", role);
  return node;
}

function wrapped(tag, value) {
  const node = document.createElement(tag);
  node.append(value);
  return node;
}
