// The list of keys behind "?", and the switch that turns them off.

import { makeDialog } from "./dialog.js";
import { keyOf, press, taken } from "./keys.js";

const KEPT = "ganscope-keys";

/** Join the help of ui/keyboard.py to the page: its dialog, the button in the header, and the keys themselves. */
export function mountKeyboard(_, { props }) {
  const { texts, keys } = JSON.parse(props.value);
  const { node, body, open } = makeDialog(texts.title, texts.close, "gs-help-dialog");
  const table = document.createElement("table");
  for (const [names, meaning] of keys) {
    const row = table.insertRow();
    const head = Object.assign(document.createElement("th"), { scope: "row" });
    head.append(...names.map((name) => Object.assign(document.createElement("kbd"), { textContent: name })));
    row.append(head);
    row.insertCell().textContent = meaning;
  }
  const on = Object.assign(document.createElement("input"), { type: "checkbox", checked: kept() });
  const label = document.createElement("label");
  label.append(on, Object.assign(document.createElement("span"), { textContent: texts.on }));
  body.append(table, label);
  on.addEventListener("change", () => {
    try {
      localStorage.setItem(KEPT, on.checked ? "on" : "off");
    } catch {
      /* private window */
    }
  });

  document.querySelector("#gs-header [data-tool=help]").addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    const key = keyOf(event);
    if (!key || !on.checked || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (taken(event.target, key)) return;
    if (key === "?") open();
    else if (!press(key, event.repeat)) return;
    event.preventDefault(); // space would scroll, and ' opens a search in Firefox
  });
  node.dataset.ready = "";
}

function kept() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}
