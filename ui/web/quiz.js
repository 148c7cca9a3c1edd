// "Real or generated?": twenty pictures, each for a time exact to a frame and then covered; no request per answer.

import { button, made } from "./nodes.js";
import { fill } from "./text.js";
import { copy } from "./tools.js";

const Z = 1.96;
const FIX_MS = 600;
const FRAME_MS = 1000 / 60;
const SIDE = 288;

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
    models.map((name) => [name, name]),
    models[0],
  );
  const times = exposures.map((ms) => [fill(texts.ms, { ms }), ms]);
  const [timeField, time] = menu(texts.exposure, times, exposures[3]);
  const start = button(texts.start, () => ask(false));
  start.dataset.quiz = "start";
  const bar = made("div", "", "gs-quiz-bar");
  bar.append(modelField, timeField, start);
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
  const result = made("div", "", "gs-quiz-result");
  root.append(bar, said, canvas, choice, hint, result);
  let round = null; // {sheet, truth, answers, ms, model}
  let waiting = false;
  rest();

  function rest() {
    canvas.hidden = choice.hidden = hint.hidden = true;
    bar.hidden = false;
  }
  function ask(download) {
    result.replaceChildren();
    said.textContent = texts.loading;
    start.disabled = true;
    trigger("ask", { model: model.value, download });
  }
  watch("value", async () => {
    const told = JSON.parse(props.value);
    start.disabled = false;
    if (told.error) {
      said.textContent = told.error;
      if (told.download) result.replaceChildren(button(texts.download, () => ask(true)));
      return;
    }
    const sheet = Object.assign(new Image(), { src: told.sheet });
    await sheet.decode();
    round = { sheet, truth: told.truth, answers: [], ms: Number(time.value), model: model.value };
    bar.hidden = true;
    canvas.hidden = choice.hidden = hint.hidden = false;
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
    const { fooled, believed } = score(round.answers, round.truth);
    rest();
    start.textContent = texts.again;
    said.textContent = "";
    const lines = [
      [texts.fooled, fooled],
      [texts.believed, believed],
    ].map(([name, figures]) => {
      const line = made("div", "", "gs-quiz-score");
      line.append(
        made("span", name),
        made("b", fill(texts.score, figures)),
        made("small", fill(texts.interval, figures)),
      );
      return line;
    });
    const { model: weights, ms } = round;
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
    result.replaceChildren(...lines, made("p", texts.in_paper), share);
    start.focus();
  }
  document.addEventListener("keydown", (event) => {
    if (!waiting || !root.checkVisibility() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    answer(event.key === "ArrowRight");
  });
}
