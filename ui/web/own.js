// What a visitor draws or brings, taken by a tab's own engine: nothing of it leaves the device.

import { fromRGBA, Refused } from "./prepare.js";

/**
 * Let a tab's engine take pictures while it draws: from the tab's pad with every stroke, and files from its button.
 *
 * `take(picture, superseded, drawn)` shows one, or throws a Refused.
 */
export function takeOwn(kind, live, take) {
  const page = (window.ganscope ??= {});
  // The pad's newest strokes are read when their turn comes: `read` gives its ImageData, null where it is empty.
  (page.pads ??= {})[`${kind}-pad`] = (read) => {
    if (!live.ready) return false;
    live.newest(async (superseded) => {
      const drawn = read();
      try {
        if (drawn) await take(fromRGBA(drawn, 1), superseded, true);
      } catch (error) {
        if (!(error instanceof Refused)) throw error; // the first dot of a stroke is no digit yet
      }
    });
    return true;
  };
  (page.wells ??= {})[`${kind}-upload`] = {
    ready: () => live.ready,
    take: (picture) =>
      new Promise((resolve, reject) => {
        const show = async (superseded) => {
          try {
            resolve(await take(picture, superseded, false));
          } catch (error) {
            reject(error);
            if (!(error instanceof Refused)) throw error;
          }
        };
        live.newest(show, "own", reject);
      }),
  };
}
