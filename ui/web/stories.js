// The stories of runs and recordings: fetched once, then only what is new, at most once a second, and only while someone
// looks. Film, curves and facts share them, and the step that is looked at.

const EVERY_MS = 1000;
const stories = new Map();
let timer = 0;

/** Tell a listener of every change of a story while `element` is in sight; returns a function that ends it. */
export function follow(key, element, listener) {
  const story = stories.get(key) ?? makeStory(key);
  stories.set(key, story);
  const entry = { element, listener };
  story.listeners.add(entry);
  if (story.loaded) listener(story, { first: true });
  if (!timer) timer = setInterval(look, EVERY_MS);
  load(story);
  return () => story.listeners.delete(entry);
}

/** Follow the stories that a component's value names; hears of each change with all of them, null where none came. */
export function followNamed({ props, watch }, element, changed) {
  let ends = [];

  function show() {
    const { keys } = JSON.parse(props.value);
    for (const end of ends) end();
    const named = keys.map(() => null);
    ends = keys.map((key, i) =>
      follow(key, element, (story, change) => {
        named[i] = story;
        changed(named, change);
      }),
    );
    keys.forEach(refresh);
    changed(named, {});
  }

  watch("value", show);
  show();
}

/** Ask for news although the story was at its end: something was done to its run. */
export function refresh(key) {
  const story = stories.get(key);
  if (!story) return;
  story.live = true;
  load(story);
}

/** Choose the step that all look at; null is the newest. */
export function lookAt(story, step) {
  if (story.at === step) return;
  story.at = step;
  tell(story, { at: true });
}

export function makeStory(key) {
  return {
    key,
    series: new Map(),
    samples: [],
    last: -1,
    measured: -1,
    live: true,
    loaded: false,
    busy: false,
    at: null,
    charts: [],
    marks: {},
    facts: [],
    figures: [],
    warnings: [],
    note: "",
    title: "",
    listeners: new Set(),
  };
}

/** Add what came since the last step; numbers of one name are two lists, steps and values. */
export function merge(story, news) {
  if (news.last < story.last) reset(story); // the run went back to a checkpoint: start over
  for (const record of [...news.records, ...news.measures]) {
    for (const [name, value] of Object.entries(record)) {
      if (name === "step" || typeof value !== "number") continue;
      let line = story.series.get(name);
      if (!line) story.series.set(name, (line = { steps: [], values: [] }));
      if (line.steps.length && line.steps.at(-1) >= record.step) continue;
      line.steps.push(record.step);
      line.values.push(value);
    }
  }
  for (const name of news.samples) {
    const step = stepOf(name);
    if (!story.samples.length || story.samples.at(-1).step < step) story.samples.push({ step, name });
  }
  for (const name of ["charts", "figures", "marks", "note", "title"]) if (name in news) story[name] = news[name];
  Object.assign(story, { live: news.live, state: news.state, facts: news.facts, warnings: news.warnings });
  story.news = news.news;
  story.measured = news.measures.at(-1)?.step ?? story.measured;
  story.last = news.records.length ? Math.max(story.last, news.last) : story.last;
  story.loaded = true;
}

function reset(story) {
  story.series.clear();
  story.samples.length = 0;
  story.last = story.measured = -1;
}

function stepOf(name) {
  return Number(/step-(\d+)/.exec(name)?.[1] ?? -1);
}

function look() {
  if (document.hidden) return;
  for (const story of stories.values()) if (story.live || !story.loaded) load(story);
}

async function load(story) {
  const seen = [...story.listeners].some(({ element }) => element.checkVisibility?.() ?? true);
  if (story.busy || !seen) return;
  story.busy = true;
  try {
    const since = story.last;
    const seen = `since=${since}&measured=${story.measured}&drawn=${story.samples.at(-1)?.step ?? -1}`;
    const answer = await fetch(new URL(`${story.key}/curves?${seen}`, document.baseURI));
    if (answer.status === 404) Object.assign(story, { live: false, loaded: true, gone: true });
    else if (answer.ok) {
      const news = await answer.json();
      const again = news.last < since;
      merge(story, news);
      if (again) story.live = true;
      tell(story, { records: news.records.length + news.measures.length, samples: news.samples.length });
    }
  } catch {
    // The server may be restarting; the next turn asks again.
  } finally {
    story.busy = false;
  }
}

function tell(story, change) {
  for (const { listener } of story.listeners) listener(story, change);
}
