// Draws the scenes that ui/scene.py describes. One entry, draw(scene), whoever made the scene: the server or, later,
// the browser's own engine. Tiles are kept by id, so only what a scene names changes.

import { steady } from "./events.js";
import { makeTile } from "./tiles.js";

const GROUP_MS = 400;
const QUIET_MS = 700;

/** Join a canvas component of ui/canvas.py to the page. */
export function mountScene(element, { props, watch, trigger, events }) {
  const root = element.querySelector(".gs-root");
  const send = steady(trigger);
  // A tab's browser engine may answer an event itself (ui/web/bigan.js); then the server is spared it.
  const { id } = element.closest(".block");
  const handled = (name, data) => window.ganscope?.stages?.[id]?.(name, data);
  const stage = makeStage(root, (name, data) => events.includes(name) && !handled(name, data) && send(name, data));
  Object.assign(root, { stage, tell: send });
  stage.draw(JSON.parse(props.value));
  watch("value", () => {
    stage.served += 1;
    stage.draw(JSON.parse(props.value));
  });
}

/** Make a stage in `root`; `emit(name, data)` gets the events. */
export function makeStage(root, emit) {
  const groups = new Map();
  const tiles = new Map();
  const live = make("p", "gs-live");
  live.setAttribute("aria-live", "polite");
  root.setAttribute("role", "group");
  let quiet = 0;

  function tileFor(description) {
    let tile = tiles.get(description.id);
    if (!tile || tile.kind !== description.kind) {
      tile = makeTile(description, emit);
      tiles.set(description.id, tile);
    }
    tile.update(description);
    return tile;
  }

  function drawGroup(description) {
    let node = groups.get(description.id);
    if (!node) {
      node = make("section", "gs-group");
      node.append(make("h3", "gs-title"), make("div", "gs-tiles"));
      groups.set(description.id, node);
    }
    node.dataset.group = description.id;
    node.dataset.layout = description.layout;
    node.style.setProperty("--columns", description.columns ?? 1);
    node.style.setProperty("--weight", description.weight ?? 1);
    const [title, box] = node.children;
    title.textContent = description.title ?? "";
    title.hidden = !description.title;
    keep(
      box,
      description.tiles.map((tile) => tileFor(tile).node),
    );
    return node;
  }

  function announce(label) {
    if (label === undefined || root.getAttribute("aria-label") === label) return;
    root.setAttribute("aria-label", label);
    // Said once a drag has come to rest, not at each step of it.
    clearTimeout(quiet);
    quiet = setTimeout(() => (live.textContent = label), QUIET_MS);
  }

  function draw(scene) {
    if (scene.patch) {
      for (const description of scene.patch) tileFor(description);
    } else {
      keep(root, [...scene.groups.map(drawGroup), live]);
      const shown = new Set(scene.groups.flatMap((group) => group.tiles.map((tile) => tile.id)));
      for (const id of tiles.keys()) if (!shown.has(id)) tiles.delete(id);
    }
    announce(scene.label);
    root.dataset.drawn = String(Number(root.dataset.drawn ?? 0) + 1);
  }

  return { draw, play: () => appear(root), tiles, served: 0 }; // served: scenes that came from the server
}

/** Let the groups appear one after another, tile by tile, unless the visitor asked for less motion. */
function appear(root) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  root.querySelectorAll(".gs-group").forEach((group, order) => {
    const nodes = group.querySelectorAll(".gs-tile");
    const steps = [
      { opacity: 0, transform: "scale(0.94)" },
      { opacity: 1, transform: "none" },
    ];
    nodes.forEach((node, i) => {
      const delay = GROUP_MS * (order + i / nodes.length);
      node.animate(steps, { delay, duration: 320, easing: "ease-out", fill: "backwards" });
    });
  });
}

/** Make `nodes` the children of `parent`, touching the document only where something differs. */
function keep(parent, nodes) {
  const same = parent.children.length === nodes.length && nodes.every((node, i) => parent.children[i] === node);
  if (!same) parent.replaceChildren(...nodes);
}

function make(tag, className) {
  const node = document.createElement(tag);
  node.className = className;
  return node;
}
