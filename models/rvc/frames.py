"""Time in RVC: samples at 16 kHz, and frames of 10 ms, in which pitch, features and latents are counted."""

SAMPLE_RATE = 16_000
"""Hz, of all that HuBERT and the pitch nets hear."""

HOP = 160
"""Samples of a frame at `SAMPLE_RATE`."""

FRAME_RATE = 100
"""Frames per second. A voice's own hop is its sample rate / 100."""
