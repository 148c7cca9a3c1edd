// The quiet row under a stage: a link to copy, what can be exported, a walk to play; and the states seen last.

import { makeExport, makeWalk } from "./panels.js";
import { makePast } from "./past.js";
import { makeSession, opened, PICTURE } from "./session.js";
import { setAddress } from "./tabs.js";
import { WALKS } from "./walk.js";

const QUIET_MS = 400; // Safari refuses more than 100 changes of the address in 30 s
const SAID_MS = 1600;

const ICONS = {
  export: "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19.5h14",
  walk: "M7 5l12 7-12 7z",
  link: "M10 13a5 5 0 0 0 7.1 0l3-3a5 5 0 0 0-7.1-7.1l-1.2 1.2M14 11a5 5 0 0 0-7.1 0l-3 3a5 5 0 0 0 7.1 7.1l1.2-1.2",
};

/** Join a row of ui/tools.py to the page. */
export function mountTools(element, { props, trigger }) {
  const root = element.querySelector(".gs-root");
  const told = JSON.parse(props.value);
  const { kind, texts } = told;
  const stage = document.querySelector(`#${kind}-stage .gs-root`);
  let timer = 0;
  let moved = false;

  const session = makeSession(told, trigger, () => {
    moved = true;
    walk.stop(false); // a hand on the controls ends a walk
    wait();
  });
  const walk = makeWalk(session, told);
  const out = makeExport(session, told, walk, () => pictureOf(kind), { address, copy });
  const row = document.createElement("div");
  row.className = "gs-tools-row";
  const past = makePast(session, told, stage);
  root.append(row, walk.node, out.node, past.node);

  row.append(button("link", texts.copy, (node) => copyLink(node)));
  row.append(opener("export", texts.export, out));
  if (WALKS[kind]) row.append(opener("walk", texts.walk, walk));

  // What an open panel offers depends on who draws.
  document.addEventListener("ganscope-engine", () => {
    for (const panel of [walk, out]) if (!panel.node.hidden) panel.open();
  });

  /** A button that opens a panel below the row, and shuts the other. */
  function opener(icon, text, panel) {
    const node = button(icon, text, () => {
      const open = panel.node.hidden;
      for (const one of row.querySelectorAll("[aria-expanded]")) one.setAttribute("aria-expanded", "false");
      walk.node.hidden = out.node.hidden = true;
      panel.node.hidden = !open;
      node.setAttribute("aria-expanded", String(open));
      if (open) panel.open();
      else walk.stop();
      if (open) panel.node.scrollIntoView({ block: "nearest" });
    });
    node.setAttribute("aria-expanded", "false");
    return node;
  }

  function button(icon, text, act) {
    const node = document.createElement("button");
    node.type = "button";
    node.dataset.tool = icon;
    node.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[icon]}"/></svg><span></span>`;
    node.lastChild.textContent = text;
    node.addEventListener("click", () => act(node));
    return node;
  }
  async function copyLink(node) {
    const done = await copy(address(session.link(), told.space));
    say(node, done ? texts.copied : texts.not_copied);
  }
  function say(node, text) {
    const before = (node.dataset.text ??= node.lastChild.textContent);
    node.lastChild.textContent = text;
    node.setAttribute("aria-live", "polite");
    clearTimeout(Number(node.dataset.timer));
    node.dataset.timer = setTimeout(() => (node.lastChild.textContent = before), SAID_MS);
  }

  /** Wait until neither the controls nor the picture have changed for a while. */
  function wait() {
    clearTimeout(timer);
    timer = setTimeout(settle, QUIET_MS);
  }
  function settle() {
    if (walk.running()) return;
    if (moved) setAddress(session.link(location.search));
    past.keep();
  }
  // What sticks must not be taller than the window, or its end would be out of reach.
  const column = root.closest(".gs-stage");
  const fit = () => column.style.setProperty("--gs-over", `${Math.max(0, column.offsetHeight + 32 - innerHeight)}px`);
  new ResizeObserver(fit).observe(column);
  window.addEventListener("resize", fit);

  // What no control holds (BiGAN's code) is read from the stage itself.
  new MutationObserver(() => {
    const code = stage.stage.tiles.get("code");
    if (kind === "bigan" && code) session.note([session.controls()[0], [...code.values()]]);
    wait();
  }).observe(stage, { attributeFilter: ["data-drawn"] });

  const page = (window.ganscope ??= {});
  page.space = told.space;
  (page.rows ??= {})[kind] = { root, session }; // for keys (ui/web/keys.js) and tabs (ui/web/tabs.js)
  const given = opened(kind);
  if (given) session.apply(given);
  else wait();
}

/** Give the address of a state: of the Space where there is one, else of this page. */
export function address(link, space) {
  return space ? `https://huggingface.co/spaces/${space}${link}` : `${location.origin}${location.pathname}${link}`;
}

/** Put a text on the clipboard, and tell whether that worked. */
export async function copy(text, inside = document.body) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No permission, or no https: the way of old.
    const area = Object.assign(document.createElement("textarea"), { value: text });
    inside.append(area); // under an open dialog nothing outside of it can be selected
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** Find the canvas of a tab's picture. */
export function pictureOf(kind) {
  return document.querySelector(`#${kind}-stage [data-tile="${PICTURE[kind]}"] canvas`);
}
