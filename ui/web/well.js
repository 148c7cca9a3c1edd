// Lets a picture be dropped on an upload button, or pasted while the button is in sight.

/** Join the behaviour that ui/canvas.py puts beside an upload button; Gradio may add the button itself later. */
export function mountWell(_, { props }) {
  const button = () => document.getElementById(props.target);
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
