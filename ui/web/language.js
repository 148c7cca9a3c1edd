// The language of the page: English as it is written, or Korean by ko.json. Everything visible is translated in place,
// whoever wrote it (Gradio, a scene, an error from the server), and given back when the language is switched.

import { makeTranslator } from "./translate.js";

const KEPT = "ganscope-language";
const ATTRIBUTES = ["aria-label", "aria-valuetext", "aria-roledescription", "title", "placeholder", "alt"];
const LEFT_ALONE = "script, style, code, pre, [translate=no]";
const MENU = "input[role=combobox]"; // shows a text that is no text of the document

let language = "en";
let translator = null;
const shown = new WeakMap(); // of a text node, or an element by attribute: {source, text}

/** Say in the visitor's language what the page would say in English; for texts that are painted on a canvas. */
export function t(text) {
  return language === "ko" && translator ? translator.translate(text) : text;
}

/** Choose the language: by the address, else as chosen before in this browser, else the browser's own. */
export function choose(search, kept, browser) {
  const asked = [new URLSearchParams(search).get("lang"), kept].find((one) => one === "ko" || one === "en");
  return asked ?? (/^ko\b/i.test(browser ?? "") ? "ko" : "en");
}

/** Give the page a language; what Gradio itself said in the browser's language follows. */
export async function setLanguage(next) {
  language = next;
  document.documentElement.lang = next;
  // Gradio speaks Korean to a Korean browser, so English needs the catalogue there as well.
  if (!translator && (next === "ko" || korean())) {
    const answer = await fetch(new URL("ko.json", import.meta.url));
    if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
    translator = makeTranslator(await answer.json());
  }
  if (!translator || language !== next) return;
  walk(document.documentElement);
  watch(); // also in English: what was said in Korean may be said again
}

function korean() {
  return /^ko\b/i.test(navigator.language);
}

/** Translate what changes, before it is painted; our own changes are known by `shown` and end there. */
const observer =
  globalThis.MutationObserver &&
  new MutationObserver((records) => {
    for (const { type, target, attributeName, addedNodes } of records) {
      if (type === "childList") addedNodes.forEach(walk);
      else if (type === "characterData") text(target);
      else if (attributeName === "lang") keepLang(target);
      else if (!target.closest(LEFT_ALONE)) attribute(target, attributeName);
    }
  });

function watch() {
  const attributeFilter = [...ATTRIBUTES, "lang"];
  observer.observe(document.documentElement, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter,
  });
}

// Gradio names the browser's language there, not the page's.
function keepLang(target) {
  if (target === document.documentElement && target.lang !== language) target.lang = language;
}

function walk(root) {
  if (root.nodeType === Node.TEXT_NODE) return text(root);
  if (root.nodeType !== Node.ELEMENT_NODE) return undefined;
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => {
    return node.nodeType === Node.ELEMENT_NODE && node.matches(LEFT_ALONE)
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT;
  });
  if (root.closest(LEFT_ALONE)) return undefined;
  for (let node = root; node; node = nodes.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) text(node, true);
    else element(node);
  }
  return undefined;
}

function element(node) {
  for (const name of ATTRIBUTES) if (node.hasAttribute(name)) attribute(node, name);
  if (node.matches(MENU)) menu(node);
}

function text(node, free = false) {
  const parent = node.parentElement;
  if (!parent || parent.nodeName === "TEXTAREA" || (!free && parent.closest(LEFT_ALONE))) return;
  const next = translated(node, "", node.data);
  if (next !== node.data) node.data = next;
}

function attribute(node, name) {
  const now = node.getAttribute(name);
  if (now === null) return;
  const next = translated(node, name, now);
  if (next !== now) node.setAttribute(name, next);
}

/** Say what a place of the document is to show that shows `now`. */
function translated(node, name, now) {
  let places = shown.get(node);
  if (!places) shown.set(node, (places = new Map()));
  const known = places.get(name);
  const source = known?.text === now ? known.source : translator.source(now);
  const next = t(source);
  places.set(name, { source, text: next });
  return next;
}

/** Let a menu of Gradio show its choice translated, while Gradio reads and writes the English one. */
function menu(input) {
  if (Object.hasOwn(input, "value")) {
    const { value } = input;
    input.value = value;
    return;
  }
  const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  let source = own.get.call(input);
  let put = source;
  Object.defineProperty(input, "value", {
    configurable: true,
    get: () => (own.get.call(input) === put ? source : own.get.call(input)),
    set: (value) => {
      source = String(value ?? "");
      put = t(source);
      own.set.call(input, put);
    },
  });
  input.value = source;
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** The switch in the header; it is not there yet when this module runs. */
function onClick(event) {
  if (!event.target.closest?.("#gs-language")) return;
  const next = language === "ko" ? "en" : "ko";
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    /* private window */
  }
  const query = new URLSearchParams(location.search);
  if (query.has("lang")) {
    query.delete("lang");
    const rest = String(query);
    history.replaceState(history.state, "", `${location.pathname}${rest && `?${rest}`}${location.hash}`);
  }
  setLanguage(next);
}

if (globalThis.document) {
  document.addEventListener("click", onClick);
  setLanguage(choose(location.search, kept(), navigator.language)).catch((error) => console.error(error));
}
