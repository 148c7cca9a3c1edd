// Open the nets of the tab that the page begins with, while Gradio still puts the page together.

import { openModel } from "./engine.js";
import { keptEngine } from "./live.js";

const told = JSON.parse(document.querySelector("#gs-early").textContent)[document.documentElement.dataset.opens];
// What fails here fails again where it is waited for, and is told there.
if (told?.model && keptEngine() !== "server") openModel(told.runtime, told.model, told.first).catch(() => {});
