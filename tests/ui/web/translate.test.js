import assert from "node:assert/strict";
import test from "node:test";

import { choose } from "../../../ui/web/language.js";
import { makeTranslator } from "../../../ui/web/translate.js";

const { translate, source } = makeTranslator({
  Seed: "시드",
  horse: "말",
  slant: "기울기",
  inverted: "반전",
  centred: "가운데 맞춤",
  "a face": "얼굴",
  "Typical.": "비슷합니다.",
  "{size} px": "{size}px",
  "{place} of {count}": "{count} 중 {place}",
  "Step {step}": "스텝 {step}",
  "Example: {name}": "예시: {name}",
  "Distance {distance:.1f}: ": "거리 {distance}: ",
  "{share} of 100 test pictures come back closer.": "100장 중 {share}장이 더 가깝습니다.",
  "x, your picture {steps}": "x, 내 그림 ({steps})",
  "⚡ Drawn in your browser{time}": "⚡ 이 브라우저가 그림{time}",
  "Let the server draw instead": "서버가 그리게 하기",
  "{name} grown from seed {seed} through {sizes} pixels": "시드 {seed}, {sizes}픽셀을 거친 그림: {name}",
  "There is no file {name!r}: choose the picture again.": "파일 {name}이(가) 없습니다.",
  "Everything moves. **Drag {count} bars:** now.": "모두 움직입니다. **막대 {count}개를 끌면:** 지금.",
  ", the run that failed": ", 실패한 학습",
  "Trained between the marks; beyond them not.": "표시 사이에서 학습했습니다.",
  " The paper leaves that to chance.": " 논문은 우연에 맡깁니다.",
});

for (const [english, korean] of [
  ["Seed", "시드"],
  ["  Seed\n", "  시드\n"],
  ["16 px", "16px"],
  ["slant -0.10, seed 42", "기울기 -0.10, 시드 42"],
  ["16 px: horse", "16px: 말"],
  ["Step 1,200, 3 of 12", "스텝 1,200, 12 중 3"],
  ["Example: a face", "예시: 얼굴"],
  [
    "Typical. Distance 5.1: 40 of 100 test pictures come back closer.",
    "비슷합니다. 거리 5.1: 100장 중 40장이 더 가깝습니다.",
  ],
  ["x, your picture inverted, centred", "x, 내 그림 (반전, 가운데 맞춤)"],
  ["⚡ Drawn in your browser", "⚡ 이 브라우저가 그림"],
  [
    "⚡ Drawn in your browser · 1.2 ms. Let the server draw instead",
    "⚡ 이 브라우저가 그림 · 1.2 ms. 서버가 그리게 하기",
  ],
  ["horse grown from seed 30 through 4, 8 pixels", "시드 30, 4, 8픽셀을 거친 그림: 말"],
  ["There is no file b'horse': choose the picture again.", "파일 b'horse'이(가) 없습니다."],
  ["Drag 50 bars:", "막대 50개를 끌면:"],
  ["Everything moves.", "모두 움직입니다."],
  ["MNIST, the run that failed", "MNIST, 실패한 학습"],
  [
    "Trained between the marks; beyond them not. The paper leaves that to chance.",
    "표시 사이에서 학습했습니다. 논문은 우연에 맡깁니다.",
  ],
  ["Horse", "말"], // the case of the first letter is the place's, not the word's
]) {
  test(`"${english.trim()}" is translated and given back`, () => {
    assert.equal(translate(english), korean);
    assert.equal(source(korean.trim()), english.trim());
  });
}

test("what others say in Korean is known by its words", () => {
  assert.equal(source("말 2"), "horse 2");
  assert.equal(source("모르는 말"), "모르는 말");
});

test("what is not known stays as it is", () => {
  for (const text of ["", "0.15", "Nobody knows of this", "Generative Networks of Somebody", "12 가지"]) {
    assert.equal(translate(text), text);
  }
});

test("the address chooses the language, then what was kept, then the browser", () => {
  assert.equal(choose("?lang=ko", "en", "en-US"), "ko");
  assert.equal(choose("?lang=xx", "en", "ko-KR"), "en");
  assert.equal(choose("", null, "ko"), "ko");
  assert.equal(choose("", "nonsense", "ko-KR"), "ko");
  assert.equal(choose("", null, "kok-IN"), "en");
  assert.equal(choose("", null, undefined), "en");
});

test("a picture's worth of texts takes no time that a frame would miss", () => {
  const catalogue = Object.fromEntries(
    Array.from({ length: 600 }, (_, i) => [
      `Value ${"abcdefghij"[i % 10]}${i} of {name} is {x:.2f}`,
      `${i} {name} {x}`,
    ]),
  );
  const many = makeTranslator(catalogue);
  const before = process.cpuUsage().user;
  for (let i = 0; i < 1000; i += 1) many.translate(`Value f555 of slant is ${(i / 1000).toFixed(2)}`);
  assert.ok((process.cpuUsage().user - before) / 1000 < 500, "half a millisecond each, uncached");
});
