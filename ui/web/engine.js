// The engine of the visitor's browser, as the page sees it: nets that run in a worker, and what their pictures become.
//
// Where anything fails or takes too long, nothing here is used and the server computes as before.

import { roundEven } from "./resize.js";

const TOO_LONG_MS = 8000;
const MOST_MODELS = 8;
const models = new Map(); // by address, which names the version of the weights
const waiting = new Map(); // for the worker's answers
let worker;
let asked = 0;

/**
 * Open a model's nets; `names` are opened and tried at once, others by `open(name)` or when they are first run.
 *
 * Whoever asks for the same model again gets the same; one that failed is tried anew.
 */
export function openModel(where, told, names) {
  const { url } = told;
  if (!models.has(url)) {
    const model = {
      open: (name) => ask("open", url, name),
      run: (...job) => ask("run", url, ...job), // see ui/web/nets.js
    };
    const at = (address) => new URL(address, document.baseURI).href;
    const made = ask("make", url, { ...where, base: at(where.base) }, { ...told, url: at(url) });
    const opening = inTime(Promise.all([made, ...names.map(model.open)]), TOO_LONG_MS).then(() => model);
    if (models.size >= MOST_MODELS) forget(models.keys().next().value);
    models.set(url, opening);
    opening.catch(() => forget(url));
  }
  return models.get(url);
}

function forget(url) {
  models.delete(url);
  ask("drop", url).catch(() => {});
}

/** Let the worker do a job. */
function ask(what, model, ...args) {
  return new Promise((resolve, reject) => {
    worker ??= begin();
    asked += 1;
    waiting.set(asked, { resolve, reject });
    worker.postMessage({ id: asked, what, model, args });
  });
}

function begin() {
  const begun = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  begun.addEventListener("message", ({ data: { id, made, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(made);
    else reject(new Error(error));
  });
  begun.addEventListener("error", ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(message || "The engine's worker did not start."));
    waiting.clear();
    worker = undefined; // the next to ask begins another
  });
  return begun;
}

/** Turn one picture of a batch, channels first in [-1, 1], into a tile's bytes, channels last. */
export function toBytes(values, [channels, height, width], row = 0) {
  const area = height * width;
  const bytes = new Uint8Array(channels * area);
  const start = row * channels * area;
  for (let c = 0; c < channels; c += 1) {
    for (let i = 0; i < area; i += 1) {
      const value = Math.min(1, Math.max(-1, values[start + c * area + i]));
      bytes[i * channels + c] = roundEven((value + 1) * 127.5);
    }
  }
  return bytes;
}

/** Lay pictures of a batch out in rows of `columns`, as one tile's bytes. */
export function toSheet(values, shape, count, columns) {
  const [channels, height, width] = shape;
  const rows = count / columns;
  const line = width * channels;
  const sheet = new Uint8Array(rows * height * columns * line);
  for (let n = 0; n < count; n += 1) {
    const bytes = toBytes(values, shape, n);
    const left = (n % columns) * line;
    const top = Math.floor(n / columns) * height;
    for (let y = 0; y < height; y += 1) {
      sheet.set(bytes.subarray(y * line, (y + 1) * line), (top + y) * columns * line + left);
    }
  }
  return { pixels: sheet, shape: [rows * height, columns * width, channels] };
}

function inTime(promise, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ready within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
