"""Graphemes to phonemes, a module for each way that Kokoro's languages were prepared for its training.

For the G2P process only (`models.kokoro.g2p_process`): misaki brings espeak-ng, which is GPL and not thread-safe.
"""

from collections.abc import Callable, Sequence

from models.kokoro.tokens import Token
from models.reading.reader import Override

Plain = Callable[[str], list[Token]]
"""The tokens of a text, with spans of it."""

G2P = Callable[[str, Sequence[Override]], list[Token]]
"""The same, but what the overrides cover (in order, none over another) is spoken as they say."""
