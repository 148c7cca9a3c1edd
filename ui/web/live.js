// What the tabs' browser engines share: opening a model when its tab is there, the badge that says where pictures are
// made, and the switch back to the server.

import { openModel } from "./engine.js";
import { fill } from "./text.js";

const KEPT = "ganscope-engine";
const LATE_MS = 100;
const REST_MS = 60; // after so long without news a hand rests

/**
 * Join an engine component of ui/live.py to the page.
 *
 * `live.ready` tells whether the browser makes the pictures;
 * `live.timed(work)` runs some of that work and shows how long it took; `live.newest(work, lane)` lets only the newest of
 * what is asked in a lane run, all of it one at a time: `work(superseded)` may ask whether there is something newer,
 * before what shows more of the same whether the hand `superseded.rests()`, and before it draws whether the model is
 * `superseded.gone()`. `ready()` is called when the browser has taken over and nothing else is to be done,
 * `left()` when the server has to go on.
 */
export function makeLive(name, element, { props, watch }, { ready, left } = {}) {
  const badge = document.createElement("button");
  badge.type = "button";
  badge.className = "gs-badge";
  const root = element.querySelector(".gs-root");
  root.append(badge);
  const live = { ready: false, model: null, config: null, timed, newest };
  let texts = {};
  let wanted = keptEngine() !== "server";
  let failure = "";
  let turn = 0;
  let shown = 0;

  async function open() {
    const told = JSON.parse(props.value);
    ((window.ganscope ??= {}).told ??= {})[name] = told; // for whoever wants to draw the same elsewhere
    const mine = ++turn;
    texts = told.texts;
    Object.assign(live, { ready: false, model: null, config: told.config });
    failure = told.model ? "" : texts.absent;
    say("");
    if (!told.model || !wanted) return;
    try {
      const started = performance.now();
      const model = await openModel(told.runtime, told.model, told.first);
      if (mine !== turn) return;
      Object.assign(live, { ready: true, model });
      root.dataset.readyMs = Math.round(performance.now() - started);
      if (ready) whenIdle(() => live.model && ready().catch(() => {})); // what fails here fails again where it is used
    } catch (error) {
      if (mine !== turn) return;
      failure = String(error.message ?? error);
    }
    say("");
  }
  function say(time) {
    const state = live.ready ? "browser" : failure || !wanted ? "server" : "loading";
    root.dataset.engine = state;
    badge.textContent = fill(texts[state] ?? "", { time });
    badge.title = live.ready ? texts.to_server : failure ? fill(texts.failed, { reason: failure }) : texts.to_browser;
    badge.setAttribute("aria-label", `${badge.textContent}. ${badge.title}`);
    if (!time) document.dispatchEvent(new Event("ganscope-engine"));
  }
  badge.addEventListener("click", () => {
    wanted = !live.ready;
    if (!wanted) left?.();
    try {
      localStorage.setItem(KEPT, wanted ? "browser" : "server");
    } catch {
      /* private window */
    }
    turn += 1;
    open();
  });

  async function timed(work) {
    const started = performance.now();
    const made = await work();
    const now = performance.now();
    if (now - shown > 400) {
      shown = now;
      say(fill(texts.took, { ms: (now - started).toFixed(1) }));
    }
    return made;
  }
  const waiting = new Map(); // work by lane, in the order of asking, and whom to tell if the engine fails first
  let running = null; // a lane
  let wake = () => {};
  function judge(lane) {
    const { model } = live;
    const superseded = () => waiting.has(lane);
    superseded.gone = () => live.model !== model;
    /** Wait until the hand rests, and tell whether it does; what is newer ends the wait. */
    superseded.rests = async () => {
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, REST_MS);
      });
      return !superseded() && !superseded.gone();
    };
    return superseded;
  }
  async function newest(work, lane = "stage", lost = () => {}) {
    waiting.delete(lane);
    waiting.set(lane, { work, lost });
    if (lane === running) wake();
    if (running) return;
    try {
      while (waiting.size) {
        const [[next, first]] = waiting;
        waiting.delete(next);
        running = next;
        await first.work(judge(next));
      }
    } catch (error) {
      for (const { lost } of waiting.values()) lost(error);
      waiting.clear();
      failure = String(error.message ?? error);
      if (live.ready) left?.();
      live.ready = false;
      say("");
    } finally {
      running = null;
    }
  }

  watch("value", open);
  whenIdle(open); // under way since early.js, if it is the first tab
  return live;
}

/** Let a tab draw anew, once its controls are known, after an answer of the server that came when it drew itself. */
export function afterLate(tab, live, draw) {
  ((window.ganscope ??= {}).late ??= {})[tab] = () => {
    if (live.ready) setTimeout(() => live.ready && draw(), LATE_MS);
  };
}

function whenIdle(act) {
  if (window.requestIdleCallback) requestIdleCallback(act, { timeout: 500 });
  else setTimeout(act, 0);
}

export function keptEngine() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
