import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeCode, encodeCode, KEYS, readLink, writeLink } from "../../../ui/web/link.js";
import { checked } from "../../../ui/web/past.js";
import { uniform } from "../../../ui/web/random.js";

const STATES = [
  { m: "infogan", w: "infogan-mnist", s: 42, k: 5, c1: 0.5, c2: -1.2 },
  { m: "lapgan", w: "lapgan-cifar10", s: 4294967295, k: 0, z: [1, 2, 3, 4], g: [1, 0.5, 2, 0] },
  { m: "bigan", w: "bigan-mnist", c: [0, 1, -1] },
  { m: "quiz", w: "infogan-faces", t: 200 },
  { m: "report", w: "lapgan-cifar10" },
  { m: "train" },
];

test("what is written is read again", () => {
  for (const state of STATES) assert.deepEqual(readLink(writeLink(state)), state);
});

test("a link looks as it always did", () => {
  assert.equal(writeLink(STATES[0]), "?v=1&m=infogan&w=infogan-mnist&s=42&k=5&c1=0.50&c2=-1.20");
  assert.equal(writeLink(STATES[1]), "?v=1&m=lapgan&w=lapgan-cifar10&s=4294967295&k=0&z=1_2_3_4&g=1.00_0.50_2.00_0.00");
  assert.equal(writeLink(STATES[2]), "?v=1&m=bigan&w=bigan-mnist&c=AAD_fwGA");
});

test("what others keep in the address stays, and the last state goes", () => {
  assert.equal(writeLink({ m: "bigan" }, "?__theme=dark&s=1&m=infogan"), "?__theme=dark&v=1&m=bigan");
});

test("numbers are clamped, and what is not in form is not there", () => {
  assert.deepEqual(readLink("?v=1&m=infogan&s=9999999999&k=9999&c1=9&c2=-9.5"), {
    m: "infogan",
    s: 4294967295,
    k: 9999,
    c1: 2,
    c2: -2,
  });
  const odd = ["-1", "1e5", "NaN", "Infinity", "0x10", " 1", "1 ", "１", "", "1.2.3", "<b>", "null", "99999999999"];
  for (const text of odd) {
    assert.deepEqual(readLink(`?${new URLSearchParams({ v: "1", m: "infogan", s: text })}`), { m: "infogan" }, text);
  }
  for (const text of ["../../etc", "<script>", ".hidden", "a b", "a".repeat(81), "https://x"]) {
    assert.deepEqual(readLink(`?${new URLSearchParams({ v: "1", m: "bigan", w: text })}`), { m: "bigan" }, text);
  }
  for (const text of ["A", "AAA=", "AA", "a+b/", "AAAAA", "A".repeat(4000)]) {
    assert.deepEqual(readLink(`?${new URLSearchParams({ v: "1", m: "bigan", c: text })}`), { m: "bigan" }, text);
  }
  assert.deepEqual(readLink("?v=1&m=lapgan&z=1_2_x"), { m: "lapgan" });
  assert.deepEqual(readLink(`?v=1&m=lapgan&z=${"1_".repeat(16)}1`), { m: "lapgan" });
});

test("no link is none", () => {
  const none = ["", "?", "?v=1", "?m=infogan", "?v=2&m=infogan", "?v=1&m=__proto__", "?v=1&m=constructor", null, 7];
  for (const search of [...none, `?v=1&m=infogan&x=${"x".repeat(9000)}`]) assert.equal(readLink(search), null);
});

test("nothing hostile gets through", () => {
  const parts = [
    "v=1",
    "m=infogan",
    "m=lapgan",
    "m=bigan",
    "s=",
    "k=",
    "c1=",
    "c2=",
    "z=",
    "g=",
    "c=",
    "w=",
    "&",
    "%",
    "_",
    "-",
    ".",
    "1",
    "9",
    "%00",
    "%zz",
    "é",
    "__proto__=",
    "[]",
    "=",
    "<",
    "A",
  ];
  for (let seed = 0; seed < 3000; seed += 1) {
    const text = [...uniform(seed, 0, 24)].map((share) => parts[Math.floor(share * parts.length)]).join("");
    const state = readLink(`?v=1&m=${Object.keys(KEYS)[seed % 3]}&${text}`);
    if (!state) continue;
    for (const [key, value] of Object.entries(state)) {
      assert.ok(key === "m" || Object.hasOwn(KEYS[state.m], key));
      const numbers = [value].flat().filter((one) => typeof one !== "string");
      assert.ok(numbers.every((one) => Number.isFinite(one) && one >= -2 && one <= 4294967295));
    }
    assert.deepEqual(readLink(writeLink(state)).m, state.m);
  }
});

test("a code survives to within half a step of two bytes", () => {
  const code = [...uniform(1, 0, 50)].map((value) => value * 2 - 1);
  decodeCode(encodeCode(code)).forEach((value, i) => assert.ok(Math.abs(value - code[i]) <= 0.5 / 32767 + 1e-9));
});

test("only a link of the tab and a small PNG are taken from storage", () => {
  const good = { link: writeLink(STATES[0]), picture: "data:image/png;base64,AAAA" };
  const bad = [
    null,
    1,
    {},
    { ...good, link: "javascript:alert(1)" },
    { ...good, picture: "https://x/y.png" },
    { ...good, link: writeLink(STATES[2]) },
  ];
  assert.deepEqual(checked([...bad, { ...good, more: 1 }], "infogan"), [good]);
  assert.deepEqual(checked("x", "infogan"), []);
  assert.deepEqual(checked(null, "infogan"), []);
});
