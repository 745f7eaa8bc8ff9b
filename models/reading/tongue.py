"""What `models.reading.figures` must know of a language to say what is written in figures and signs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from models.reading.words import Words


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as it is written. `mark` stands after the hour: ":" or "h". `half` is "a" or "p" of "p. m."."""

    hour: int
    minute: int
    second: int | None
    mark: str
    half: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tongue:
    """A language's words and rules."""

    locale: str
    """For the unit and currency names of CLDR."""
    words: Words
    decimal: str = ","
    """The decimal mark, "," or "."; the other one groups digits."""
    pairs: bool = True
    """Two decimals are said as one number: 3,14 is "tres coma catorce"."""
    cardinal: Callable[[int, str], str]
    """Words of a number of at most `figures.LONGEST` digits, by the noun that it counts ("": none)."""
    ordinal: Callable[[int, str], str | None]
    """The words of a number and its written ending ("º", "ère"); None where it is no ordinal."""
    ordinals: re.Pattern[str]
    """Finds ordinals: groups `number` and `ending`."""
    romans: tuple[tuple[re.Pattern[str], Callable[[int, re.Match[str]], str | None]], ...]
    """Where Roman numerals (group `roman`) are numbers, and how they are said there."""
    date: Callable[[int, int, int], str]
    """Day, month, year."""
    first: tuple[re.Pattern[str], str] | None = None
    """Finds a first of a month that is written as "1" (the whole match), and how it is said."""
    clock: Callable[[Clock], str]
    clocks: tuple[re.Pattern[str], ...]
    """Find times: groups `hour`, `minute`, and where there are such `second`, `mark`, `hours` and `half`."""
    fraction: Callable[[int, int, int], str | None]
    """Whole (0: none), numerator, denominator; None where it is no fraction of this language."""
    phones: re.Pattern[str]
    """Finds phone numbers as they are written in its country."""
    phone_group: Callable[[str], str] | None = None
    """How a group of its digits is said; one by one where there is none."""
    of: Callable[[str], str]
    """The noun after a million: "de euros", "d'euros"."""
    letters: str = ""
    r"""Characters of its words that `\w` of `re` does not know."""

    @cached_property
    def after_word(self) -> str:
        """A look-behind: no letter or digit stands before."""
        return rf"(?<![\w{self.letters}])"

    @cached_property
    def before_word(self) -> str:
        """A look-ahead: no letter or digit follows."""
        return rf"(?![\w{self.letters}])"
