"""Ganscope: LAPGAN, InfoGAN and BiGAN to take apart by hand. Run `python app.py`; settings are in the README."""

import gc

gc.disable()  # what imports make stays: looking through it for garbage takes a fifth of the start

from ui.ending import end_well  # noqa: E402
from ui.page import build_page, launch_arguments  # noqa: E402

demo = build_page()
gc.freeze()  # nor is it looked through later, while visitors wait
gc.enable()

if __name__ == "__main__":
    end_well(demo)
    demo.launch(**launch_arguments())
