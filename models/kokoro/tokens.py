"""What the G2P process gives and segmentation takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark of a text. The text is the join of `text + whitespace` over its tokens.

    `phonemes` are Kokoro's symbols, one character each; empty for what is not spoken.
    """

    text: str
    whitespace: str
    phonemes: str
