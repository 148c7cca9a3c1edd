// Bars (a code or probabilities, draggable when asked) and gauges (one code on its range).

/** Bars that start at zero, `columns` in a row; with `drag` each can be pulled, or moved with the arrow keys. */
export function makeBars(description, emit) {
  const { id, drag, low, high } = description;
  const node = document.createElement("figure");
  const chart = document.createElement("div");
  chart.className = "gs-chart";
  chart.setAttribute("role", drag ? "group" : "img");
  const caption = Object.assign(document.createElement("figcaption"), { className: "gs-caption" });
  node.append(chart, caption);
  let values = []; // as the hand has them
  let drawn = []; // as they were drawn
  let ticks = [];
  let held = -1;
  const zero = (0 - low) / (high - low);

  function column(index) {
    const bar = document.createElement("span");
    bar.className = "gs-bar";
    bar.append(document.createElement("i"), document.createElement("u"), document.createElement("b"));
    bar.children[1].hidden = true;
    if (drag) {
      bar.tabIndex = index === 0 ? 0 : -1; // one stop for the whole chart: left and right choose the bar
      bar.setAttribute("role", "slider");
      bar.setAttribute("aria-orientation", "vertical");
      bar.setAttribute("aria-label", String(index + 1));
      bar.setAttribute("aria-valuemin", low);
      bar.setAttribute("aria-valuemax", high);
      bar.addEventListener("keydown", (event) => {
        const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const step = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
        if (!move && !step) return;
        event.preventDefault();
        if (move) return focus(index + move);
        set(index, values[index] + (step * (high - low)) / 40);
        send("drag", index);
        send("release", index);
      });
    }
    return bar;
  }
  function focus(index) {
    const bar = chart.children[index];
    if (!bar) return;
    for (const other of chart.children) other.tabIndex = other === bar ? 0 : -1;
    bar.focus({ preventScroll: true });
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
    emit(name, { id, index, value: values[index], values });
  }
  function pull(event) {
    const box = chart.children[held].getBoundingClientRect();
    set(held, high - ((event.clientY - box.top) / box.height) * (high - low));
    send("drag", held);
  }
  if (drag) {
    chart.dataset.drag = "";
    chart.addEventListener("pointerdown", (event) => {
      held = [...chart.children].indexOf(event.target.closest(".gs-bar"));
      if (held < 0) return;
      event.preventDefault();
      focus(held);
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
    if (tile.columns) {
      chart.dataset.columns = tile.columns;
      chart.style.setProperty("--columns", tile.columns);
    }
    if (tile.values) {
      if (chart.children.length !== tile.values.length) {
        chart.replaceChildren(...tile.values.map((_, index) => column(index)));
      }
      // The bar in the visitor's hand is not pulled away by an answer to an earlier position.
      drawn = [...tile.values];
      values = drawn.map((value, index) => (index === held ? values[index] : value));
      values.forEach((_, index) => show(index));
      chart.style.setProperty("--zero", `${100 * zero}%`);
    }
    tile.labels?.forEach((text, index) => {
      chart.children[index].lastChild.textContent = text;
      if (drag) chart.children[index].setAttribute("aria-label", text);
    });
    ticks = tile.ticks ?? ticks;
    tile.ticks?.forEach((value, index) => {
      const tick = chart.children[index].children[1];
      tick.hidden = value === null;
      if (value !== null) tick.style.bottom = `${(100 * (value - low)) / (high - low)}%`;
    });
    if ("mark" in tile) [...chart.children].forEach((bar, i) => bar.classList.toggle("gs-marked", i === tile.mark));
    if ("alt" in tile) chart.setAttribute("aria-label", tile.alt);
    if ("caption" in tile) caption.textContent = tile.caption ?? "";
    caption.hidden = !caption.textContent;
  }
  return { node, update, values: () => values, drawn: () => drawn, ticks: () => ticks };
}

/** A value on its line from `low` to `high`, a `band` of the line marked, beside the true value if there is one. */
export function makeGauge({ low, high, band }) {
  const node = document.createElement("div");
  node.setAttribute("role", "img");
  node.innerHTML = '<span class="gs-name"></span><span class="gs-rail"><i></i><b></b><u></u></span><output></output>';
  const [name, rail, output] = node.children;
  const [marked, tick, dot] = rail.children;
  const place = (value) => `${(100 * (Math.min(high, Math.max(low, value)) - low)) / (high - low)}%`;
  marked.style.left = place(band[0]);
  marked.style.right = `calc(100% - ${place(band[1])})`;

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
