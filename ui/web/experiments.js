// The report card's experiments: a paper's table or figure made again, each with what was done and the command.

import { made } from "./nodes.js";
import { fill } from "./text.js";

/** Give a section with every experiment of the report, or nothing where there is none. */
export function experiments(report, texts) {
  if (!report.experiments.length) return "";
  const part = made("section", "", "gs-experiments");
  part.append(made("h3", texts.experiments), made("p", texts.experiments_hint));
  part.append(...report.experiments.map((one) => card(one, texts)));
  return part;
}

function card(one, texts) {
  const node = made("article", "");
  node.append(made("h4", one.title), made("p", one.definition));
  const beside = made("div", "", "gs-experiment-made");
  if (one.rows.length) beside.append(table(one, texts));
  if (one.pictures.length) beside.append(pictures(one));
  node.append(beside);
  const more = made("details", "");
  const told = fill(texts.experiment_told, { n: one.n.toLocaleString("en"), date: one.date });
  const link = Object.assign(made("a", texts.experiment_json), { target: "_blank" });
  link.href = new URL(`report/experiments/${one.name}.json`, document.baseURI);
  more.append(made("summary", texts.command), made("code", one.command), made("p", told), link);
  node.append(more);
  return node;
}

function pictures(one) {
  const node = made("div", "", "gs-experiment-pictures");
  for (const { file, alt } of one.pictures) {
    const picture = Object.assign(new Image(), { loading: "lazy", alt });
    picture.src = new URL(`report/experiments/${file}`, document.baseURI);
    node.append(picture);
  }
  return node;
}

function table({ rows, columns, shaded = [], title }, texts) {
  const inPaper = rows.some(({ paper }) => paper);
  const headings = ["", ...(inPaper ? [texts.in_paper] : []), ...columns];
  const node = document.createElement("table");
  node.setAttribute("aria-label", title);
  const head = document.createElement("tr");
  head.append(...headings.map((text) => Object.assign(made(text ? "th" : "td", text), text ? { scope: "col" } : {})));
  const lines = rows.map(({ name, paper, cells }) => {
    const line = document.createElement("tr");
    line.append(Object.assign(made("th", name), { scope: "row" }));
    if (inPaper) line.append(made("td", paper ?? texts.nothing));
    cells.forEach((value, place) => {
      const cell = made("td", value ?? texts.nothing);
      if (value && shaded.includes(place)) cell.style.setProperty("--share", Number(value));
      line.append(cell);
    });
    return line;
  });
  const [top, body] = [document.createElement("thead"), document.createElement("tbody")];
  top.append(head);
  body.append(...lines);
  node.append(top, body);
  const scroll = made("div", "", "gs-experiment-table"); // many columns scroll in here, not the page
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", title);
  scroll.append(node);
  return scroll;
}
