"""What the G2P process gives and segmentation takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark of a text as it is spoken: "five" and "dollars" for "$5".

    `start:end` is the span of the written text that it stands for; tokens of one number share it. `phonemes` are
    Kokoro's symbols, one character each; empty for what is not spoken. `whitespace` is what keeps them apart from the
    next token's: none between French words that are spoken as one, a space between Chinese words.
    """

    text: str
    whitespace: str
    phonemes: str
    start: int = 0
    end: int = 0

    @property
    def spoken(self) -> str:
        """Its phonemes, and the space before the next token's."""
        return self.phonemes + (" " if self.whitespace else "")

    @property
    def speaks(self) -> bool:
        """Whether it is more than a mark."""
        return any(map(str.isalpha, self.phonemes))
