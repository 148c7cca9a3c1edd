// What the row under a stage opens: a walk to play, and the files and words to take a picture elsewhere.

import { canRecord, enlarged, gif, gridOf, npy, png, save, webm } from "./files.js";
import { CODES, writeLink } from "./link.js";
import { shorten } from "./session.js";
import { callOf, curlOf, pythonOf } from "./snippets.js";
import { FRAMES, frame, frames, play, WALKS } from "./walk.js";

const GRID_COLUMNS = 8;
const LARGE = 8;

/** Make the walk of a tab: `node` is its panel, `tiles()` are its pictures, one loop of them. */
export function makeWalk(session, { kind, texts }) {
  const painter = () => window.ganscope.painters?.[kind];
  const ready = () => Boolean(WALKS[kind] && painter()?.ready());
  const node = panel();
  const closed = Object.assign(document.createElement("p"), { textContent: texts.walk_server });
  const what = document.createElement("select");
  what.append(...(WALKS[kind] ?? []).map((value) => new Option(texts[`walk_${value}`] ?? value, value)));
  const to = Object.assign(document.createElement("input"), { type: "number", min: 0, max: 4294967295, step: 1 });
  const speed = Object.assign(document.createElement("input"), { type: "range", min: -2, max: 2, step: 0.5, value: 0 });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: texts.play });
  button.dataset.play = "";
  const toField = field(texts.walk_to, to);
  const parts = [field(texts.walk, what), toField, field(texts.speed, speed), button];
  node.append(closed, ...parts);
  let running = null;
  let base = null;

  function open() {
    if (!ready()) stop(false);
    closed.hidden = ready();
    for (const part of parts) part.hidden = !ready();
    toField.hidden = !ready() || what.value !== "s";
    for (const option of what.options) {
      const code = CODES.indexOf(option.value);
      const name = session.config().code_names?.[code];
      if (name) option.textContent = name;
      option.hidden = option.value === "k" ? session.config().names.length < 2 : code >= 0 && !name;
    }
    if (!to.value) to.value = (session.current().s + 1) % 2 ** 32;
  }
  const options = () => ({ to: Number(to.value) >>> 0, count: session.config().names.length });
  function start() {
    if (!ready()) return;
    base = painter().job(session.controls());
    const halt = play(
      (t) => painter().show(frame(what.value, base, t, options())),
      () => 2 ** Number(speed.value),
    );
    running = { halt, what: what.value };
    button.textContent = texts.stop;
  }
  /** Stop; `rest`: let the controls follow to where it stopped. */
  function stop(rest = true) {
    if (!running) return;
    const t = running.halt();
    if (rest) session.apply(painter().state(frame(running.what, base, t, options()), session.current()));
    running = null;
    button.textContent = texts.play;
  }
  const toggle = () => (running ? stop() : start());
  button.addEventListener("click", toggle);
  what.addEventListener("change", () => {
    stop();
    open();
  });
  async function tiles() {
    const here = painter().job(session.controls());
    return painter().paint(frames(what.value, here, options(), FRAMES));
  }
  return { node, open, stop, toggle, ready, tiles, running: () => Boolean(running) };
}

/** Make the export of a tab; `picture()` is its canvas. */
export function makeExport(session, { kind, texts, space, gifenc }, walk, picture, { address, copy }) {
  const node = panel();
  const say = Object.assign(document.createElement("p"), { className: "gs-said" });
  say.setAttribute("role", "status");
  const state = () => shorten(session.current(), session.config());
  const name = (end) => `${kind}-${state().s ?? "code"}${end}`;
  const code = () => (kind === "bigan" ? session.current().c : window.ganscope.painters[kind].code(session.controls()));
  const base = () => (space ? `https://huggingface.co/spaces/${space}` : `${location.origin}${location.pathname}`);
  const client = () => space || base();
  const web = () => (space ? location.origin : base());
  const recipe = () => ({
    ganscope: 1,
    link: address(writeLink(state()), space),
    state: state(),
    api: callOf(state()),
  });
  const told = async (text) => (say.textContent = (await copy(text)) ? texts.copied : texts.not_copied);
  const file = (type, text) => new Blob([text], { type });
  const jobs = {
    png: async () => save(await png(picture()), name(".png")),
    png8: async () => save(await png(enlarged(picture(), LARGE)), name("-x8.png")),
    grid: async () => save(await png(gridOf(await walk.tiles(), GRID_COLUMNS)), name("-grid.png")),
    gif: async () => save(await gif(await walk.tiles(), LARGE, gifenc), name(".gif")),
    webm: async () => save(await webm(await walk.tiles(), LARGE), name(".webm")),
    npy: async () => save(npy(await code()), name(".npy")),
    json: async () => save(file("application/json", JSON.stringify(recipe(), null, 2)), name(".json")),
    python: () => told(pythonOf(callOf(state()), client())),
    curl: () => told(curlOf(callOf(state()), web())),
  };
  const groups = [
    ["png", "png8", "grid"],
    ["gif", "webm"],
    ["npy", "json"],
    ["python", "curl"],
  ];
  const buttons = groups.flat().map((key) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: texts[`to_${key}`] });
    button.dataset.export = key;
    button.addEventListener("click", async () => {
      button.disabled = true;
      const slow = ["gif", "webm", "grid"].includes(key);
      say.textContent = slow ? texts.working : "";
      try {
        await jobs[key]();
        if (slow) say.textContent = "";
      } catch (error) {
        say.textContent = `${texts.failed} ${error.message ?? error}`;
      } finally {
        button.disabled = false;
      }
    });
    return button;
  });
  node.append(...buttons, say);

  function open() {
    say.textContent = "";
    for (const button of buttons) {
      const key = button.dataset.export;
      const walks = ["grid", "gif", "webm"].includes(key);
      button.hidden =
        (walks && !walk.ready()) ||
        (key === "webm" && !canRecord()) ||
        (key === "npy" && kind !== "bigan" && !walk.ready());
    }
  }
  return { node, open, jobs };
}

function panel() {
  const node = document.createElement("div");
  node.className = "gs-panel-below";
  node.hidden = true;
  return node;
}

function field(text, input) {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("span"), { textContent: text }), input);
  return label;
}
