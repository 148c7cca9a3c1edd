// "Real or generated?": twenty pictures, each for a time exact to a frame and then covered; no request per answer.

import { button, made } from "./nodes.js";
import { opened } from "./session.js";
import { show as note } from "./tabs.js";
import { fill } from "./text.js";
import { copy } from "./tools.js";

const Z = 1.96;
const FIX_MS = 600;
const FRAME_MS = 1000 / 60;
const SIDE = 320;
const CELL = 64; // of a picture that is shown again, about
// Called real, about: Denton et al. 2015, figure 6.
const PAPER = { paper_gan: 0.1, paper_lapgan: 0.4, paper_real: 0.9 };

/** Give Wilson's 95 % interval of `hits` in `count`. */
export function wilson(hits, count) {
  const share = hits / count;
  const spread = Z * Math.sqrt((share * (1 - share)) / count + Z ** 2 / (4 * count ** 2));
  const middle = share + Z ** 2 / (2 * count);
  const whole = 1 + Z ** 2 / count;
  return [Math.max(0, (middle - spread) / whole), Math.min(1, (middle + spread) / whole)];
}

/** Count answers (true: called real) against the truth: `fooled` and `believed`, each {hits, count, share, low, high}. */
export function score(answers, truth) {
  const of = (wanted) => {
    const places = truth.flatMap((real, i) => (real === wanted ? [i] : []));
    const hits = places.filter((i) => answers[i]).length;
    const [low, high] = wilson(hits, places.length);
    return { hits, count: places.length, share: hits / places.length, low, high };
  };
  return { fooled: of(false), believed: of(true) };
}

/** Add the counts of two rounds. */
export function together(one, other) {
  if (!one) return other;
  const sum = (a, b) => {
    const [hits, count] = [a.hits + b.hits, a.count + b.count];
    const [low, high] = wilson(hits, count);
    return { hits, count, share: hits / count, low, high };
  };
  return { fooled: sum(one.fooled, other.fooled), believed: sum(one.believed, other.believed) };
}

/** Join the quiz of ui/quiz_tab.py to the page. */
export function mountQuiz(element, { props, watch, trigger }) {
  const root = element.querySelector(".gs-root");
  const { texts, models, exposures } = JSON.parse(props.value);
  const menu = (label, options, chosen) => {
    const select = document.createElement("select");
    select.append(...options.map(([text, value]) => new Option(text, value, false, value === chosen)));
    const field = document.createElement("label");
    field.append(made("span", label), select);
    return [field, select];
  };
  const [modelField, model] = menu(
    texts.model,
    models.map(({ name }) => [name, name]),
    models[0]?.name,
  );
  const times = exposures.map((ms) => [fill(texts.ms, { ms }), ms]);
  const [timeField, time] = menu(texts.exposure, times, exposures[3]);
  const start = button(texts.start, () => ask(false));
  start.dataset.quiz = "start";
  const source = made("p", "", "gs-quiz-source");
  const said = made("p", "", "gs-quiz-said");
  said.setAttribute("role", "status");
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  canvas.setAttribute("role", "img");
  const context = canvas.getContext("2d");
  const fake = button(texts.generated, () => answer(false));
  const real = button(texts.real, () => answer(true));
  const choice = made("div", "", "gs-quiz-choice");
  choice.append(fake, real);
  const hint = made("p", texts.hint, "gs-quiz-hint");
  const show = made("div", "", "gs-quiz-show");
  show.append(canvas, said, start, choice, hint);
  const bar = made("div", "", "gs-quiz-bar");
  bar.append(modelField, timeField);
  const chart = made("div", "", "gs-quiz-chart");
  const result = made("div", "", "gs-quiz-result");
  const side = made("div", "", "gs-quiz-side");
  side.append(bar, source, chart, result);
  const again = made("div", "", "gs-quiz-again");
  root.append(show, side, again);
  const totals = new Map(); // of the rounds played with the same weights and time
  let round = null; // {sheet, truth, answers, ms, model}
  let waiting = false;
  const { w, t } = opened("quiz") ?? {};
  if (models.some(({ name }) => name === w)) model.value = w;
  if (exposures.includes(t)) time.value = t;
  const state = () => ({ w: model.value, t: Number(time.value) });
  note("quiz", state(), false);
  for (const field of [model, time]) {
    field.addEventListener("change", () => {
      rest();
      note("quiz", state());
    });
  }
  rest();
  ((window.ganscope ??= {}).rested ??= {}).quiz = rest;

  function rest() {
    choice.hidden = hint.hidden = true;
    start.hidden = bar.inert = start.disabled = false;
    const { data, rendered } = models.find(({ name }) => name === model.value) ?? {};
    source.textContent = data ? fill(rendered ? texts.rendered : texts.data, { data }) : "";
    start.textContent = totals.has(`${model.value} ${time.value}`) ? texts.again : texts.start;
    said.textContent = texts.rest;
    canvas.setAttribute("aria-label", texts.rest);
    result.replaceChildren();
    again.replaceChildren();
    cross();
    draw();
  }
  function ask(download) {
    rest();
    said.textContent = texts.loading;
    start.disabled = bar.inert = true;
    trigger("ask", { model: model.value, download });
  }
  watch("value", async () => {
    const told = JSON.parse(props.value);
    start.disabled = bar.inert = false;
    if (told.error) {
      said.textContent = "";
      const line = made("p", told.error, "gs-quiz-error");
      line.setAttribute("role", "alert");
      const other = models.find(({ rendered, name }) => rendered && name !== model.value);
      const play = () => {
        model.value = other.name;
        ask(false);
      };
      const ways = [
        told.download && button(texts.download, () => ask(true)),
        other && button(fill(texts.instead, { name: other.name }), play),
      ];
      result.replaceChildren(line, ...ways.filter(Boolean));
      return;
    }
    const sheet = Object.assign(new Image(), { src: told.sheet });
    await sheet.decode();
    round = { sheet, truth: told.truth, answers: [], ms: Number(time.value), model: model.value };
    start.hidden = bar.inert = true;
    choice.hidden = hint.hidden = false;
    show.scrollIntoView({ block: "nearest" });
    next();
  });

  function next() {
    const { sheet, truth, answers, ms } = round;
    const place = answers.length;
    const number = { number: place + 1, count: truth.length };
    const side = sheet.height;
    fake.disabled = real.disabled = true;
    said.textContent = texts.ready;
    cross();
    setTimeout(() => {
      requestAnimationFrame((began) => {
        context.imageSmoothingEnabled = false;
        context.drawImage(sheet, place * side, 0, side, side, 0, 0, SIDE, SIDE);
        canvas.setAttribute("aria-label", fill(texts.shown_alt, number));
        const look = (now) => {
          // The frame nearest to the wanted time: half a frame early is nearer than half a frame late.
          if (now - began < ms - FRAME_MS / 2) return requestAnimationFrame(look);
          mask();
          root.dataset.shownMs = (now - began).toFixed(1);
          canvas.setAttribute("aria-label", texts.mask_alt);
          said.textContent = fill(texts.asked, number);
          fake.disabled = real.disabled = false;
          waiting = true;
          return 0;
        };
        requestAnimationFrame(look);
      });
    }, FIX_MS);
  }
  function cross() {
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
    context.fillStyle = "#888";
    context.fillRect(SIDE / 2 - 1, SIDE / 2 - 10, 2, 20);
    context.fillRect(SIDE / 2 - 10, SIDE / 2 - 1, 20, 2);
  }
  function mask() {
    const step = 12;
    for (let y = 0; y < SIDE; y += step) {
      for (let x = 0; x < SIDE; x += step) {
        context.fillStyle = `hsl(${Math.random() * 360} 40% ${20 + Math.random() * 60}%)`;
        context.fillRect(x, y, step, step);
      }
    }
  }
  function answer(value) {
    if (!waiting) return;
    waiting = false;
    round.answers.push(value);
    if (round.answers.length < round.truth.length) next();
    else finish();
  }
  function finish() {
    const found = score(round.answers, round.truth);
    const { model: weights, ms } = round;
    const key = `${weights} ${ms}`;
    totals.set(key, together(totals.get(key), found));
    const { fooled, believed } = totals.get(key);
    rest();
    said.textContent = "";
    const text = fill(texts.told, {
      model: weights,
      ms,
      count: fooled.count,
      fooled: fooled.share,
      low: fooled.low,
      high: fooled.high,
      believed: believed.share,
    });
    const share = button(texts.share, async () => {
      share.textContent = (await copy(text)) ? texts.copied : texts.not_copied;
    });
    result.replaceChildren(share);
    again.replaceChildren(
      strip(false, fill(texts.were_generated, found.fooled)),
      strip(true, fill(texts.were_real, found.believed)),
    );
    start.focus();
  }
  /** Show the pictures of one kind again, those that were taken for the other in a frame. */
  function strip(truth, text) {
    const places = round.truth.flatMap((one, place) => (one === truth ? [place] : []));
    const small = round.sheet.height;
    const cell = small * Math.max(1, Math.round(CELL / small));
    const [edge, step] = [4, cell + 12];
    const row = Object.assign(document.createElement("canvas"), { width: step * places.length, height: step });
    const pen = row.getContext("2d");
    pen.imageSmoothingEnabled = false;
    places.forEach((place, i) => {
      if (round.answers[place] !== truth) {
        pen.fillStyle = "#ffb854";
        pen.fillRect(i * step + 6 - edge, 6 - edge, cell + 2 * edge, cell + 2 * edge);
      }
      pen.drawImage(round.sheet, place * small, 0, small, small, i * step + 6, 6, cell, cell);
    });
    row.setAttribute("role", "img");
    row.setAttribute("aria-label", text);
    const figure = document.createElement("figure");
    figure.append(made("figcaption", text), row);
    return figure;
  }
  /** Draw what was called real: the paper's shares, and the visitor's with their intervals. */
  function draw() {
    const { fooled, believed } = totals.get(`${model.value} ${time.value}`) ?? {};
    const line = (name, found, mine) => {
      const node = made("div", "", mine ? `gs-quiz-line gs-mine${found ? " gs-quiz-score" : ""}` : "gs-quiz-line");
      const rail = made("span", "", "gs-quiz-rail");
      rail.setAttribute("aria-hidden", "true");
      if (found) {
        const mark = document.createElement("i");
        mark.style.width = `${100 * found.share}%`;
        rail.append(mark);
      }
      if (found?.low !== undefined) {
        const spread = document.createElement("u");
        Object.assign(spread.style, { left: `${100 * found.low}%`, width: `${100 * (found.high - found.low)}%` });
        rail.append(spread);
      }
      node.append(made("span", name), rail, made("b", found ? fill(texts.score, found) : "–"));
      if (mine && found) node.append(made("small", fill(texts.interval, found)));
      return node;
    };
    chart.replaceChildren(
      made("h3", texts.chart),
      ...Object.entries(PAPER).map(([key, value]) => line(texts[key], { share: value }, false)),
      line(texts.fooled, fooled, true),
      line(texts.believed, believed, true),
      made("p", texts.in_paper),
    );
  }
  document.addEventListener("keydown", (event) => {
    if (!waiting || !root.checkVisibility() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    answer(event.key === "ArrowRight");
  });
}
