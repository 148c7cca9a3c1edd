// Find the ink of a drawn or photographed digit: the twin of ui/ink.py, number for number.

import { roundEven } from "./resize.js";

const RING = 0.05; // the border that is taken for background, as a part of the shorter side
const RING_SAMPLES = 4000;
const NOISE_FLOOR = 4; // standard deviations of the background that are not ink
const QUIET = 4; // of 255; what JPEG does to a clean drawing stays below it
const DUST = 0.01; // a blot with less than this part of all ink is none of the digit's strokes
const TERMS = [() => 1, (x) => x, (_, y) => y, (x) => x * x, (x, y) => x * y, (_, y) => y * y];

/** Separate ink from background in grey values: {values in [0, 1], inverted, contrast of 255}. */
export function findInk(pixels, width, height) {
  // Plain loops: this runs with every stroke, and what array methods ask of their callbacks adds up.
  const { residual, noise } = subtractBackground(pixels, width, height);
  const threshold = Math.max(NOISE_FLOOR * noise, QUIET);
  let [dark, light] = [0, 0];
  for (let i = 0; i < residual.length; i += 1) {
    if (residual[i] < -threshold) dark -= residual[i] + threshold;
    else if (residual[i] > threshold) light += residual[i] - threshold;
  }
  const inverted = dark > light;
  const sign = inverted ? -1 : 1;
  const strong = [];
  for (let i = 0; i < residual.length; i += 1) if (sign * residual[i] > threshold) strong.push(sign * residual[i]);
  const contrast = strong.length ? percentile(Float64Array.from(strong).sort(), 0.9) : 0; // the maximum may be a speck
  const values = residual; // its place is used again
  if (contrast === 0) return { values: values.fill(0), inverted, contrast };
  const floor = Math.min(0.5, (NOISE_FLOOR * noise) / contrast);
  for (let i = 0; i < values.length; i += 1) {
    values[i] = Math.min(1, Math.max(0, ((sign * values[i]) / contrast - floor) / (1 - floor)));
  }
  removeDust(values, width, height);
  return { values, inverted, contrast: values.some((value) => value > 0) ? contrast : 0 };
}

/** Give the first index with ink and the one past the last, of ink summed along an axis. */
export function extent(profile) {
  return [profile.findIndex((sum) => sum > 0), profile.findLastIndex((sum) => sum > 0) + 1];
}

/** Sum values along rows and columns: [by row, by column]. */
export function profiles(values, width, height) {
  const [rows, columns] = [new Float64Array(height), new Float64Array(width)];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y] += values[y * width + x];
      columns[x] += values[y * width + x];
    }
  }
  return [rows, columns];
}

/** Give the places in the border of width `margin`, row by row. */
export function ring(width, height, margin) {
  const places = [];
  for (let y = 0; y < height; y += 1) {
    const whole = y < margin || y >= height - margin;
    for (let x = 0; x < width; x += 1) {
      if (whole || x < margin || x >= width - margin) places.push(y * width + x);
    }
  }
  return places;
}

export function median(values) {
  return percentile(Float64Array.from(values).sort(), 0.5);
}

/** Interpolate in sorted values, as numpy does. */
function percentile(sorted, share) {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [one, other] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]];
  return one + (other - one) * (place - below);
}

// A quadratic surface through the border follows a lamp's falloff over paper. Ink that touches the border is left out
// by its distance. Gives the difference and the standard deviation of what is left in.
function subtractBackground(pixels, width, height) {
  const margin = Math.max(1, roundEven(RING * Math.min(height, width)));
  const all = ring(width, height, margin);
  const stride = Math.ceil(all.length / RING_SAMPLES);
  const places = all.filter((_, i) => i % stride === 0);
  const across = (x) => (width > 1 ? -1 + (2 * x) / (width - 1) : -1);
  const down = (y) => (height > 1 ? -1 + (2 * y) / (height - 1) : -1);
  const border = places.map((place) => pixels[place]);
  const flat = (values) => [median(values), 0, 0, 0, 0, 0];
  let terms = null;
  const termsOf = () => {
    terms ??= places.map((place) => {
      const [x, y] = [across(place % width), down(Math.floor(place / width))];
      return TERMS.map((term) => term(x, y));
    });
    return terms;
  };
  const even = (surface) => surface.every((value, i) => i === 0 || value === 0);
  const off = (surface) =>
    even(surface)
      ? border.map((value) => value - surface[0])
      : border.map((value, i) => value - dot(termsOf()[i], surface));
  let surface = flat(border);
  let kept = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const distance = off(surface).map(Math.abs);
    const most = Math.max(2.5 * 1.4826 * median(distance), 2);
    kept = places.map((_, i) => i).filter((i) => distance[i] <= most);
    const inside = kept.map((i) => border[i]);
    if (Math.max(...inside) - Math.min(...inside) <= 2) {
      surface = flat(inside); // even, as a drawing is: a fit would only add rounding
      break;
    }
    const fitted = leastSquares(
      kept.map((i) => termsOf()[i]),
      inside,
    );
    if (!fitted) break;
    surface = fitted;
  }
  const rest = off(surface);
  const mean = kept.reduce((sum, i) => sum + rest[i], 0) / kept.length;
  const noise = Math.sqrt(kept.reduce((sum, i) => sum + (rest[i] - mean) ** 2, 0) / kept.length);
  const isFlat = even(surface);
  const residual = new Float64Array(pixels.length);
  for (let place = 0; place < pixels.length; place += 1) {
    let ground = surface[0];
    if (!isFlat) {
      const [x, y] = [across(place % width), down(Math.floor(place / width))];
      ground += surface[1] * x + surface[2] * y + surface[3] * x * x + surface[4] * x * y + surface[5] * y * y;
    }
    residual[place] = pixels[place] - ground;
  }
  return { residual, noise };
}

/** Fit `values` by the columns of `rows`: normal equations, which six polynomials on [-1, 1] do not spoil. */
function leastSquares(rows, values) {
  const size = TERMS.length;
  const matrix = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0)),
    rows.reduce((sum, row, n) => sum + row[i] * values[n], 0),
  ]);
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let i = column + 1; i < size; i += 1) {
      if (Math.abs(matrix[i][column]) > Math.abs(matrix[pivot][column])) pivot = i;
    }
    if (Math.abs(matrix[pivot][column]) < 1e-9 * rows.length) return null; // the border does not tell them apart
    [matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]];
    for (let i = 0; i < size; i += 1) {
      if (i === column) continue;
      const share = matrix[i][column] / matrix[column][column];
      for (let j = column; j <= size; j += 1) matrix[i][j] -= share * matrix[column][j];
    }
  }
  return matrix.map((row, i) => row[size] / row[i]);
}

/** Set to 0 what belongs to no stroke: blots, joined over corners too, with too little of all ink. */
function removeDust(values, width, height) {
  const blot = new Int32Array(values.length);
  const amounts = [0];
  const waiting = [];
  let total = 0;
  for (let start = 0; start < values.length; start += 1) {
    if (blot[start] || !(values[start] > 0)) continue;
    blot[start] = amounts.length;
    waiting.push(start);
    let amount = 0;
    while (waiting.length) {
      const place = waiting.pop();
      amount += values[place];
      const [x, y] = [place % width, Math.floor(place / width)];
      for (let j = Math.max(0, y - 1); j <= Math.min(height - 1, y + 1); j += 1) {
        for (let i = Math.max(0, x - 1); i <= Math.min(width - 1, x + 1); i += 1) {
          const next = j * width + i;
          if (blot[next] || !(values[next] > 0)) continue;
          blot[next] = amounts.length;
          waiting.push(next);
        }
      }
    }
    amounts.push(amount);
    total += amount;
  }
  for (let i = 0; i < values.length; i += 1) if (amounts[blot[i]] < DUST * total) values[i] = 0;
}

function dot(one, other) {
  return one.reduce((sum, value, i) => sum + value * other[i], 0);
}
