// The sample grids of a run as a film: a slider over its steps, a button to play, and the newest picture as it comes.

import { crisp } from "./pixels.js";
import { follow, lookAt, refresh } from "./stories.js";

const FRAME_MS = 420;
const FADE_MS = 260;
const KEPT = 48; // decoded pictures

/** Join the film of ui/train_tab.py to the page: its value names the story, and the last picture to begin with. */
export function mountFilm(element, { props, watch }) {
  const root = element.querySelector(".gs-root");
  const { texts } = props;
  root.innerHTML =
    '<p class="gs-film-title"></p><div class="gs-film-frame"><canvas role="img"></canvas><p></p></div>' +
    '<div class="gs-film-bar"><button type="button" class="gs-film-play"></button>' +
    '<input type="range" min="0" max="0" value="0" step="1"><output></output></div>';
  const [title, frame, bar] = root.children;
  const [canvas, empty] = frame.children;
  const [button, range, output] = bar.children;
  range.setAttribute("aria-label", texts.scrub);
  empty.textContent = texts.empty;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pictures = new Map();
  let story = null;
  let end = () => {};
  let shown = null;
  let playing = 0;
  let fading = 0;
  let following = true; // the newest picture
  let greeted = false;

  const film = {
    get shown() {
      return shown;
    },
    get count() {
      return story?.samples.length ?? 0;
    },
  };
  root.film = film;

  function show() {
    const { key, poster } = JSON.parse(props.value);
    if (story?.key === key) return refresh(key);
    end();
    stop();
    story = null;
    shown = null;
    delete root.dataset.step;
    following = true;
    empty.hidden = Boolean(poster);
    canvas.hidden = !poster;
    bar.style.visibility = "hidden";
    if (poster) picture(poster).then((image) => shown ?? paint(image));
    if (key) end = follow(key, root, changed);
    refresh(key);
  }

  function changed(next, change) {
    const first = story === null;
    story = next;
    title.textContent = story.title;
    if (change.at) {
      if (story.at !== null && !playing) turn(nearest(story.at), false);
      return;
    }
    const { samples } = story;
    range.max = Math.max(0, samples.length - 1);
    bar.style.visibility = samples.length > 1 ? "" : "hidden";
    empty.hidden = samples.length > 0;
    canvas.hidden = samples.length === 0;
    if (!samples.length) return;
    if (first && !story.live && !calm && !greeted && samples.length > 1) play();
    else if (following && !playing) turn(samples.length - 1, true);
    else label();
    greeted = true;
  }

  function nearest(step) {
    let found = 0;
    story.samples.forEach((sample, i) => {
      if (sample.step <= step) found = i;
    });
    return found;
  }

  /** Show picture i, fading over from the one before. */
  async function turn(i, fade) {
    const sample = story.samples[i];
    if (!sample) return;
    range.value = i;
    label();
    const of = story;
    const name = `${story.key}/samples/${sample.name}`;
    const image = await picture(name);
    if (story !== of || Number(range.value) !== i) return; // another was asked for meanwhile
    if (shown === name) return;
    shown = name;
    root.dataset.step = sample.step;
    canvas.setAttribute("aria-label", texts.alt.replace("{step}", sample.step));
    paint(image, fade && !calm);
    const ahead = story.samples[i + 1];
    if (ahead) picture(`${story.key}/samples/${ahead.name}`);
  }

  function paint(image, fade = false) {
    canvas.hidden = false;
    cancelAnimationFrame(fading);
    const pen = canvas.getContext("2d");
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      fade = false;
      fit();
    }
    pen.imageSmoothingEnabled = false;
    if (!fade) return pen.drawImage(image, 0, 0);
    const began = performance.now();
    let done = 0;
    const step = (now) => {
      const share = Math.min(1, (now - began) / FADE_MS);
      pen.globalAlpha = done >= 1 ? 1 : (share - done) / (1 - done); // what is still missing of the new picture
      pen.drawImage(image, 0, 0);
      pen.globalAlpha = 1;
      done = share;
      if (share < 1) fading = requestAnimationFrame(step);
    };
    fading = requestAnimationFrame(step);
  }

  function picture(name) {
    if (!pictures.has(name)) {
      const image = new Image();
      image.src = new URL(name, document.baseURI);
      pictures.set(
        name,
        image.decode().then(() => image),
      );
      pictures.get(name).catch(() => pictures.delete(name));
      if (pictures.size > KEPT) pictures.delete(pictures.keys().next().value);
    }
    return pictures.get(name);
  }

  function label() {
    const sample = story.samples[Number(range.value)];
    output.textContent = texts.at.replace("{step}", sample.step.toLocaleString("en"));
    const place = texts.of.replace("{place}", Number(range.value) + 1).replace("{count}", story.samples.length);
    range.setAttribute("aria-valuetext", `${output.textContent}, ${place}`);
  }

  function play() {
    let i = Number(range.value) >= story.samples.length - 1 || !shown ? 0 : Number(range.value);
    stop();
    button.dataset.playing = "";
    button.setAttribute("aria-label", texts.stop);
    const step = () => {
      if (!root.checkVisibility?.()) return stop();
      turn(i, true);
      lookAt(story, story.samples[i].step);
      if (i >= story.samples.length - 1) {
        following = true;
        return stop();
      }
      i += 1;
      return undefined;
    };
    playing = setInterval(step, FRAME_MS);
    step();
  }

  function stop() {
    clearInterval(playing);
    playing = 0;
    delete button.dataset.playing;
    button.setAttribute("aria-label", texts.play);
  }

  function fit() {
    const available = frame.clientWidth;
    if (available && canvas.width) canvas.style.width = `${crisp(available, canvas.width, devicePixelRatio)}px`;
  }

  button.addEventListener("click", () => (playing ? stop() : play()));
  range.addEventListener("input", () => {
    stop();
    const i = Number(range.value);
    following = i === story.samples.length - 1;
    turn(i, false);
    lookAt(story, following ? null : story.samples[i].step);
  });
  range.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    button.click();
  });
  new ResizeObserver(fit).observe(frame);
  watch("value", show);
  stop();
  show();
}
