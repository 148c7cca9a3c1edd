// The generators in the visitor's browser: onnxruntime-web (WebAssembly, one thread), one session a net.
//
// A net is trusted only after it has made of a seeded input what torch made of it (golden.json). Where anything fails
// or takes too long, nothing here is used and the server computes as before.

import { latent } from "./random.js";

const TOO_LONG_MS = 8000;
const GREY = 1 / 127.5; // one of 255 steps of a picture in [-1, 1]
const CDN = "https://cdn.jsdelivr.net/npm/onnxruntime-web@";

const MOST_MODELS = 8;
const models = new Map(); // by address, which names the version of the weights
let runtime;

/** Load onnxruntime-web once: from the app, else the same version from a CDN, checked against its digests. */
export function loadRuntime({ base, version, integrity, local }) {
  runtime ??= (async () => {
    const files = {
      script: "ort.wasm.min.mjs",
      glue: "ort-wasm-simd-threaded.mjs",
      wasm: "ort-wasm-simd-threaded.wasm",
    };
    const from = local ? `${base}/` : `${CDN}${version}/dist/`;
    const get = (file) => fetch(from + file, local ? {} : { integrity: integrity[file], mode: "cors" }).then(whole);
    const blob = async (file) => {
      const text = await (await get(file)).blob();
      return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    };
    const script = local ? new URL(from + files.script, document.baseURI).href : await blob(files.script);
    const [ort, wasmBinary] = await Promise.all([
      import(script),
      get(files.wasm).then((answer) => answer.arrayBuffer()),
    ]);
    const mjs = local ? new URL(from + files.glue, document.baseURI).href : await blob(files.glue);
    Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary, wasmPaths: { mjs } });
    return ort;
  })();
  return runtime;
}

/**
 * Open a model's nets; `names` are opened and tried at once, others when they are first run.
 *
 * Whoever asks for the same model again gets the same; one that failed is tried anew.
 */
export function openModel(where, told, names) {
  if (!models.has(told.url)) {
    const opening = openNets(where, told, names);
    if (models.size >= MOST_MODELS) models.delete(models.keys().next().value);
    models.set(told.url, opening);
    opening.catch(() => models.delete(told.url));
  }
  return models.get(told.url);
}

async function openNets(where, { url, golden }, names) {
  const sessions = new Map();
  let ort;

  async function open(name) {
    if (!golden.nets[name]) throw new Error(`There is no net ${name}.`);
    const file = fetch(new URL(`${url}/${name}.onnx`, document.baseURI)).then(whole);
    const [bytes, loaded] = await Promise.all([file.then((answer) => answer.arrayBuffer()), loadRuntime(where)]);
    ort = loaded;
    const session = await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ["wasm"] });
    await tryOut(session, golden, name);
    return session;
  }
  function session(name) {
    if (!sessions.has(name)) sessions.set(name, open(name));
    return sessions.get(name);
  }
  /** Run a net on `count` rows: {input: Float32Array} to {output: Float32Array}. */
  async function run(name, inputs, count) {
    return runSession(await session(name), golden.nets[name], inputs, count);
  }
  async function runSession(opened, { inputs: shapes }, inputs, count) {
    const feeds = {};
    for (const [key, shape] of Object.entries(shapes)) {
      feeds[key] = new ort.Tensor("float32", inputs[key], [count, ...shape]);
    }
    const made = await opened.run(feeds);
    return Object.fromEntries(Object.entries(made).map(([key, tensor]) => [key, tensor.data]));
  }
  async function tryOut(opened, { seed, nets }, name) {
    const inputs = {};
    Object.entries(nets[name].inputs).forEach(([key, shape], stream) => {
      inputs[key] = latent(seed, sizeOf(shape), stream);
    });
    const made = await runSession(opened, nets[name], inputs, 1);
    for (const [key, { values }] of Object.entries(nets[name].outputs)) {
      const off = worst(made[key], values);
      // Pictures must agree to a grey level; codes and logits may be larger, so theirs is relative.
      const allowed = GREY * Math.max(1, ...values.map(Math.abs));
      if (!(off <= allowed)) throw new Error(`${name} differs from torch by ${off} in ${key}.`);
    }
  }
  await inTime(Promise.all(names.map(session)), TOO_LONG_MS);
  return { run };
}

/** Return the largest difference between an output and the values that golden.json keeps of it. */
export function worst(made, values) {
  const count = values.length;
  return values.reduce(
    (most, value, i) => Math.max(most, Math.abs(made[Math.floor((i * made.length) / count)] - value)),
    0,
  );
}

export function sizeOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
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

// As torch and numpy round: halves to the even neighbour.
function roundEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

function whole(answer) {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return answer;
}

function inTime(promise, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ready within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
