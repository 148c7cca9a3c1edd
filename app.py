"""Ganscope: LAPGAN, InfoGAN and BiGAN to take apart by hand. Run `python app.py`; settings are in the README."""

from ui.page import build_page, launch_arguments

demo = build_page()

if __name__ == "__main__":
    demo.launch(**launch_arguments())
