"""English as it is read aloud: what is written short in words, everything else as it is.

Recognising is ours; the words of numbers are num2words' (LGPL), so that only the G2P process may import this package.
"""

from models.reading import emoji
from models.reading.english import (
    abbreviations,
    characters,
    code,
    contacts,
    counts,
    dates,
    markdown,
    money,
    ranges,
    roman,
    serials,
    symbols,
    times,
    units,
    years,
)
from models.reading.english.numerals import English
from models.reading.traced import Traced

# The more a form says about itself, the earlier its turn: an address before a date, a date before a number.
RULES = (
    *code.ADDRESSES,
    *contacts.RULES,
    *dates.RULES,
    *times.RULES,
    *code.RULES,
    *abbreviations.RULES,
    *symbols.ARITHMETIC,
    *ranges.RULES,
    *money.RULES,
    *counts.BEFORE_UNITS,
    *years.DECADES,
    *units.RULES,
    *years.RULES,
    *counts.RULES,
    *roman.RULES,
    *serials.RULES,
    *counts.LAST,
    *symbols.RULES,
)


def written_out(text: Traced, *, british: bool) -> Traced:
    """`text` in words, as an American or a British voice reads it. It has no digits; time is linear in its length."""
    english = English(british)
    plain = text
    for character in characters.RULES:
        plain = character(plain, english)
    read = markdown.unmarked(plain, english)
    for rule in RULES:
        read = rule(read, english)
    read = emoji.dropped(read)
    return (None if any(map(str.isalnum, read.text)) else symbols.named(text)) or read
