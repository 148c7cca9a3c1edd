// BiGAN in the visitor's browser: what is drawn, brought, turned or mixed is encoded and drawn again here. What is on
// show is read back from the canvases where the server drew it, and told to the server when it has to go on from there.

import { makeScenes } from "./bigan_scenes.js";
import { makeLive } from "./live.js";
import { takeOwn } from "./own.js";
import { bytesOf, paint } from "./pixels.js";
import { prepare } from "./prepare.js";

const SAME = { __type__: "update" }; // of a control that stays as it is

/** Join the tab's engine component; other components reach it as `ganscope.bigan(what, controls)`. */
export function mountBigan(element, page) {
  const live = makeLive("bigan", element, page, { ready: () => live.model.open("encoder"), left: handOver });
  const shared = (window.ganscope ??= {});
  const root = (id) => document.querySelector(`#bigan-${id} .gs-root`);
  const at = (id) => root(id).stage;
  const canvas = (id, tile) => root(id).querySelector(`[data-tile="${tile}"] canvas`);
  const scenes = () => makeScenes(live);
  const known = { look: null, mix: null }; // what was drawn here last, and after which of the server's scenes
  let moved = [SAME, SAME]; // what the button that undoes and the slider are to show
  let movedAfter = -1; // which of the server's scenes, each of which moves the button itself

  function remembered(what, id) {
    return known[what]?.served === at(id).served && known[what].model === live.model ? known[what].value : null;
  }
  function remember(what, id, value) {
    known[what] = { served: at(id).served, model: live.model, value };
  }
  function look() {
    const kept = remembered("look", "stage");
    if (kept) return kept;
    const { tiles } = at("stage");
    const [drawn, ticks] = [tiles.get("code").drawn(), tiles.get("code").ticks()];
    const turned = Float32Array.from(drawn); // without the bar that a hand has just turned
    const seen = bytesOf(canvas("stage", "seen"), live.config.shape[0]);
    return { seen, steps: null, code: turned.map((value, i) => ticks[i] ?? value), turned };
  }
  const pressed = (id, tile) =>
    root(id).querySelector(`[data-tile="${tile}"]`)?.getAttribute("aria-pressed") === "true";
  async function mix() {
    const kept = remembered("mix", "slots");
    if (kept) return kept;
    const seen = [0, 1, 2].map((slot) => bytesOf(canvas("slots", `slot-${slot}`), live.config.shape[0]));
    return scenes().mix(
      seen,
      Math.max(
        0,
        [0, 1, 2].findIndex((slot) => pressed("slots", `slot-${slot}`)),
      ),
    );
  }

  /** Let the controls follow. */
  function move(reset, t = SAME) {
    const { served } = at("stage");
    if (t === SAME && moved[0].interactive === reset && movedAfter === served) return;
    movedAfter = served;
    moved = [{ ...SAME, interactive: reset }, t];
    page.trigger("bring", {});
  }
  (shared.turned ??= {}).bigan = () => moved;
  const way = () => shared.options?.bigan?.[0] ?? 0.5; // how far from A to B

  async function show(given, { seen = true, values = true, example = null } = {}) {
    const next = await live.timed(async () => {
      const made = await given;
      remember("look", "stage", made);
      at("stage").draw(await scenes().stage(made, { seen, values }));
      return made;
    });
    if (seen) mark(example);
    move(scenes().changed(next) > 0);
  }
  function mark(example) {
    const patch = live.config.examples.map((_, i) => {
      return { id: `example-${i}`, kind: "image", selected: i === example };
    });
    at("examples").draw({ patch });
  }
  async function showMix(next) {
    remember("mix", "slots", next);
    at("slots").draw(await scenes().slots(next));
    at("walk").draw(await scenes().walk(next, way()));
  }

  const local = {
    reset: async () => {
      const shown = look();
      await show({ ...shown, turned: shown.code }, { seen: false });
    },
    take: async () => showMix(await scenes().put(await mix(), look().seen)),
    walk: async (t) => {
      const mixed = await mix();
      remember("mix", "slots", mixed);
      at("walk").draw(await scenes().walk(mixed, Number(t), false));
    },
  };
  const turn = async ({ values }) => show(scenes().turn(look(), values), { seen: false, values: false });
  const events = {
    stage: { drag: turn, release: turn },
    examples: {
      pick: async ({ id }, superseded) => {
        const index = Number(id.replace("example-", ""));
        const tile = canvas("examples", id);
        const { steps, picture } = live.config.examples[index];
        await show(scenes().look(bytesOf(tile, live.config.shape[0]), steps), { example: index });
        const shown = picture ? await load(picture) : tile;
        if (!superseded()) root("pad").pad.show(shown, true); // strokes that were drawn meanwhile stay
      },
    },
    slots: {
      pick: async ({ id }) => {
        const [what, index] = id.split("-");
        if (what === "choice")
          return showMix(await scenes().put(await mix(), bytesOf(canvas("slots", id), live.config.shape[0])));
        const next = { ...(await mix()), chosen: Number(index) };
        remember("mix", "slots", next);
        return at("slots").draw(scenes().marks(next));
      },
    },
    walk: {
      pick: async ({ column }) => {
        const t = scenes().stepOf(column);
        await local.walk(t);
        move(moved[0].interactive, t);
      },
    },
  };
  for (const [id, answers] of Object.entries(events)) {
    (shared.stages ??= {})[`bigan-${id}`] = (name, data) => {
      if (!live.ready || !answers[name]) return false;
      const now = structuredClone(data);
      live.newest((superseded) => answers[name](now, superseded), laneOf(id));
      return true;
    };
  }
  shared.bigan = (what, controls) => {
    if (live.ready) live.newest(() => local[what](...controls), laneOf(what));
    else page.trigger("ask", { what, controls });
  };
  const early = shared.early?.bigan;
  if (early) shared.bigan(...early);
  // A link, or a state seen before (ui/web/session.js).
  (shared.brings ??= {}).bigan = (code) => {
    if (!live.ready || code.length !== live.config.latent) return false;
    live.newest(async () => show(scenes().linked(code)));
    return true;
  };

  takeOwn("bigan", live, async (picture, _, drawn) => {
    const seen = prepare(picture, live.config);
    await show(scenes().look(seen.pixels, seen.steps));
    if (!drawn) root("pad").pad.show(canvasOf(picture), false);
  });

  /** What is put into a slot waits for its turn, whatever else is asked; of all else the newest counts. */
  function laneOf(what) {
    if (what === "slots" || what === "take") return Symbol(what);
    return what === "walk" ? "walk" : "stage";
  }

  /** The server goes on from what was drawn here. */
  function handOver() {
    const [shown, mixed] = [remembered("look", "stage"), remembered("mix", "slots")];
    if (!shown && !mixed) return;
    const controls = { look: shown && { ...shown, seen: toText(shown.seen), turned: [...shown.turned] } };
    delete controls.look?.code;
    controls.mix = mixed && { chosen: mixed.chosen, seen: mixed.seen.map(toText) };
    page.trigger("ask", { what: "resume", controls });
  }
}

function canvasOf({ pixels, width, height, channels }) {
  const canvas = document.createElement("canvas");
  paint(canvas, { pixels, shape: [height, width, channels] });
  return canvas;
}

async function load(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

function toText(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
