// From English to another language, by a catalogue whose keys are the English texts as ui/ writes them: whole texts,
// and texts with places, {name} or {value:.2f}, which are found again in what filling them gave.

const MOST_KEPT = 4000;
const SURE_LETTERS = 12; // a text with fewer letters around its places may be met inside another by chance
const FEW_LETTERS = 4; // with fewer, only amounts are places: "3 of 12", "16 px"
const MOST_PARTS = 12;
const HEAD = 3; // letters by which patterns are looked up
const PLACE = /\{(\w*)(?:!(r))?(?::([^{}]*))?\}/g;
const NUMBER = "([-+−]?[\\d.,]+%?)";
const OPENING = "((?:(?![.!?:;] ).)*?)"; // a place that begins a text holds no sentence before it
const AMOUNT = "([\\d.,]+(?: [a-z]{1,3})?)";
const NAMED = /^(.+?) ([-+−]?[\d.,]+%?)$/; // "slant 0.10"
const LETTER = /\p{L}/gu;
// What may stand between texts that were put together: a list, sentences, a title before its text, parentheses.
const SEAMS = /([.:;,!?…]+(?:\s+|$)|\s*[()·]\s*)/;
const MARKS = /\*\*|`/;

/** Make `translate(text)`; it gives back what the catalogue has no word for. `source(text)` goes the other way. */
export function makeTranslator(catalogue) {
  const exact = new Map();
  const back = new Map();
  const patterns = [];
  const kept = new Map();
  const said = new Map();
  const near = new Map();

  function add(english, korean) {
    const [from, to] = [tidy(english), tidy(korean)];
    if (!from || exact.has(from)) return;
    exact.set(from, to);
    // Put together with others: ", the run that failed" after a comma, "(These weights ...)" between parentheses.
    const [inner, other] = [from, to].map((one) => one.replace(/^[,;.]\s*|^\((.*)\)$/, "$1"));
    if (inner !== from) add(inner, other);
    if (from.search(PLACE) < 0) back.set(to, back.get(to) ?? from);
    else patterns.push(pattern(from, to));
  }
  for (const [english, other] of Object.entries(catalogue)) {
    add(english, other);
    // Markdown becomes several texts of the page, in the same order in both languages.
    const [parts, others] = [english.split(MARKS), other.split(MARKS)];
    if (parts.length > 1) parts.forEach((part, i) => /\p{L}/u.test(part) && add(part, others[i] ?? part));
  }
  patterns.sort((one, other) => other.letters - one.letters);

  function translate(text) {
    const core = tidy(text);
    if (!/[A-Za-z]/.test(core)) return text;
    if (!kept.has(core)) {
      if (kept.size >= MOST_KEPT) [kept, said].forEach((map) => map.clear());
      const found = find(core);
      kept.set(core, found);
      if (found !== null) said.set(found, core);
    }
    const found = kept.get(core);
    return found === null ? text : /^\s*/.exec(text)[0] + found + /\s*$/.exec(text)[0];
  }
  const word = (text) => exact.get(text) ?? exact.get(swapped(text)) ?? null;
  const same = (text) => {
    const [, name, amount] = NAMED.exec(text) ?? [];
    const named = name ? word(name) : null;
    return word(text) ?? (named === null ? null : `${named} ${amount}`);
  };
  const match = (text, sure, end = "") => {
    for (const one of candidates(text, sure, end)) {
      if (!text.includes(one.longest)) continue;
      const values = one.expression.exec(text);
      if (values) return one.fill(values, translate);
    }
    return null;
  };
  /** The few patterns that a text with this beginning can be of; labels change with every frame of a drag. */
  function candidates(text, sure, end) {
    const key = `${text.slice(0, HEAD)} ${sure} ${end}`;
    if (!near.has(key)) {
      if (near.size >= MOST_KEPT) near.clear();
      const fits = ({ letters, from, head }) =>
        letters >= SURE_LETTERS === sure && from.endsWith(end) && text.startsWith(head);
      near.set(key, patterns.filter(fits));
    }
    return near.get(key);
  }
  const find = (text) =>
    same(text) ?? match(text, true) ?? seams(text, true) ?? match(text, false) ?? seams(text, false);

  /** Translate a text part by part, the longest known parts first; `all`: only where every part is known. */
  function seams(text, all) {
    const parts = text.split(SEAMS); // text, seam, text, seam, ...
    if (parts.length === 1) return null;
    let known = 0;
    let made = "";
    for (let i = 0; i < parts.length; ) {
      const found = longest(parts, i);
      if (found) {
        known += 1;
        made += found.text;
        i = found.next;
      } else {
        if (all && /[A-Za-z]/.test(parts[i])) return null;
        made += parts[i] + (parts[i + 1] ?? "");
        i += 2;
      }
    }
    return known ? made : null;
  }

  function longest(parts, start) {
    if (!/[A-Za-z]/.test(parts[start]) && parts[start]) return null;
    const end = Math.min(parts.length - 1, start + 2 * MOST_PARTS);
    for (let last = end - (end % 2); last >= start; last -= 2) {
      const part = parts.slice(start, last + 1).join("");
      if (!/[A-Za-z]/.test(part)) continue;
      const seam = parts[last + 1] ?? "";
      const stop = seam.trim();
      const alone = last === start;
      // With its stop first: "Distance 5.1:" and "Typical." are texts of their own.
      const ended =
        stop && (same(part + stop) ?? match(part + stop, true, stop) ?? (alone && match(part + stop, false, stop)));
      if (ended) return { text: ended + /\s*$/.exec(seam)[0], next: last + 2 };
      const found = same(part) ?? match(part, true) ?? (alone ? match(part, false) : null);
      if (found !== null) return { text: found + seam, next: last + 2 };
    }
    return null;
  }

  function source(text) {
    const core = tidy(text);
    const [, name, amount] = NAMED.exec(core) ?? [];
    const named = back.get(name);
    return said.get(core) ?? back.get(core) ?? (named === undefined ? text : `${named} ${amount}`);
  }

  return { translate, source };
}

/** Turn a text with places into what recognises it filled, and fills the other language's. */
function pattern(from, to) {
  const names = [];
  const raw = new Set();
  const literals = from.split(/\{[^{}]*\}/);
  const letters = literals.join("").match(LETTER)?.length ?? 0;
  const any = (index) => (letters < FEW_LETTERS ? AMOUNT : index ? "(.*?)" : OPENING);
  let expression = "^";
  let last = 0;
  for (const found of from.matchAll(PLACE)) {
    const [whole, name, quoted, form] = found;
    expression +=
      escaped(from.slice(last, found.index)) + (form ? NUMBER : quoted ? "(b?'.*?'|b?\".*?\")" : any(found.index));
    names.push(name);
    if (quoted || form) raw.add(name);
    last = found.index + whole.length;
  }
  expression += `${escaped(from.slice(last))}$`;
  const fill = (values, translate) => {
    return to.replace(PLACE, (place, name) => {
      const index = names.indexOf(name);
      if (index < 0) return place;
      return raw.has(name) ? values[index + 1] : translate(values[index + 1]);
    });
  };
  const longest = literals.reduce((one, other) => (other.length > one.length ? other : one), "");
  return { from, head: literals[0].slice(0, HEAD), expression: new RegExp(expression), fill, longest, letters };
}

function tidy(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** "slant" and "Slant" are one word. */
function swapped(text) {
  const [first] = text;
  const other = first === first.toLowerCase() ? first.toUpperCase() : first.toLowerCase();
  return other + text.slice(1);
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
