// Small pieces of a page.

export function made(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

export function button(text, act) {
  const node = Object.assign(made("button", text), { type: "button" });
  node.addEventListener("click", act);
  return node;
}
