// The nets of the visitor's browser: onnxruntime-web (WebAssembly, one thread), one session a net. Runs in a worker
// (ui/web/worker.js), so that neither opening nor running them holds the page up.
//
// A net is trusted only after it has made of a seeded input what torch made of it (golden.json).

import { latent } from "./random.js";

const GREY = 1 / 127.5; // one of 255 steps of a picture in [-1, 1]
const CDN = "https://cdn.jsdelivr.net/npm/onnxruntime-web@";

let runtime;

/** Load onnxruntime-web once: from the app, else the same version from a CDN, checked against its digests. */
export function loadRuntime({ base, version, integrity, local, cdn = CDN }) {
  runtime ??= (async () => {
    const files = {
      script: "ort.wasm.min.mjs",
      glue: "ort-wasm-simd-threaded.mjs",
      wasm: "ort-wasm-simd-threaded.wasm",
    };
    const from = local ? `${base}/` : `${cdn}${version}/dist/`;
    const get = (file) => fetch(from + file, local ? {} : { integrity: integrity[file], mode: "cors" }).then(whole);
    const blob = async (file) => {
      const text = await (await get(file)).blob();
      return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    };
    const script = local ? from + files.script : await blob(files.script);
    const [ort, wasmBinary] = await Promise.all([
      import(script),
      get(files.wasm).then((answer) => answer.arrayBuffer()),
    ]);
    const mjs = local ? from + files.glue : await blob(files.glue);
    Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary, wasmPaths: { mjs } });
    return ort;
  })();
  runtime.catch(() => (runtime = undefined)); // whoever asks again may have a network by then
  return runtime;
}

/** Make a model's nets: `open(name)` opens and tries one, `run(name, inputs, count)` opens it where it is not. */
export function makeNets(where, { url, golden }) {
  const sessions = new Map();
  let ort;

  async function opened(name) {
    if (!golden.nets[name]) throw new Error(`There is no net ${name}.`);
    const file = fetch(`${url}/${name}.onnx`).then(whole);
    const [bytes, loaded] = await Promise.all([file.then((answer) => answer.arrayBuffer()), loadRuntime(where)]);
    ort = loaded;
    const session = await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ["wasm"] });
    await tryOut(session, name);
    return session;
  }
  function open(name) {
    if (!sessions.has(name)) {
      const session = opened(name);
      session.catch(() => sessions.delete(name));
      sessions.set(name, session);
    }
    return sessions.get(name);
  }
  /** Run a net on `count` rows: {input: Float32Array} to {output: Float32Array}; `then`: and one that reads its output. */
  async function run(name, inputs, count, then) {
    const made = await runSession(await open(name), golden.nets[name], inputs, count);
    return then ? { ...made, ...(await run(then, made, count)) } : made;
  }
  async function runSession(session, { inputs: shapes }, inputs, count) {
    const feeds = {};
    for (const [key, shape] of Object.entries(shapes)) {
      feeds[key] = new ort.Tensor("float32", inputs[key], [count, ...shape]);
    }
    const made = await session.run(feeds);
    return Object.fromEntries(Object.entries(made).map(([key, tensor]) => [key, tensor.data]));
  }
  async function tryOut(session, name) {
    const { seed, nets } = golden;
    const inputs = {};
    Object.entries(nets[name].inputs).forEach(([key, shape], stream) => {
      inputs[key] = latent(seed, sizeOf(shape), stream);
    });
    const made = await runSession(session, nets[name], inputs, 1);
    for (const [key, { values }] of Object.entries(nets[name].outputs)) {
      const off = worst(made[key], values);
      // Pictures must agree to a grey level; codes and logits may be larger, so theirs is relative.
      const allowed = GREY * Math.max(1, ...values.map(Math.abs));
      if (!(off <= allowed)) throw new Error(`${name} differs from torch by ${off} in ${key}.`);
    }
  }
  return { open, run };
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

function whole(answer) {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return answer;
}
