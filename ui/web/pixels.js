// From a tile's bytes to RGBA, and from RGBA to a canvas of exactly that many pixels; CSS does the enlarging.

// Dark at zero, blue below, amber above: told apart by every kind of colour vision, and calm where nothing changes.
const NEGATIVE = [104, 178, 255];
const ZERO = [16, 18, 24];
const POSITIVE = [255, 184, 84];

/** Decode base64 into bytes. */
export function decode(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Give the colour of a signed value in [-1, 1]. */
export function diverging(value) {
  const end = value < 0 ? NEGATIVE : POSITIVE;
  const share = Math.min(1, Math.abs(value)) ** 0.75;
  return ZERO.map((zero, i) => Math.round(zero + (end[i] - zero) * share));
}

/** Turn grey or RGB bytes (`signed`: int8 of a heat map) into RGBA. */
export function toRGBA(bytes, [height, width, channels], signed = false) {
  const rgba = new Uint8ClampedArray(height * width * 4);
  for (let i = 0; i < height * width; i += 1) {
    if (signed) {
      rgba.set(diverging(((bytes[i] << 24) >> 24) / 127), i * 4);
    } else {
      for (let c = 0; c < 3; c += 1) rgba[i * 4 + c] = bytes[i * channels + (channels === 3 ? c : 0)];
    }
    rgba[i * 4 + 3] = 255;
  }
  return rgba;
}

/** Draw a tile's pixels on its canvas. */
export function paint(canvas, { pixels, shape, kind }) {
  const [height, width] = shape;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const bytes = typeof pixels === "string" ? decode(pixels) : pixels;
  canvas.getContext("2d").putImageData(new ImageData(toRGBA(bytes, shape, kind === "signed"), width, height), 0, 0);
}

/** Read a canvas back as a tile's bytes. */
export function bytesOf(canvas, channels) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const bytes = new Uint8Array((data.length / 4) * channels);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = data[4 * Math.floor(i / channels) + (i % channels)];
  return bytes;
}

/** Give the largest CSS size at which every pixel covers a whole number of device pixels. */
export function crisp(available, pixels, ratio) {
  const times = Math.floor((available * ratio) / pixels);
  return times < 3 ? available : (times * pixels) / ratio;
}
