// A pad to draw a digit on: white ink on black, 280 x 280. The tab's own engine reads it with every stroke; where that
// does not draw, it is sent as PNG while drawing.

import { steady } from "./events.js";

const SIDE = 280;
const EVERY_MS = 90;
const BRUSHES = [12, 20, 30];

/** Call `act` at most once in `wait` ms, and once more after the last call. */
export function throttle(act, wait) {
  let timer = 0;
  let again = false;
  return function call() {
    if (timer) {
      again = true;
      return;
    }
    act();
    timer = setTimeout(() => {
      timer = 0;
      if (again) {
        again = false;
        call();
      }
    }, wait);
  };
}

/** Join a drawing pad of ui/canvas.py to the page. */
export function mountPad(element, { props, watch, trigger }) {
  const { texts } = props;
  const root = element.querySelector(".gs-root");
  root.innerHTML =
    `<div class="gs-paper"><canvas width="${SIDE}" height="${SIDE}" role="img"></canvas><p></p></div>` +
    '<div class="gs-tools"><button type="button"></button><button type="button"></button><button type="button"></button></div>';
  const canvas = root.querySelector("canvas");
  const hint = root.querySelector("p");
  const [undo, clear, brush] = root.querySelectorAll("button");
  canvas.setAttribute("aria-label", texts.pad);
  hint.textContent = texts.pad_hint;
  undo.textContent = texts.undo;
  clear.textContent = texts.clear;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let strokes = [];
  let stroke = null;
  let backdrop = null; // a picture shown: {image, keep}
  let width = BRUSHES[1];

  const say = steady(trigger);
  const filled = () => strokes.length > 0 || backdrop !== null;
  const post = throttle(() => {
    say("draw", { png: filled() ? canvas.toDataURL("image/png").split(",")[1] : "" });
  }, EVERY_MS);
  const read = () => (filled() ? context.getImageData(0, 0, SIDE, SIDE) : null);
  const { id } = element.closest(".block");
  function send() {
    if (!window.ganscope?.pads?.[id]?.(read)) post();
  }

  function redraw() {
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
    if (backdrop) {
      const { width: across, height: down } = backdrop.image;
      const scale = SIDE / Math.max(across, down);
      context.imageSmoothingEnabled = scale < 4; // a model's own small picture keeps its pixels
      context.drawImage(
        backdrop.image,
        (SIDE - across * scale) / 2,
        (SIDE - down * scale) / 2,
        across * scale,
        down * scale,
      );
    }
    Object.assign(context, { strokeStyle: "#fff", lineCap: "round", lineJoin: "round" });
    for (const { points, width: thickness } of strokes) {
      context.lineWidth = thickness;
      context.beginPath();
      context.moveTo(...points[0]);
      for (const point of points) context.lineTo(...point);
      context.stroke();
    }
    undo.disabled = strokes.length === 0;
    hint.hidden = filled();
    clear.disabled = !hint.hidden;
  }
  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }
  function change(act) {
    act();
    redraw();
    send();
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    stroke = { points: [at(event)], width };
    change(() => {
      if (!backdrop?.keep) backdrop = null;
      strokes.push(stroke);
    });
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    change(() => stroke.points.push(...(moves.length ? moves : [event]).map(at)));
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (stroke = null));
  undo.addEventListener("click", () => change(() => strokes.pop()));
  clear.addEventListener("click", () =>
    change(() => {
      strokes = [];
      backdrop = null;
    }),
  );
  /** Show a picture; `keep`: strokes go on top of it, else the first one replaces it. */
  function show(image, keep) {
    strokes = [];
    backdrop = { image, keep };
    redraw();
  }
  root.pad = { show };
  watch("value", () => {
    if (!props.value) return;
    const { source, keep } = JSON.parse(props.value);
    const image = new Image();
    image.addEventListener("load", () => show(image, keep));
    image.src = source;
  });
  function setBrush(next) {
    width = next;
    brush.style.setProperty("--brush", `${(18 * next) / BRUSHES[2]}px`);
    brush.setAttribute("aria-label", `${texts.brush}: ${BRUSHES.indexOf(next) + 1} / ${BRUSHES.length}`);
  }
  brush.className = "gs-brush";
  brush.addEventListener("click", () => setBrush(BRUSHES[(BRUSHES.indexOf(width) + 1) % BRUSHES.length]));
  setBrush(width);
  redraw();
}
