"""Numbers as English words."""

from dataclasses import dataclass
from functools import lru_cache

from num2words import num2words

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_LONGEST = 15  # digits of a number that is still said as one


@dataclass(frozen=True, slots=True)
class English:
    """One of the two Englishes: British says "one hundred and five", and writes the day before the month."""

    british: bool

    def cardinal(self, number: int) -> str:
        return _words(number, "cardinal", self.british)

    def ordinal(self, number: int) -> str:
        return _words(number, "ordinal", self.british)

    def year(self, number: int) -> str:
        """A year of four digits by its halves ("nineteen oh five"); others as a cardinal."""
        if not 1000 <= number <= 9999:
            return self.cardinal(number)
        return _words(number, "year", self.british).replace("oh-", "oh ")

    def number(self, written: str) -> str:
        """A written number: thousands separated by commas, decimals after a full stop, a sign before it."""
        bare = written.lstrip("-−").replace(",", "")
        whole, _, decimals = bare.partition(".")
        if len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0"):
            words = digits(whole)
        else:
            words = self.cardinal(int(whole or "0"))
        sign = "minus " if written[0] in "-−" else ""
        return f"{sign}{words} point {digits(decimals)}" if decimals else sign + words

    def pairs(self, written: str) -> str:
        """The number of a room, a flight or a type: "eight fifteen", "one oh one", "twelve oh four"."""
        if written.startswith("0") or len(written) > 4:
            return digits(written)
        if len(written) < 3 or written.endswith("00"):
            return self.year(int(written))
        head, tail = int(written[:-2]), int(written[-2:])
        return f"{self.cardinal(head)} {'oh ' if tail < 10 else ''}{self.cardinal(tail)}"


def digits(written: str) -> str:
    """Digit by digit; what is no digit is left out."""
    return " ".join(_DIGITS[int(digit)] for digit in written if digit in "0123456789")


def groups(written: str) -> str:
    """Digit by digit, with a comma, and so a short pause, wherever something stands between digits."""
    parts = "".join(character if character in "0123456789" else " " for character in written).split()
    return ", ".join(map(digits, parts))


@lru_cache(maxsize=4096)
def _words(number: int, kind: str, british: bool) -> str:
    words: str = num2words(number, to=kind).replace(",", "")
    return words if british else words.replace(" and ", " ")
