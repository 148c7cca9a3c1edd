// One maker for each kind of tile: picture, heat map, mosaic, bars, gauge, plane, note, sign. A tile is {kind, node,
// update}; update(description) changes what the description names and leaves the rest.

import { makeBars, makeGauge } from "./charts.js";
import { crisp, paint } from "./pixels.js";
import { makePlane } from "./plane.js";

const MAKERS = {
  image: makePicture,
  signed: makePicture,
  mosaic: makeMosaic,
  bars: makeBars,
  gauge: makeGauge,
  plane: makePlane,
  note: makeNote,
  glyph: makeGlyph,
};

/** Make the tile a description asks for; events go to `emit(name, data)`. */
export function makeTile(description, emit) {
  const tile = MAKERS[description.kind](description, emit);
  tile.node.classList.add("gs-tile", `gs-${description.kind}`);
  tile.node.dataset.tile = description.id;
  return { kind: description.kind, ...tile };
}

function makePicture({ id, click, size }, emit) {
  const picture = makeFrame(click);
  picture.node.dataset.size = size;
  if (click) picture.node.addEventListener("click", () => emit("pick", { id }));
  return picture;
}

/** A canvas in a frame with a caption; a button when it answers to clicks. */
function makeFrame(click) {
  const node = document.createElement(click ? "button" : "figure");
  if (click) node.type = "button";
  const frame = document.createElement("span");
  frame.className = "gs-frame";
  const canvas = document.createElement("canvas");
  const caption = document.createElement(click ? "span" : "figcaption");
  caption.className = "gs-caption";
  frame.append(canvas);
  node.append(frame, caption);
  new ResizeObserver(() => fit(frame, canvas)).observe(frame);

  function update(tile) {
    if (tile.pixels) {
      paint(canvas, tile);
      frame.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
      fit(frame, canvas);
    }
    if ("caption" in tile) caption.textContent = tile.caption ?? "";
    caption.hidden = !caption.textContent;
    if ("alt" in tile) describe(click ? node : canvas, tile.alt, click);
    if ("selected" in tile) node.setAttribute(click ? "aria-pressed" : "data-selected", String(Boolean(tile.selected)));
  }
  return { node, frame, canvas, update };
}

function describe(node, text, click) {
  if (!click) node.setAttribute("role", "img");
  node.setAttribute("aria-label", text);
}

function fit(frame, canvas) {
  const available = frame.clientWidth;
  if (available) canvas.style.width = `${crisp(available, canvas.width, devicePixelRatio)}px`;
}

/** Many pictures in one canvas: click, or arrows and Enter, choose one. */
function makeMosaic(description, emit) {
  const { id } = description;
  const picture = makeFrame(true);
  const { node, frame } = picture;
  node.dataset.size = description.size;
  const marker = document.createElement("i");
  marker.className = "gs-marker";
  const columnLabels = labels("gs-columns");
  const rowLabels = labels("gs-rows");
  const sheet = document.createElement("span"); // as large as the canvas, which may not fill its frame
  sheet.className = "gs-sheet";
  sheet.append(picture.canvas, marker, rowLabels);
  frame.append(sheet);
  node.prepend(columnLabels);
  let cells = description.cells;
  let cell = null;

  function mark(next) {
    cell = next;
    marker.hidden = !cell;
    if (!cell) return;
    const [rows, columns] = cells;
    marker.style.inset = `${(100 * cell[0]) / rows}% auto auto ${(100 * cell[1]) / columns}%`;
    marker.style.width = `${100 / columns}%`;
    marker.style.height = `${100 / rows}%`;
  }
  function pick(row, column) {
    mark([row, column]);
    emit("pick", { id, row, column });
  }
  node.addEventListener("click", (event) => {
    if (event.detail === 0) return pick(...(cell ?? [0, 0])); // Enter or Space
    const box = picture.canvas.getBoundingClientRect();
    const at = (offset, length, count) => Math.min(count - 1, Math.max(0, Math.floor((offset / length) * count)));
    return pick(at(event.clientY - box.top, box.height, cells[0]), at(event.clientX - box.left, box.width, cells[1]));
  });
  node.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [row, column] = cell ?? [0, 0];
    const inside = (value, count) => Math.min(count - 1, Math.max(0, value));
    pick(inside(row + step[0], cells[0]), inside(column + step[1], cells[1]));
  });

  function update(tile) {
    picture.update(tile);
    if (tile.cells) cells = tile.cells;
    if ("cell" in tile) mark(tile.cell);
    if (tile.row_labels) {
      fill(rowLabels, tile.row_labels);
      node.style.setProperty("--gs-rows", `${Math.max(...tile.row_labels.map((label) => label.length))}ch`);
    }
    if (tile.column_labels) fill(columnLabels, tile.column_labels);
  }
  mark(null);
  return { node, update };
}

function labels(className) {
  const node = document.createElement("span");
  node.className = className;
  node.setAttribute("aria-hidden", "true");
  return node;
}

function fill(node, texts) {
  node.replaceChildren(...texts.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
}

function makeNote() {
  const node = document.createElement("p");
  const lead = document.createElement("b");
  const text = document.createElement("span");
  node.append(lead, " ", text);

  function update(tile) {
    if ("lead" in tile) lead.textContent = tile.lead;
    if ("text" in tile) text.textContent = tile.text;
    if ("tone" in tile) node.dataset.tone = tile.tone;
  }
  return { node, update };
}

function makeGlyph({ sign }) {
  const node = document.createElement("span");
  node.textContent = sign;
  node.setAttribute("aria-hidden", "true");
  return { node, update: () => {} };
}
