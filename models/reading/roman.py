"""Roman numerals."""

import re

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_WELL_FORMED = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
LONE = re.compile(r"(?<=\s)(?P<roman>[IVX]{2,})(?!\w)")
"""A numeral that no name or noun explains; of two letters at least, because "I" and "V" are words and initials too."""


def value_of(numeral: str) -> int | None:
    """1 to 3999; None for what is no well-formed numeral."""
    if not numeral or not _WELL_FORMED.fullmatch(numeral):
        return None
    values = [_VALUES[letter] for letter in numeral]
    return sum(
        -value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True)
    )
