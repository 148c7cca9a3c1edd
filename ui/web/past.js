// The states seen last, as small pictures to go back to; a star keeps one in this browser.

import { readLink } from "./link.js";
import { PICTURE } from "./session.js";
import { fill } from "./text.js";

const MOST = 24;
const MOST_KEPT = 24;
const PNG = /^data:image\/png;base64,[A-Za-z0-9+/=]{1,40000}$/;

/** Make the strip of a session: `keep()` adds what its stage shows; it is there from the first picture on. */
export function makePast(session, { kind, texts }, stage) {
  const store = `ganscope-kept-${kind}`;
  const node = document.createElement("div");
  node.className = "gs-past";
  node.hidden = true;
  const star = document.createElement("button");
  star.type = "button";
  star.className = "gs-star";
  const list = document.createElement("div");
  list.className = "gs-past-list";
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", texts.past);
  node.append(star, list);
  const seen = []; // {link, picture}, the newest first
  let kept = read();

  function keep() {
    const canvas = stage.querySelector(`[data-tile="${PICTURE[kind]}"] canvas`);
    if (!canvas?.width) return;
    const link = session.link();
    const picture = canvas.toDataURL();
    const known = [...seen, ...kept].find((one) => one.link === link);
    if (known) known.picture = picture;
    else seen.unshift({ link, picture });
    seen.length = Math.min(seen.length, MOST);
    draw();
  }
  function draw() {
    const now = session.link();
    const starred = kept.some(({ link }) => link === now);
    const rest = seen.filter(({ link }) => !kept.some((one) => one.link === link));
    node.hidden = kept.length + rest.length === 0;
    star.textContent = starred ? "★" : "☆";
    star.setAttribute("aria-pressed", String(starred));
    star.title = starred ? texts.unstar : texts.star;
    star.setAttribute("aria-label", star.title);
    const entries = [...kept.map((one) => ({ ...one, starred: true })), ...rest];
    const held = [...list.children].indexOf(document.activeElement);
    list.replaceChildren(...entries.map((one, index) => entry(one, index, one.link === now)));
    list.children[held]?.focus();
  }
  function entry({ link, picture, starred }, index, current) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "gs-seen";
    button.dataset.link = link;
    button.setAttribute("aria-label", fill(starred ? texts.kept_state : texts.state, { number: index + 1 }));
    button.setAttribute("aria-pressed", String(current));
    if (starred) button.dataset.starred = "";
    button.append(Object.assign(new Image(), { src: picture, alt: "" }));
    button.addEventListener("click", () => session.apply(readLink(link)));
    return button;
  }
  star.addEventListener("click", () => {
    const now = session.link();
    if (kept.some(({ link }) => link === now)) {
      const [taken] = kept.filter(({ link }) => link === now);
      kept = kept.filter((one) => one !== taken);
      if (!seen.some(({ link }) => link === now)) seen.unshift(taken);
    } else {
      const shown = seen.find(({ link }) => link === now);
      if (shown) kept = [shown, ...kept].slice(0, MOST_KEPT);
    }
    try {
      localStorage.setItem(store, JSON.stringify(kept));
    } catch {
      /* private window, or full */
    }
    draw();
  });

  function read() {
    try {
      return checked(JSON.parse(localStorage.getItem(store)), kind);
    } catch {
      return [];
    }
  }
  return { node, keep };
}

/** Take from local storage only what is a link of this tab and a small PNG. */
export function checked(stored, kind) {
  if (!Array.isArray(stored)) return [];
  const good = ({ link, picture } = {}) =>
    readLink(link)?.m === kind && typeof picture === "string" && PNG.test(picture);
  return stored
    .filter((one) => one && good(one))
    .slice(0, MOST_KEPT)
    .map(({ link, picture }) => ({ link, picture }));
}
