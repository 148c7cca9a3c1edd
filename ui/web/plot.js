// One chart on one canvas: axes, lines, a marked level, and the step that is looked at.

const PADDING = { left: 40, right: 8, top: 8, bottom: 20 };
const DASHES = [[], [5, 4], [2, 3], [9, 3, 2, 3]];
const SMOOTH_FROM = 60; // points from which on a line is smoothed, its own points pale behind it
export const COLOURS = 6;

/**
 * Draw lines {steps, values, colour, dash}; at most two points a pixel are drawn, so ten thousand cost what a hundred do.
 * Returns {stepAt(x)}: the step under a place of the canvas.
 */
export function plot(canvas, lines, { log = false, mark = null, at = null, low, high } = {}) {
  const ratio = globalThis.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width || !height) return null;
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const colour = (index) => style.getPropertyValue(index === "mark" ? "--gs-mark" : `--gs-c${index % COLOURS}`).trim();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);

  // The scales: from the first step to the last, and from the lowest value to the highest.
  const inner = { width: width - PADDING.left - PADDING.right, height: height - PADDING.top - PADDING.bottom };
  const smoothed = lines.map((line) => smooth(line.values));
  const [bottom, top] = extent(lines, smoothed, { log, mark, low, high });
  const last = Math.max(1, ...lines.map((line) => line.steps.at(-1) ?? 0));
  const up = log ? (value) => Math.log10(Math.max(value, 1e-6)) : (value) => value;
  const [from, to] = [up(bottom), up(top)];
  const x = (step) => PADDING.left + (step / last) * inner.width;
  const y = (value) => PADDING.top + (1 - (up(value) - from) / (to - from || 1)) * inner.height;

  // Axes.
  pen.font = `11px ${style.fontFamily}`;
  pen.fillStyle = style.color;
  pen.strokeStyle = style.getPropertyValue("--gs-grid").trim();
  pen.lineWidth = 1;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const value of ticks(bottom, top, log)) {
    const place = Math.round(y(value)) + 0.5;
    line(pen, [
      [PADDING.left, place],
      [width - PADDING.right, place],
    ]);
    pen.fillText(short(value), PADDING.left - 6, place);
  }
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const step of ticks(0, last, false, Math.max(2, Math.floor(inner.width / 56)))) {
    const text = short(step);
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(x(step), width - half), height - PADDING.bottom + 6);
  }

  // Lines.
  pen.save();
  pen.beginPath();
  pen.rect(PADDING.left, 0, inner.width + PADDING.right, height - PADDING.bottom + 2);
  pen.clip();
  if (mark) {
    pen.strokeStyle = colour("mark");
    pen.lineWidth = 1.5;
    pen.setLineDash([2, 3]);
    line(pen, [
      [PADDING.left, y(mark[0])],
      [width - PADDING.right, y(mark[0])],
    ]);
    pen.setLineDash([]);
  }
  pen.lineJoin = "round";
  lines.forEach(({ steps, values, colour: index, dash = 0 }, i) => {
    pen.strokeStyle = colour(index);
    const calm = smoothed[i];
    if (calm !== values) {
      pen.globalAlpha = 0.22;
      pen.lineWidth = 1;
      line(pen, thin(steps, values, x, y));
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.setLineDash(DASHES[dash % DASHES.length]);
    line(pen, thin(steps, calm, x, y));
    pen.setLineDash([]);
    if (steps.length === 1) dot(pen, x(steps[0]), y(values[0]), colour(index));
  });
  if (at !== null) {
    pen.strokeStyle = style.color;
    pen.lineWidth = 1;
    line(pen, [
      [x(at), PADDING.top],
      [x(at), height - PADDING.bottom],
    ]);
  }
  pen.restore();
  return { stepAt: (place) => Math.round(Math.min(1, Math.max(0, (place - PADDING.left) / inner.width)) * last) };
}

/** Average over about a fiftieth of the line, as it was known at each step; short lines stay as they are. */
export function smooth(values) {
  if (values.length < SMOOTH_FROM) return values;
  const weight = 1 / (1 + values.length / 50);
  const calm = new Float64Array(values.length);
  let mean = 0;
  let share = 0;
  for (let i = 0; i < values.length; i += 1) {
    mean += weight * (values[i] - mean);
    share += weight * (1 - share); // of the mean that is not its start at zero
    calm[i] = mean / share;
  }
  return calm;
}

/** Give the lowest and the highest value to show; a few points far outside the smoothed lines may be cut off. */
export function extent(lines, smoothed, { log, mark, low, high }) {
  let bottom = Infinity;
  let top = -Infinity;
  lines.forEach((_, i) => {
    for (const value of smoothed[i]) {
      if (log && value <= 0) continue;
      if (value < bottom) bottom = value;
      if (value > top) top = value;
    }
  });
  if (mark) [bottom, top] = [Math.min(bottom, mark[0]), Math.max(top, mark[0])];
  if (bottom > top) [bottom, top] = log ? [0.1, 1] : [0, 1];
  if (log) return [bottom / 1.2, top * 1.2];
  const room = 0.08 * (top - bottom || Math.abs(top) || 1);
  return [low ?? bottom - room, high ?? top + room];
}

/** Give the points to draw: of each pixel column the first, the lowest, the highest and the last. */
export function thin(steps, values, x, y) {
  const points = [];
  if (steps.length < 600) {
    for (let i = 0; i < steps.length; i += 1) points.push([x(steps[i]), y(values[i])]);
    return points;
  }
  for (let i = 0; i < steps.length; ) {
    const column = Math.floor(x(steps[i]));
    const begin = i;
    let [least, most] = [i, i];
    for (; i < steps.length && Math.floor(x(steps[i])) === column; i += 1) {
      if (values[i] < values[least]) least = i;
      if (values[i] > values[most]) most = i;
    }
    const chosen = [begin, Math.min(least, most), Math.max(least, most), i - 1];
    for (let k = 0; k < chosen.length; k += 1) {
      if (k && chosen[k] === chosen[k - 1]) continue;
      points.push([x(steps[chosen[k]]), y(values[chosen[k]])]);
    }
  }
  return points;
}

/** Choose round values from low to high. */
export function ticks(low, high, log, most = 4) {
  if (!(high > low)) return [];
  if (log) {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const part of high / low > 50 ? [1] : [1, 2, 5]) {
        const value = part * 10 ** power;
        if (value >= low && value <= high) found.push(value);
      }
    }
    return found.slice(0, 2 * most);
  }
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((part) => part * power).find((size) => size >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return found;
}

function short(value) {
  if (Math.abs(value) >= 1000) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

function line(pen, points) {
  pen.beginPath();
  for (let i = 0; i < points.length; i += 1) pen.lineTo(points[i][0], points[i][1]);
  pen.stroke();
}

function dot(pen, x, y, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, 3, 0, 7);
  pen.fill();
}
