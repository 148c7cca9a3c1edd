// Events from our components to Gradio.

/**
 * Send all events of one name in the same object. An event that has to wait for an answer ("always_last") is sent
 * later with the object of the first that did not wait, so that object must hold what was last said.
 */
export function steady(trigger) {
  const held = {};
  return (name, data) => {
    const last = (held[name] ??= {});
    for (const key of Object.keys(last)) delete last[key];
    trigger(name, Object.assign(last, data));
  };
}
