// Which tab is open, and what it shows, in the address: a link opens it again.

import { writeLink } from "./link.js";

const plain = new Map([["train", {}]]); // what the tabs without a row of tools show

/** Put a link's query into the address; a Space hands it on to its own page. */
export function setAddress(query) {
  const page = (window.ganscope ??= {});
  history.replaceState(history.state, "", query + location.hash);
  const shared = new URLSearchParams(query);
  for (const key of [...shared.keys()]) if (key.startsWith("__")) shared.delete(key);
  if (page.space) parent.postMessage({ queryString: String(shared) }, "https://huggingface.co");
}

/** Note what a tab without a row of tools shows; `now`: it has just been changed. */
export function show(kind, state, now = true) {
  plain.set(kind, state);
  if (now) setAddress(writeLink({ m: kind, ...state }, location.search));
}

/** Follow which tab is open, from the first that shows more than a plain address would. */
export function followTabs() {
  document.querySelector("#gs-tabs")?.addEventListener("click", ({ target }) => {
    const kind = target.closest("[role=tab]")?.dataset.tabId;
    const row = window.ganscope?.rows?.[kind];
    if (plain.has(kind)) setAddress(writeLink({ m: kind, ...plain.get(kind) }, location.search));
    else if (row && new URLSearchParams(location.search).has("v")) setAddress(row.session.link(location.search));
  });
}
