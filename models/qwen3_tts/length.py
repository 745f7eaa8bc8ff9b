"""How long a piece of text may take to speak before it is clear that the model only babbles."""

FRAMES_PER_SECOND = 12.5

GENEROUS = 4
"""Times the usual time: a manner that is asked for may be slow."""

START = 5.0
"""Seconds that any piece may take: a lone figure or name is long for its letters."""

LONGEST = 120.0
"""Seconds. A piece of 280 characters takes about 20 in English and 60 in Chinese."""

_LETTER, _SIGN = 1 / 14, 1 / 4
"""Seconds of a letter of an alphabet, and of anything that is read as a syllable or a word."""

_FIRST_SYLLABLE = "\u1100"
"""Where Hangul begins; the kana and the Chinese characters come after it."""


def most_frames(text: str) -> int:
    """Frames of 80 ms after which a piece that has not ended never will: a runaway."""
    usual = sum(_seconds(character) for character in text)
    return round(FRAMES_PER_SECOND * min(START + GENEROUS * usual, LONGEST))


def _seconds(character: str) -> float:
    alphabetic = character < _FIRST_SYLLABLE and (character.isalpha() or character.isspace())
    return _LETTER if alphabetic else _SIGN
