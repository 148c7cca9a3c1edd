// A native dialog over the page: Esc and a click beside it close it, and the focus goes back to where it was.

/** Make a dialog with a title and a button to close it; fill `body`, then `open()`. */
export function makeDialog(title, close, className) {
  const node = document.createElement("dialog");
  node.className = `gs-dialog ${className}`;
  const head = document.createElement("header");
  const heading = Object.assign(document.createElement("h2"), { textContent: title, id: `${className}-title` });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "×", title: close });
  button.setAttribute("aria-label", close);
  const body = document.createElement("div");
  head.append(heading, button);
  node.append(head, body);
  node.setAttribute("aria-labelledby", heading.id);
  document.body.append(node);
  let before = null;

  button.addEventListener("click", () => node.close());
  node.addEventListener("click", (event) => event.target === node && node.close());
  node.addEventListener("close", () => before?.isConnected && before.focus());
  function open() {
    if (node.open) return;
    before = document.activeElement;
    node.showModal();
  }
  return { node, body, open };
}
