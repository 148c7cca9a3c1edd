// A visitor's picture, brought into the form that a model was trained on without leaving the browser: the twin of
// ui/images.py. A picture is {pixels, width, height, channels}: bytes, channels last.

import { extent, findInk, median, profiles, ring } from "./ink.js";
import { fit, grey, reduce, resize, roundEven } from "./resize.js";
import { fill } from "./text.js";

const DIGIT_BOX = 20 / 28; // MNIST: the longest side of the ink, as a part of the side of the picture
const BLACK_LEVEL = 10; // of 255; a border no lighter than this is a black background
const MIN_CONTRAST = 12; // of 255, between ink and background
const WORK_SIDE = 400; // ink is looked for at this size at most
const KEPT_PIXELS = 4_000_000; // larger pictures are shrunk as they are read

/** A picture that is refused; `refusal` is the key of its sentence in ui/canvas.py, `values` fill it. */
export class Refused extends Error {
  constructor(refusal, values = {}) {
    super(refusal);
    Object.assign(this, { refusal, values });
  }
}

/** Say why a picture was refused, or what else went wrong. */
export function sentence(error, texts) {
  return error instanceof Refused ? fill(texts[error.refusal], error.values) : String(error.message ?? error);
}

/**
 * Bring a picture into the form a model learned: {pixels, width, height, channels} of its size, and the `steps` that
 * changed something. What learned digits gets `digitView`, all else the centre square.
 */
export function prepare(picture, { digits, shape }) {
  const [channels, size] = shape;
  if (digits) return digitView(picture, size);
  const steps = picture.width === size && picture.height === size ? [] : ["centre square", "scaled"];
  return { ...centreSquare(picture, size, channels), steps };
}

/** Crop the centre square and bring it to `size`. */
export function centreSquare(picture, size, channels) {
  const side = Math.min(picture.width, picture.height);
  const [left, top] = [picture.width - side, picture.height - side].map((rest) => Math.floor(rest / 2));
  const square = resize(picture, size, size, { left, top, width: side, height: side });
  return channels === 1 ? grey(square) : coloured(square);
}

/** Prepare a drawn or photographed digit as MNIST's were; see ui/images.digit_view. */
export function digitView(picture, size) {
  const large = Math.max(picture.width, picture.height) > WORK_SIDE;
  const { pixels, width, height } = grey(large ? fit(picture, WORK_SIDE) : picture);
  const found = findInk(pixels, width, height);
  const steps = found.inverted ? ["inverted"] : [];
  const light = found.inverted ? pixels.map((value) => 255 - value) : pixels;
  const same = picture.width === size && picture.height === size;
  if (same && median(ring(size, size, 1).map((place) => light[place])) <= BLACK_LEVEL) {
    return { pixels: light, width, height, channels: 1, steps };
  }
  if (found.contrast < MIN_CONTRAST) {
    throw new Refused("no_ink", { ink: found.inverted ? "dark" : "light", contrast: found.contrast });
  }
  const ink = new Uint8Array(light.length);
  for (let i = 0; i < ink.length; i += 1) ink[i] = roundEven(found.values[i] * 255);
  if (ink.some((value, i) => Math.abs(value - light[i]) > 1)) steps.push("levelled");
  const [[top, bottom], [left, right]] = profiles(ink, width, height).map(extent);
  const box = { left, top, width: right - left, height: bottom - top };
  const cropped = resize({ pixels: ink, width, height, channels: 1 }, box.width, box.height, box);
  if (box.width !== width || box.height !== height) steps.push("cropped to ink");
  const scaled = fit(cropped, roundEven(size * DIGIT_BOX));
  if (scaled.width !== box.width || scaled.height !== box.height || large) steps.push("scaled");
  const most = scaled.pixels.reduce((one, other) => Math.max(one, other));
  const digit = scaled.pixels.map((value) => roundEven(value * (255 / most))); // thin strokes pale when they shrink
  const [y, x] = profiles(digit, scaled.width, scaled.height).map((profile) => centredAt(profile, size));
  const canvas = new Uint8Array(size * size);
  for (let row = 0; row < scaled.height; row += 1) {
    canvas.set(digit.subarray(row * scaled.width, (row + 1) * scaled.width), (y + row) * size + x);
  }
  return { pixels: canvas, width: size, height: size, channels: 1, steps: [...steps, "centred"] };
}

/** Give the start that brings the centre of mass of a profile to the middle of `size`, inside it. */
function centredAt(profile, size) {
  const whole = profile.reduce((sum, value) => sum + value, 0);
  const centre = profile.reduce((sum, value, i) => sum + i * value, 0) / whole;
  return Math.min(size - profile.length, Math.max(0, roundEven(size / 2 - centre)));
}

/** Turn bytes, channels last, into what the nets read: [-1, 1], channels first. */
export function toValues({ pixels, width, height, channels }) {
  const area = width * height;
  const values = new Float32Array(channels * area);
  for (let i = 0; i < area; i += 1) {
    for (let c = 0; c < channels; c += 1) values[c * area + i] = Math.fround(pixels[i * channels + c] / 127.5) - 1;
  }
  return values;
}

/** Decode a file of the visitor's on their device: RGB, upright, alpha over white. */
export async function readFile(file) {
  let image;
  try {
    image = await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    throw new Refused("unreadable");
  }
  const divisor = Math.ceil(Math.sqrt((image.width * image.height) / KEPT_PIXELS));
  try {
    return divisor > 1 ? reduce(pixelsOf(image), divisor, divisor) : pixelsOf(image);
  } finally {
    image.close();
  }
}

/** Read an image's, or a canvas's, pixels over white. */
export function pixelsOf(image, channels = 3) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: image.width, height: image.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  return fromRGBA(context.getImageData(0, 0, canvas.width, canvas.height), channels);
}

/** Leave the alpha of opaque pixels out, and two of three equal colours where one channel is wanted. */
export function fromRGBA({ data, width, height }, channels) {
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i += 1) {
    for (let c = 0; c < channels; c += 1) pixels[i * channels + c] = data[4 * i + c];
  }
  return { pixels, width, height, channels };
}

function coloured(picture) {
  if (picture.channels === 3) return picture;
  const pixels = new Uint8Array(picture.pixels.length * 3);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = picture.pixels[Math.floor(i / 3)];
  return { ...picture, pixels, channels: 3 };
}
