// Files made in the browser: PNG, GIF, WebM, npy.

import { toRGBA } from "./pixels.js";

const GIF_CDN = "https://cdn.jsdelivr.net/npm/gifenc@";
const FRAME_MS = 80;
let encoder;

/** Offer a file to the visitor. */
export function save(blob, name) {
  const anchor = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}

/** Draw a tile's bytes, or a canvas, each pixel `times` as wide. */
export function enlarged(source, times) {
  const small = source.getContext ? source : canvasOf(source);
  const canvas = blank(small.width * times, small.height * times);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function png(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Lay tiles out in rows of `columns`. */
export function gridOf(tiles, columns, times = 2) {
  const [height, width] = tiles[0].shape;
  const canvas = blank(width * columns, height * Math.ceil(tiles.length / columns));
  const context = canvas.getContext("2d");
  tiles.forEach((tile, i) => {
    context.drawImage(canvasOf(tile), (i % columns) * width, Math.floor(i / columns) * height);
  });
  return enlarged(canvas, times);
}

/** Make a GIF that loops for ever; grey pictures keep every grey, coloured ones get 256 colours a frame. */
export async function gif(tiles, times, where) {
  const { GIFEncoder, quantize, applyPalette } = await loadEncoder(where);
  const made = GIFEncoder();
  const greys = Array.from({ length: 256 }, (_, i) => [i, i, i]);
  for (const tile of tiles) {
    const canvas = enlarged(tile, times);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const grey = tile.shape[2] === 1;
    const palette = grey ? greys : quantize(data, 256);
    const index = grey
      ? Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i])
      : applyPalette(data, palette);
    made.writeFrame(index, canvas.width, canvas.height, { palette, delay: FRAME_MS });
  }
  made.finish();
  return new Blob([made.bytes()], { type: "image/gif" });
}

function loadEncoder({ base, version, integrity, local }) {
  encoder ??= (async () => {
    if (local) return import(new URL(`${base}/gifenc.esm.js`, document.baseURI));
    const answer = await fetch(`${GIF_CDN}${version}/dist/gifenc.esm.js`, { integrity, mode: "cors" });
    if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
    return import(URL.createObjectURL(new Blob([await answer.text()], { type: "text/javascript" })));
  })();
  encoder.catch(() => (encoder = null)); // tried anew the next time
  return encoder;
}

export function canRecord() {
  return Boolean(window.MediaRecorder?.isTypeSupported?.("video/webm") && HTMLCanvasElement.prototype.captureStream);
}

/** Record tiles as a film, in the time it takes to play it. */
export async function webm(tiles, times) {
  const canvas = enlarged(tiles[0], times);
  const context = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(30), {
    mimeType: "video/webm",
    videoBitsPerSecond: 4_000_000,
  });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const done = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (const tile of tiles) {
    context.drawImage(enlarged(tile, times), 0, 0);
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
  }
  recorder.stop();
  await done;
  return new Blob(parts, { type: "video/webm" });
}

/** Write float32 numbers as numpy does (format 1.0: a header of a multiple of 64 bytes, then the numbers). */
export function npy(values) {
  const about = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`;
  const size = Math.ceil((about.length + 11) / 64) * 64;
  const bytes = new Uint8Array(size + 4 * values.length);
  bytes.set([0x93, ...[..."NUMPY"].map((letter) => letter.charCodeAt(0)), 1, 0, (size - 10) & 255, (size - 10) >> 8]);
  bytes.set(
    [...`${about.padEnd(size - 11)}\n`].map((letter) => letter.charCodeAt(0)),
    10,
  );
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(size + 4 * i, value, true));
  return new Blob([bytes], { type: "application/octet-stream" });
}

function canvasOf({ pixels, shape }) {
  const canvas = blank(shape[1], shape[0]);
  canvas.getContext("2d").putImageData(new ImageData(toRGBA(pixels, shape), shape[1], shape[0]), 0, 0);
  return canvas;
}

function blank(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}
