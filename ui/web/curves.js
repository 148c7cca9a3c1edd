// Line charts on canvases: one canvas a chart, drawn anew only when something changed, whatever the number of points.

import { plot } from "./plot.js";
import { followNamed, lookAt } from "./stories.js";

/** Join the curves of ui/train_tab.py to the page: its value names the stories, drawn into the same charts. */
export function mountCurves(element, component) {
  const root = element.querySelector(".gs-root");
  const { texts } = component.props;
  const head = make("div", "gs-curves-head");
  const box = make("div", "gs-curves");
  const empty = Object.assign(make("p", "gs-curves-empty"), { textContent: texts.empty });
  const legend = make("div", "gs-curves-runs");
  const log = make("label", "gs-switch");
  log.innerHTML = '<input type="checkbox"><span></span>';
  log.lastChild.textContent = texts.log;
  log.firstChild.addEventListener("change", () => schedule());
  head.append(legend, log);
  root.append(head, empty, box);

  let stories = [];
  let frame = 0;
  let hover = null;
  const charts = new Map();
  root.curves = { charts, drawn: 0, drawMs: 0 };

  function schedule() {
    if (!frame)
      frame = requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
  }

  function draw() {
    const there = stories.filter((story) => story?.charts.length);
    empty.hidden = there.length > 0;
    log.hidden = !there.length;
    legend.replaceChildren(...(stories.length > 1 ? there.map((story, i) => key(story.title, i, 0)) : []));
    const wanted = new Map();
    for (const story of there) for (const chart of story.charts) if (!wanted.has(chart.id)) wanted.set(chart.id, chart);
    for (const [id, chart] of charts)
      if (!wanted.has(id)) {
        chart.node.remove();
        charts.delete(id);
      }
    const started = performance.now();
    for (const [id, description] of wanted) {
      if (!charts.has(id)) charts.set(id, makeChart());
      const chart = charts.get(id);
      if (chart.node.parentNode !== box) box.append(chart.node);
      chart.draw(description, there);
    }
    root.curves.drawMs = performance.now() - started;
    root.curves.drawn += 1;
    root.dataset.drawn = String(root.curves.drawn);
  }

  function makeChart() {
    const node = make("figure", "gs-curve");
    const title = make("figcaption", "gs-curve-title");
    const values = make("div", "gs-curve-values");
    const canvas = make("canvas", "gs-curve-canvas");
    canvas.setAttribute("role", "img");
    node.append(title, canvas, values);
    let scale = null;
    new ResizeObserver(schedule).observe(canvas);
    canvas.addEventListener("pointermove", (event) => {
      if (!scale) return;
      hover = scale.stepAt(event.offsetX);
      schedule();
    });
    for (const name of ["pointerleave", "pointercancel"]) {
      canvas.addEventListener(name, () => {
        hover = null;
        schedule();
      });
    }
    canvas.addEventListener("click", (event) => {
      if (scale && stories.length === 1) lookAt(stories[0], scale.stepAt(event.offsetX));
    });

    function draw(description, there) {
      title.textContent = description.title;
      const many = stories.length > 1;
      const lines = [];
      there.forEach((story, run) => {
        const chart = story.charts.find(({ id }) => id === description.id);
        chart?.series.forEach(([name, label, colour, dash], place) => {
          const line = story.series.get(name);
          if (line) lines.push({ ...line, label, colour: many ? run : colour, dash: many ? place : dash });
        });
      });
      const mark = there.map((story) => story.marks[description.id]).find(Boolean);
      const at = hover ?? (many ? null : (stories[0]?.at ?? null));
      scale = plot(canvas, lines, {
        log: log.firstChild.checked,
        mark,
        at,
        low: description.low,
        high: description.high,
      });
      values.replaceChildren(
        ...lines.map((line, i) => {
          const value = format(valueAt(line, at));
          return key(
            many && there.length === lines.length ? value : `${line.label} ${value}`,
            lines[i].colour,
            line.dash,
          );
        }),
      );
      if (mark) values.append(key(mark[1], "mark", 1));
      const said = lines.map((line) => `${line.label} ${format(valueAt(line, at))}`).join(", ");
      canvas.setAttribute("aria-label", texts.alt.replace("{title}", description.title).replace("{values}", said));
    }
    return { node, draw, canvas };
  }

  new MutationObserver(schedule).observe(document.body, { attributeFilter: ["class"] });
  followNamed(component, root, (named, change) => {
    stories = named;
    if (!change.at || named.length === 1) schedule();
  });
}

/** Return the value at a step or, where there is none, the last before it; without a step, the newest. */
export function valueAt({ steps, values }, step) {
  if (step === null || !steps.length) return values.at(-1);
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return values[low];
}

/** Write a number in about four characters. */
export function format(value) {
  if (value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 || size === 0 ? 2 : 3);
}

function key(text, colour, dash) {
  const node = make("span", "gs-key");
  node.dataset.colour = colour;
  if (dash) node.dataset.dash = dash;
  node.textContent = text;
  return node;
}

function make(tag, className) {
  return Object.assign(document.createElement(tag), { className });
}
