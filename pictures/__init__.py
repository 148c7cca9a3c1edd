"""Untrusted picture files: what is taken out of their bytes before a decoder sees them, and the decoders themselves.

Both the page (ui/decode.py) and the trainer (training/pictures.py) decode by this; it needs neither torch nor them.
"""
