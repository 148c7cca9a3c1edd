// Pictures made smaller or larger, in whole numbers, as Pillow does it (ui/images.py): the same bytes in both languages.
//
// A picture is {pixels, width, height, channels}: bytes, channels last.

const PRECISION = 2 ** 22;
const HAMMING = (x) => {
  if (x === 0) return 1;
  if (Math.abs(x) >= 1) return 0;
  const angle = x * Math.PI;
  return (Math.sin(angle) / angle) * (0.54 + 0.46 * Math.cos(angle));
};
const BILINEAR = (x) => Math.max(0, 1 - Math.abs(x));

/** Round halves to the even neighbour, as Python does. */
export function roundEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

/** Make a picture's longest side `side`. */
export function fit(picture, side) {
  const ratio = side / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width, picture.height].map((one) => Math.max(1, roundEven(one * ratio)));
  return resize(picture, width, height);
}

/** Bring a picture, or a `box` {left, top, width, height} of it, to a size; areas are averaged where they are whole. */
export function resize(
  picture,
  width,
  height,
  box = { left: 0, top: 0, width: picture.width, height: picture.height },
) {
  if (box.width % width === 0 && box.height % height === 0) {
    return reduce(picture, box.width / width, box.height / height, box);
  }
  const filter = width < box.width || height < box.height ? HAMMING : BILINEAR;
  let made = picture;
  if (width !== picture.width || box.left || box.width !== picture.width) {
    made = along(made, 1, width, box.left, box.width, filter);
  }
  if (height !== picture.height || box.top || box.height !== picture.height) {
    made = along(made, made.width, height, box.top, box.height, filter);
  }
  return made;
}

/** Repeat pixels up to a square of `size`. */
export function repeat({ pixels, width, height, channels }, size) {
  const made = new Uint8Array(size * size * channels);
  for (let y = 0; y < size; y += 1) {
    const line = Math.floor(((y + 0.5) * height) / size) * width;
    for (let x = 0; x < size; x += 1) {
      const from = (line + Math.floor(((x + 0.5) * width) / size)) * channels;
      made.set(pixels.subarray(from, from + channels), (y * size + x) * channels);
    }
  }
  return { pixels: made, width: size, height: size, channels };
}

/** Average areas of `across` x `down` pixels; what is left over at the far edges is an area of its own. */
export function reduce(picture, across, down, box = { left: 0, top: 0, width: picture.width, height: picture.height }) {
  const { pixels, channels } = picture;
  const [width, height] = [Math.ceil(box.width / across), Math.ceil(box.height / down)];
  const made = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    const rows = Math.min(down, box.height - y * down);
    for (let x = 0; x < width; x += 1) {
      const columns = Math.min(across, box.width - x * across);
      const area = rows * columns;
      const multiplier = Math.floor(Math.fround(2 ** 32 / (256 * area)));
      for (let c = 0; c < channels; c += 1) {
        let sum = 0;
        for (let j = 0; j < rows; j += 1) {
          const line = (box.top + y * down + j) * picture.width + box.left + x * across;
          for (let i = 0; i < columns; i += 1) sum += pixels[(line + i) * channels + c];
        }
        made[(y * width + x) * channels + c] = Math.floor(((sum + Math.floor(area / 2)) * multiplier) / 2 ** 24);
      }
    }
  }
  return { pixels: made, width, height, channels };
}

/** Resample along one axis: x where `stride` is 1, y where it is the picture's width. */
function along({ pixels, width, height, channels }, stride, size, start, length, filter) {
  const across = stride === 1;
  const from = across ? width : height;
  const taps = weights(from, start, length, size, filter);
  const made = { width: across ? size : width, height: across ? height : size, channels };
  made.pixels = new Uint8Array(made.width * made.height * channels);
  for (let y = 0; y < made.height; y += 1) {
    for (let x = 0; x < made.width; x += 1) {
      const { first, steps } = taps[across ? x : y];
      const origin = across ? y * width + first : first * width + x;
      for (let c = 0; c < channels; c += 1) {
        let sum = PRECISION / 2;
        for (let i = 0; i < steps.length; i += 1) sum += pixels[(origin + i * stride) * channels + c] * steps[i];
        made.pixels[(y * made.width + x) * channels + c] = Math.min(255, Math.max(0, Math.floor(sum / PRECISION)));
      }
    }
  }
  return made;
}

/** Give, for each pixel of `size`, the first pixel it reads and their weights in steps of 2 ** -22. */
function weights(from, start, length, size, filter) {
  const scale = length / size;
  const wide = Math.max(1, scale);
  return Array.from({ length: size }, (_, place) => {
    const centre = start + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - wide + 0.5));
    const last = Math.min(from, Math.trunc(centre + wide + 0.5));
    const parts = Array.from({ length: last - first }, (_, i) => filter((i + first - centre + 0.5) * (1 / wide)));
    const whole = parts.reduce((sum, part) => sum + part, 0) || 1;
    return { first, steps: parts.map((part) => Math.trunc(0.5 + (part / whole) * PRECISION)) };
  });
}

/** Turn RGB into grey, as Pillow weighs the colours. */
export function grey({ pixels, width, height, channels }) {
  if (channels === 1) return { pixels, width, height, channels };
  const made = new Uint8Array(width * height);
  for (let i = 0; i < made.length; i += 1) {
    made[i] = (pixels[3 * i] * 19595 + pixels[3 * i + 1] * 38470 + pixels[3 * i + 2] * 7471 + 0x8000) >> 16;
  }
  return { pixels: made, width, height, channels: 1 };
}
