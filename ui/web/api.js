// The public calls, told to visitors: what each does, its arguments, and words to copy.

import { makeDialog } from "./dialog.js";
import { curlOf, javascriptOf, pythonOf } from "./snippets.js";
import { fill } from "./text.js";
import { copy } from "./tools.js";

const HASH = "#api";
const WRITERS = { python: pythonOf, curl: curlOf, javascript: javascriptOf };

/** Join the dialog of ui/api.py to the page: it is open while the address ends in #api. */
export function mountApi(_, { props }) {
  const { texts, functions, examples, space, mcp } = JSON.parse(props.value);
  const { node, body, open } = makeDialog(texts.title, texts.close, "gs-api-dialog");
  const base = `${location.origin}${location.pathname}`;
  let language = "python";

  body.append(say("p", texts.intro));
  if (mcp) body.append(say("p", fill(texts.mcp, { address: `${base}gradio_api/mcp/` })));
  const choice = document.createElement("fieldset");
  choice.append(say("legend", texts.language));
  for (const key of Object.keys(WRITERS)) {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), {
      type: "radio",
      name: "gs-api-language",
      value: key,
    });
    radio.checked = key === language;
    radio.addEventListener("change", () => {
      language = key;
      for (const write of writers) write();
    });
    label.append(radio, say("span", texts[key]));
    choice.append(label);
  }
  body.append(choice);
  const writers = functions.map(entry);

  function entry({ name, summary, returns, arguments: given }, place) {
    const details = Object.assign(document.createElement("details"), { open: place === 0 });
    const head = document.createElement("summary");
    head.append(untranslated("code", name), " ", say("span", summary));
    const list = document.createElement("dl");
    for (const { name: argument, default: value, text } of given) {
      const term = document.createElement("dt");
      term.append(untranslated("code", `${argument} = ${JSON.stringify(value)}`));
      list.append(term, say("dd", text));
    }
    list.append(say("dt", texts.returns), say("dd", returns));
    const words = untranslated("pre", "");
    words.tabIndex = 0;
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: texts.copy });
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      button.textContent = (await copy(words.textContent, node)) ? texts.copied : texts.not_copied;
      setTimeout(() => (button.textContent = texts.copy), 1600);
    });
    details.dataset.call = name;
    details.append(head, list, button, words);
    body.append(details);

    const files = given.map((one) => one.name).filter((one) => one.startsWith("image"));
    const rest = given.filter((one) => !files.includes(one.name) && (one.default !== null || examples[one.name]));
    const call = {
      name,
      arguments: Object.fromEntries(rest.map((one) => [one.name, examples[one.name] ?? one.default])),
    };
    const write = () => {
      const address = language === "python" && space ? space : base;
      words.textContent = WRITERS[language](call, address, files);
    };
    write();
    return write;
  }

  const follow = () => (location.hash === HASH ? open() : node.close());
  window.addEventListener("hashchange", follow);
  node.addEventListener("close", () => {
    if (location.hash === HASH) history.replaceState(history.state, "", location.pathname + location.search);
  });
  follow();
  node.dataset.ready = "";
}

function say(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}

function untranslated(tag, text) {
  return Object.assign(say(tag, text), { translate: false });
}
