// BiGAN in the visitor's browser: while a bar of the code is dragged, G draws here; the server hears where it came to rest.

import { toBytes } from "./engine.js";
import { makeLive } from "./live.js";

/** Join the tab's engine component: it answers the stage's drags itself where it can. */
export function mountBigan(element, page) {
  const live = makeLive("bigan", element, page);
  const root = () => document.querySelector("#bigan-stage .gs-root");

  async function follow(values) {
    const seen = root()?.querySelector('[data-tile="seen"] canvas');
    if (!seen) return;
    const patch = await live.timed(() => redraw(live, values, bytesOf(seen, live.config.shape[0])));
    root().stage.draw({ patch });
  }

  window.ganscope ??= {};
  window.ganscope.stages ??= {};
  window.ganscope.stages["bigan-stage"] = (name, { values }) => {
    if (name !== "drag" || !live.ready) return false;
    const now = [...values];
    live.newest(() => follow(now));
    return true;
  };
}

/** Draw a code: the tiles `again` and `difference`; `seen` holds the encoder's picture, channels last, 0 to 255. */
export async function redraw({ model, config }, values, seen) {
  const [channels, height, width] = config.shape;
  const { images } = await model.run("generator", { z: Float32Array.from(values) }, 1);
  const area = height * width;
  const difference = new Int8Array(area);
  for (let i = 0; i < area; i += 1) {
    let total = 0;
    for (let c = 0; c < channels; c += 1) total += seen[i * channels + c] / 127.5 - 1 - images[c * area + i];
    difference[i] = Math.round(Math.min(1, Math.max(-1, total / channels / config.limit)) * 127);
  }
  const again = { id: "again", kind: "image", pixels: toBytes(images, config.shape), shape: [height, width, channels] };
  return [again, { id: "difference", kind: "signed", pixels: difference, shape: [height, width, 1] }];
}

/** Read a canvas back as a tile's bytes. */
function bytesOf(canvas, channels) {
  const { data } = canvas
    .getContext("2d", { willReadFrequently: true })
    .getImageData(0, 0, canvas.width, canvas.height);
  return Uint8Array.from({ length: (data.length / 4) * channels }, (_, i) => {
    return data[Math.floor(i / channels) * 4 + (i % channels)];
  });
}
