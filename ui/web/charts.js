// Bars (a code or probabilities, draggable when asked) and gauges (one code on its range).

const RANGE = 2; // codes are shown on [-2, 2]; [-1, 1] was trained

/** A row of bars that start at zero; with `drag` each can be pulled, or moved with the arrow keys. */
export function makeBars(description, emit) {
  const { id, drag, low, high } = description;
  const node = document.createElement("figure");
  const chart = document.createElement("div");
  chart.className = "gs-chart";
  chart.setAttribute("role", drag ? "group" : "img");
  const caption = Object.assign(document.createElement("figcaption"), { className: "gs-caption" });
  node.append(chart, caption);
  let values = [];
  let held = -1;
  const zero = (0 - low) / (high - low);

  function column(index) {
    const bar = document.createElement("span");
    bar.className = "gs-bar";
    bar.append(document.createElement("i"), document.createElement("b"));
    if (drag) {
      bar.tabIndex = 0;
      bar.setAttribute("role", "slider");
      bar.setAttribute("aria-valuemin", low);
      bar.setAttribute("aria-valuemax", high);
      bar.addEventListener("keydown", (event) => {
        const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        set(index, values[index] + (step * (high - low)) / 40);
        send("drag", index);
        send("release", index);
      });
    }
    return bar;
  }
  function show(index) {
    const share = (values[index] - low) / (high - low);
    const bar = chart.children[index];
    bar.firstChild.style.inset = `${100 * (1 - Math.max(share, zero))}% 0 ${100 * Math.min(share, zero)}% 0`;
    if (drag) bar.setAttribute("aria-valuenow", values[index].toFixed(2));
  }
  function set(index, value) {
    values[index] = Math.min(high, Math.max(low, value));
    show(index);
  }
  function send(name, index) {
    emit(name, { id, index, value: values[index] });
  }
  function pull(event) {
    const box = chart.getBoundingClientRect();
    set(held, high - ((event.clientY - box.top) / box.height) * (high - low));
    send("drag", held);
  }
  if (drag) {
    chart.dataset.drag = "";
    chart.addEventListener("pointerdown", (event) => {
      const box = chart.getBoundingClientRect();
      held = Math.min(values.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * values.length)));
      chart.setPointerCapture(event.pointerId);
      pull(event);
    });
    chart.addEventListener("pointermove", (event) => held >= 0 && pull(event));
    for (const end of ["pointerup", "pointercancel"]) {
      chart.addEventListener(end, () => {
        if (held >= 0) send("release", held);
        held = -1;
      });
    }
  }

  function update(tile) {
    if (tile.values) {
      if (chart.children.length !== tile.values.length) {
        chart.replaceChildren(...tile.values.map((_, index) => column(index)));
      }
      // The bar in the visitor's hand is not pulled away by an answer to an earlier position.
      values = tile.values.map((value, index) => (index === held ? values[index] : value));
      values.forEach((_, index) => show(index));
      chart.style.setProperty("--zero", `${100 * zero}%`);
    }
    tile.labels?.forEach((text, index) => {
      chart.children[index].lastChild.textContent = text;
      if (drag) chart.children[index].setAttribute("aria-label", text);
    });
    if ("mark" in tile) [...chart.children].forEach((bar, i) => bar.classList.toggle("gs-marked", i === tile.mark));
    if ("alt" in tile) chart.setAttribute("aria-label", tile.alt);
    if ("caption" in tile) caption.textContent = tile.caption ?? "";
    caption.hidden = !caption.textContent;
  }
  return { node, update };
}

/** A value read on [-2, 2], beside the true one. */
export function makeGauge() {
  const node = document.createElement("div");
  node.setAttribute("role", "img");
  node.innerHTML = '<span class="gs-name"></span><span class="gs-rail"><i></i><b></b><u></u></span><output></output>';
  const [name, rail, output] = node.children;
  const [, tick, dot] = rail.children;
  const place = (value) => `${(50 * (Math.min(RANGE, Math.max(-RANGE, value)) + RANGE)) / RANGE}%`;

  function update(tile) {
    if ("name" in tile) name.textContent = tile.name;
    if ("value" in tile) {
      dot.style.left = place(tile.value);
      output.textContent = tile.value.toFixed(2);
    }
    if ("true" in tile) {
      tick.hidden = tile.true === null;
      if (tile.true !== null) tick.style.left = place(tile.true);
    }
    if ("alt" in tile) node.setAttribute("aria-label", tile.alt);
  }
  return { node, update };
}
