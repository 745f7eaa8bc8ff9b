"""What the G2P process gives and segmentation takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark of a text as it is spoken: "five" and "dollars" for "$5".

    `start:end` is the span of the written text that it stands for; tokens of one number share it. `phonemes` are
    Kokoro's symbols, one character each; empty for what is not spoken.
    """

    text: str
    whitespace: str
    phonemes: str
    start: int = 0
    end: int = 0
