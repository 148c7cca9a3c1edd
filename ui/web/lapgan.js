// LAPGAN in the visitor's browser: the pyramid, its re-rolls, the sheets beside it, and a picture that is dreamed anew.

import { makeScenes } from "./lapgan_scenes.js";
import { afterLate, makeLive } from "./live.js";
import { takeOwn } from "./own.js";
import { bytesOf } from "./pixels.js";
import { prepare } from "./prepare.js";
import { repeat } from "./resize.js";
import { onStep } from "./walk.js";

const SEEDS = 100_000; // new seeds are of so many, as on the server

/** Join the tab's engine component; other components reach it as `ganscope.lapgan(what, controls)`. */
export function mountLapgan(element, page) {
  const live = makeLive("lapgan", element, page, { left: handOver });
  const shared = (window.ganscope ??= {});
  const root = (id) => document.querySelector(`#lapgan-${id} .gs-root`);
  const at = (id) => root(id)?.stage;
  const canvas = (id, tile) => root(id).querySelector(`[data-tile="${tile}"] canvas`);
  const seed = () => Math.floor(Math.random() * SEEDS);
  let kept = null;
  let moved = null; // what the controls are to show
  let due = false; // whether what was asked of the server last has sheets that follow its picture

  function scenes() {
    if (kept?.model !== live.model) kept = makeScenes(live);
    return kept;
  }
  const session = () => shared.rows.lapgan.session;
  /** Let the controls follow: class, seed, a seed and a gain a level. */
  function move(controls) {
    moved = controls.slice(1);
    session().note(controls); // what comes next may not wait for them
    page.trigger("bring", {});
  }
  (shared.turned ??= {}).lapgan = () => moved;

  async function show(controls, superseded, sheets = true) {
    const growth = scenes().growth(controls);
    const scene = await live.timed(() => scenes().stage(growth));
    if (superseded.gone()) return;
    at("stage")?.draw(scene);
    if (sheets && (await superseded.rests())) await beside(growth, superseded);
  }
  async function beside(growth, superseded) {
    const made = await scenes().sheets(growth);
    if (superseded.gone()) return;
    for (const [id, scene] of Object.entries(made)) at(id)?.draw(scene);
  }
  function jump(controls) {
    move(controls);
    live.newest((superseded) => show(controls, superseded));
  }
  /** Give every level one seed. */
  function reseeded([model, label, , ...slots], next) {
    return [model, label, next, ...slots.map((value, i) => (i < slots.length / 2 ? next : value))];
  }

  afterLate("lapgan", live, () => live.newest((superseded) => show(session().controls(), superseded)));

  // For walks and exports (ui/web/panels.js).
  (shared.painters ??= {}).lapgan = {
    ready: () => live.ready,
    job: (controls) => scenes().growth(controls),
    code: (controls) => scenes().noise(scenes().growth(controls)),
    state: ({ label, seeds, gains, toward, share }, { m, w, s }) => {
      const z = share > 0.5 ? seeds.map(() => toward) : [...seeds].reverse();
      return { m, w, s: share > 0.5 ? toward : s, k: label, z, g: gains.map(onStep).reverse() };
    },
    show: (growth) =>
      live.newest(async () => {
        const { patch } = await live.timed(() => scenes().stage(growth));
        at("stage")?.draw({ patch }); // not told to screen readers at every step
      }),
    paint: async (growths) => {
      const tiles = [];
      for (const growth of growths) tiles.push((await scenes().stage(growth)).patch.at(-1));
      return tiles;
    },
  };
  const local = {
    drag: (controls) => live.newest((superseded) => show(controls, superseded, false)),
    show: (controls) => live.newest((superseded) => show(controls, superseded)),
    // With the picture: the position that a drag ended on may still have waited for its turn.
    sheets: (controls) => live.newest((superseded) => show(controls, superseded)),
    reseed: (controls) => jump(reseeded(controls, Number(controls[2] ?? 0) >>> 0)),
    roll: (controls) => jump(reseeded(controls, seed())),
    level: (controls, slot) => jump(controls.with(3 + Number(slot), seed())),
  };
  shared.lapgan = (what, controls) => {
    const [name, slot] = what.split("-"); // "level-2": which of the levels
    if (live.ready) return local[name](controls, slot);
    due = what !== "drag";
    return page.trigger(what === "sheets" ? "news" : "ask", { what, controls });
  };
  // Where the server draws, the picture comes first; the sheets of many pictures follow once it is there. After every
  // answer: the first of two may come when both were asked, and its sheets would be those of the last.
  (shared.drawn ??= {}).lapgan = () => {
    if (live.ready) shared.late.lapgan();
    else if (due) page.trigger("news", {});
  };
  const early = shared.early?.lapgan;
  if (early) shared.lapgan(...early);

  const events = {
    classes: {
      pick: ({ id }) =>
        jump(
          session()
            .controls()
            .with(1, Number(id.replace("class-", ""))),
        ),
    },
    others: {
      pick: ({ row, column }) => {
        const controls = session().controls();
        const now = scenes().growth(controls).seeds[0];
        jump(reseeded(controls, scenes().page(now)[row * live.config.others_columns + column]));
      },
    },
    examples: {
      pick: ({ id }) => {
        const example = id.replace("example-", "");
        const pixels = bytesOf(canvas("examples", id), live.config.channels);
        takeWith(pixels, { label: live.config.fitting[example] ?? own().label });
      },
    },
  };
  for (const [id, answers] of Object.entries(events)) {
    (shared.stages ??= {})[`lapgan-${id}`] = (name, data) => {
      if (!live.ready || !answers[name]) return false;
      answers[name]({ ...data });
      return true;
    };
  }

  // The picture of one's own: which level is kept, as what class and with which seed it is dreamed.
  let mine = null; // {pixels, served}: what was taken here last, and after which of the server's scenes
  let toOwn = null;
  const own = () => {
    const [level, label, seed] = shared.options?.lapgan ?? live.config.own;
    return { level: Number(level), label: Number(label ?? 0), seed: Number(seed ?? 0) };
  };
  function pixelsNow() {
    if (mine?.served === at("own").served) return mine.pixels;
    return bytesOf(canvas("own", "original"), live.config.channels);
  }
  async function dream({ level, label, seed }) {
    at("own").draw(await scenes().own(pixelsNow(), level, label, seed));
  }
  async function take(pixels, changes = {}) {
    mine = { pixels, served: at("own").served };
    await dream({ ...own(), ...changes });
    at("true").draw(scenes().taken(pixels));
  }
  function moveOwn(changes) {
    const next = { ...own(), ...changes };
    (shared.options ??= {}).lapgan = [next.level, next.label, next.seed];
    toOwn = [next.label, next.seed];
    root("own").tell("bring", {});
  }
  (shared.turned ??= {}).lapgan_own = () => toOwn;
  function takeWith(pixels, changes) {
    moveOwn(changes);
    live.newest(() => take(pixels, changes), "own");
  }
  const ownLocal = {
    dream: (controls) => {
      const [level, label, seed] = controls;
      (shared.options ??= {}).lapgan = controls;
      const asked = { level: Number(level), label: Number(label ?? 0), seed: Number(seed ?? 0) };
      live.newest(() => dream(asked), "own");
    },
    again: () => {
      moveOwn({ seed: seed() });
      live.newest(() => dream(own()), "own");
    },
    above: () => live.newest(() => take(bytesOf(canvas("stage", "picture"), live.config.channels)), "own"),
  };
  shared.lapgan_own = (what, controls) => {
    if (live.ready) ownLocal[what](controls);
    else root("own").tell("ask", { what });
  };
  takeOwn("lapgan", live, async (picture) => {
    const { sizes, channels } = live.config;
    // A thumbnail that is as large as one of the coarse levels is that level exactly.
    const level = picture.width === picture.height && sizes.slice(1).includes(picture.width);
    const whole = level ? repeat(picture, sizes[0]) : picture;
    const { pixels } = prepare(whole, { digits: false, shape: [channels, sizes[0], sizes[0]] });
    await take(pixels);
  });

  /** The server goes on from what was taken here. */
  function handOver() {
    if (mine?.served !== at("own").served) return;
    root("own").tell("news", { picture: btoa(String.fromCharCode(...mine.pixels)) });
  }
}
