// What is known of a run in words: its state, its figures, what goes wrong, and the note of a recording.

import { follow, refresh } from "./stories.js";

/** Join the facts of ui/train_tab.py to the page; "news" is sent when a run does something else than before. */
export function mountFacts(element, { props, watch, trigger }) {
  const root = element.querySelector(".gs-root");
  root.innerHTML =
    '<div class="gs-facts"><b class="gs-state"></b><dl></dl></div><p class="gs-story"></p>' +
    '<div class="gs-warnings" role="status"></div>';
  const [line, note, warnings] = root.children;
  const [state, list] = line.children;
  let end = () => {};
  let key = null;
  let known = null;

  function show() {
    const next = JSON.parse(props.value).key;
    if (next !== key) {
      end();
      known = null;
      key = next;
      if (key) end = follow(key, root, changed);
    }
    refresh(key);
  }

  function changed(story, change) {
    if (change.at || !story.state) return;
    state.textContent = story.state.text;
    state.dataset.tone = story.state.tone;
    list.replaceChildren(
      ...story.facts.map(([name, value]) => {
        const pair = document.createElement("div");
        pair.append(
          Object.assign(document.createElement("dt"), { textContent: name }),
          Object.assign(document.createElement("dd"), { textContent: value }),
        );
        return pair;
      }),
    );
    note.textContent = story.note;
    note.hidden = !story.note;
    const said = JSON.stringify(story.warnings);
    if (warnings.dataset.said !== said) {
      warnings.dataset.said = said;
      warnings.replaceChildren(...story.warnings.map(warning));
    }
    root.dataset.state = story.news;
    if (known !== null && known !== story.news) trigger("news", { key });
    known = story.news;
  }

  watch("value", show);
  show();
}

function warning({ tone, lead, text }) {
  const node = Object.assign(document.createElement("p"), { className: "gs-note" });
  node.dataset.tone = tone;
  node.append(Object.assign(document.createElement("b"), { textContent: lead }), " ", text);
  return node;
}
