// The Laplacian pyramid as pure functions: the twin of models/pyramid.py. Images are channels first, as square planes.

/** Shrink planes of `side` to `size` by area average. */
export function down(image, channels, side, size) {
  const made = new Float32Array(channels * size * size);
  const from = (i) => Math.floor((i * side) / size);
  const to = (i) => Math.ceil(((i + 1) * side) / size);
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        let sum = 0;
        for (let j = from(y); j < to(y); j += 1) {
          for (let i = from(x); i < to(x); i += 1) sum += image[(c * side + j) * side + i];
        }
        made[(c * size + y) * size + x] = sum / ((to(y) - from(y)) * (to(x) - from(x)));
      }
    }
  }
  return made;
}

/** Enlarge planes of `side` to `size` bilinearly, corners aligned; one pixel is spread evenly. */
export function up(image, channels, side, size) {
  const made = new Float32Array(channels * size * size);
  const scale = size > 1 ? (side - 1) / (size - 1) : 0;
  for (let c = 0; c < channels; c += 1) {
    const at = (y, x) => image[(c * side + Math.min(side - 1, y)) * side + Math.min(side - 1, x)];
    for (let y = 0; y < size; y += 1) {
      const [top, low] = parts(y * scale);
      for (let x = 0; x < size; x += 1) {
        const [left, right] = parts(x * scale);
        const above = at(top, left) * (1 - right) + at(top, left + 1) * right;
        const below = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right;
        made[(c * size + y) * size + x] = above * (1 - low) + below * low;
      }
    }
  }
  return made;
}

/** Take the pyramid of an image, index 0 the finest: {image, enlarged, band} of each level. */
export function takeApart(image, channels, sizes, sign) {
  const shrunk = [image];
  for (let level = 1; level < sizes.length; level += 1) {
    shrunk.push(down(shrunk[level - 1], channels, sizes[level - 1], sizes[level]));
  }
  return shrunk.map((whole, level) => {
    if (level === sizes.length - 1) return { image: whole };
    const enlarged = up(shrunk[level + 1], channels, sizes[level + 1], sizes[level]);
    const band = whole.map((value, i) => (sign === "paper" ? value - enlarged[i] : enlarged[i] - value));
    return { image: whole, enlarged, band };
  });
}

function parts(place) {
  const whole = Math.floor(place);
  return [whole, place - whole];
}
