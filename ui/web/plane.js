// A square to drag over: two codes at once, over pictures of what each place draws.

import { paint } from "./pixels.js";

const RANGE = 2;
const STEP = 0.05;

/** Both axes run from -2 to 2, y upwards; the trained square [-1, 1] is outlined. */
export function makePlane({ id }, emit) {
  const node = document.createElement("figure");
  node.innerHTML =
    '<div class="gs-field" tabindex="0" role="application"><canvas></canvas><i class="gs-trained"></i>' +
    '<i class="gs-cross"></i></div><span class="gs-x"></span><span class="gs-y"></span>';
  const [field, xName, yName] = node.children;
  const [background, , cross] = field.children;
  const position = { x: 0, y: 0 };
  let held = false;
  let frame = 0;

  const snap = (value) => Math.round(Math.min(RANGE, Math.max(-RANGE, value)) / STEP) * STEP;
  function move(x, y) {
    position.x = Number(snap(x).toFixed(2));
    position.y = Number(snap(y).toFixed(2));
    show();
    // One event for each frame is as much as anyone can see.
    if (!frame)
      frame = requestAnimationFrame(() => {
        frame = 0;
        emit("drag", { id, ...position });
      });
  }
  function show() {
    cross.style.left = `${(50 * (position.x + RANGE)) / RANGE}%`;
    cross.style.top = `${(50 * (RANGE - position.y)) / RANGE}%`;
  }
  function follow(event) {
    const box = field.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 2 * RANGE - RANGE;
    move(x, RANGE - ((event.clientY - box.top) / box.height) * 2 * RANGE);
  }
  function release() {
    if (!held) return;
    held = false;
    if (frame) {
      // The last position goes first: the drag that waits for its frame would undo what a release draws.
      cancelAnimationFrame(frame);
      frame = 0;
      emit("drag", { id, ...position });
    }
    emit("release", { id, ...position });
  }
  field.addEventListener("pointerdown", (event) => {
    held = true;
    field.setPointerCapture(event.pointerId);
    follow(event);
  });
  field.addEventListener("pointermove", (event) => held && follow(event));
  field.addEventListener("pointerup", release);
  field.addEventListener("pointercancel", release);
  field.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const far = event.shiftKey ? 5 : 1;
    move(position.x + step[0] * STEP * far, position.y + step[1] * STEP * far);
    held = true;
    release();
  });

  function update(tile) {
    if (tile.pixels) paint(background, tile);
    if ("x_name" in tile) xName.textContent = tile.x_name;
    if ("y_name" in tile) yName.textContent = tile.y_name;
    if ("alt" in tile) field.setAttribute("aria-label", tile.alt);
    // While the visitor holds the cross, answers to earlier positions must not move it.
    if (!held && "x" in tile) {
      Object.assign(position, { x: tile.x, y: tile.y });
      show();
    }
  }
  show();
  return { node, update };
}
