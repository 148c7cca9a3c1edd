"""What the tests of access ask of a page: colours, canvases, sizes."""

# Every text that can be seen, with its contrast against what lies behind it (WCAG 2.2, 1.4.3): colours are blended down
# to the first ground that covers; text on pictures and on disabled controls is exempt.
CONTRASTS = """() => {
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = text;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((value, i) => value * a + under[i] * (1 - a));
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const dark = document.body.classList.contains("dark");
  const ground = (node, box) => {
    const layers = [];
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    for (let at = node; at; at = at.parentElement) {
      const own = at.getBoundingClientRect();
      if (own.left > x || own.right < x || own.top > y || own.bottom < y) continue; // it stands outside of this one
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3]) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), dark ? [0, 0, 0] : [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!/[\\p{L}\\p{N}]/u.test(text) || node.closest("script, style, :disabled, [aria-disabled=true]")) continue;
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const box = node.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const style = getComputedStyle(node);
    const behind = ground(node, box);
    let opacity = 1;
    for (let at = node; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const [r, g, b, a] = rgba(style.color);
    const [one, other] = [light(over([r, g, b, a * opacity], behind)), light(behind)].sort((x, y) => y - x);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    found.push({ text: text.slice(0, 40), ratio: (one + 0.05) / (other + 0.05), wanted: large ? 3 : 4.5 });
  }
  return found;
}"""

# Canvases that are seen and say nothing: neither a picture with a text, nor inside a control or picture that has one.
SILENT = """() => [...document.querySelectorAll("canvas")]
  .filter((canvas) => canvas.checkVisibility())
  .filter((canvas) => {
    const node = canvas.closest("[role=img], button, [role=slider], .gs-field");
    return !node?.getAttribute("aria-label")?.trim();
  })
  .map((canvas) => canvas.closest("[id]")?.id + " " + (canvas.closest("[data-tile]")?.dataset.tile ?? ""))"""

# What fingers aim at and would miss. A box to tick counts with its label, a menu with its frame; a link in a sentence
# is exempt (2.5.8).
SMALL = """() => {
  const TICKED = "[type=checkbox], [type=radio]";
  const aims = "button, summary, select, textarea, input:not([type=hidden], [type=file]), a, .gs-field, [role=slider]";
  return [...document.querySelectorAll(aims)]
    .filter((node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
    .filter((node) => !(node.matches("a") && node.parentElement.textContent.trim() !== node.textContent.trim()))
    .map((node) => [node, node.closest(".wrap-inner") ?? (node.matches(TICKED) ? node.closest("label") : node)])
    .map(([node, aim]) => [node, aim.getBoundingClientRect()])
    .filter(([node, box]) => box.width > 1 && box.height > 1 && !node.closest(".gs-chart"))
    .filter(([, box]) => box.width < 39.5 || box.height < 39.5)
    .map(([node, box]) => `${node.tagName} ${node.className || node.type} ${node.textContent.trim().slice(0, 20)} ` +
      `${box.width.toFixed(0)} x ${box.height.toFixed(0)}`);
}"""
