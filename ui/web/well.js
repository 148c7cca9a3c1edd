// Lets a picture be dropped on an upload button, or pasted while the button is in sight; says where it is read, and
// keeps it on the device where the tab's own engine takes it.

import { made } from "./nodes.js";
import { readFile, sentence } from "./prepare.js";

/** Join the behaviour that ui/canvas.py puts beside an upload button; Gradio may add the button itself later. */
export function mountWell(element, { props }) {
  const { texts, target } = props;
  const button = () => document.getElementById(target);
  const own = () => window.ganscope?.wells?.[target];
  const where = made("p", texts.sent);
  const refused = made("p", "", "gs-refused");
  refused.setAttribute("role", "alert");
  element.querySelector(".gs-root").append(where, refused);
  const refuse = (text) => Object.assign(refused, { textContent: text, hidden: !text });
  let taken = 0; // files so far: what an earlier one comes to, late, is no word on the newest
  const say = () => {
    where.textContent = own()?.ready() ? texts.stays : texts.sent;
  };
  document.addEventListener("ganscope-engine", say);
  say();
  const onButton = (event) => button()?.contains(event.target);

  function give(event, files) {
    const input = inputOf(button());
    const file = [...(files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file || !input) return;
    event.preventDefault();
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  // Before Gradio hears of the file: it would send it.
  window.addEventListener(
    "change",
    async (event) => {
      if (!event.target.matches?.("input[type=file]") || event.target !== inputOf(button())) return;
      refuse("");
      if (!own()?.ready()) return;
      event.stopImmediatePropagation();
      const [file] = event.target.files;
      event.target.value = "";
      taken += 1;
      const turn = taken;
      let answer = "";
      try {
        if (file) await own().take(await readFile(file));
      } catch (error) {
        answer = sentence(error, texts);
      }
      if (turn === taken) refuse(answer);
    },
    true,
  );
  document.addEventListener("dragover", (event) => {
    button()?.classList.toggle("gs-over", onButton(event));
    if (onButton(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    button()?.classList.remove("gs-over");
    if (!onButton(event)) return;
    event.preventDefault();
    give(event, event.dataTransfer?.files);
  });
  document.addEventListener("paste", (event) => {
    if (button()?.checkVisibility()) give(event, event.clipboardData?.files);
  });
}

/** Find the hidden file input that Gradio puts before its upload button. */
function inputOf(button) {
  let node = button;
  while (node && !node.matches("input[type=file]")) node = node.previousElementSibling;
  return node;
}
