// The worker that runs the nets: each message {id, what, model, args} is answered with {id, made} or {id, error}.

import { makeNets } from "./nets.js";

const models = new Map();
const jobs = {
  make: (model, where, told) => void models.set(model, makeNets(where, told)),
  open: async (model, name) => void (await models.get(model).open(name)),
  run: (model, ...asked) => models.get(model).run(...asked),
  drop: (model) => void models.delete(model),
};

self.addEventListener("message", async ({ data: { id, what, model, args } }) => {
  try {
    const made = await jobs[what](model, ...args);
    self.postMessage({ id, made });
  } catch (error) {
    self.postMessage({ id, error: String(error.message ?? error) });
  }
});
