// The portable random numbers of models/random.py: mulberry32 read as a counter, the same numbers in both languages.

const INCREMENT = 0x6d2b79f5;

/** Draw `count` numbers in [0, 1) that depend on nothing but (seed, stream), both uint32. */
export function uniform(seed, stream, count) {
  const start = mix(seed ^ mix(stream + 0x9e3779b9));
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const state = (start + Math.imul(i + 1, INCREMENT)) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    numbers[i] = ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  return numbers;
}

/** Draw one latent from U(-1, 1), rounded to float32 as in Python. */
export function latent(seed, count, stream = 0) {
  return Float32Array.from(uniform(seed, stream, count), (value) => value * 2 - 1);
}

/** Spread neighbouring seeds over all 32 bits (the finaliser of MurmurHash3). */
function mix(value) {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
