"""What a language calls the signs, currencies, units and abbreviations of its texts: `tables/<language>.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_TABLES = Path(__file__).with_name("tables")

Gender = Literal["f", "m", ""]


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted: "kilómetro", "kilómetros"."""

    one: str
    many: str


@dataclass(frozen=True, slots=True)
class Coin:
    """A currency, and its hundredth where prices are said with it."""

    whole: Noun
    cent: Noun | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """A word between a number and what is counted: "2 millones". `of`: "de" stands after it."""

    name: Noun
    of: bool


@dataclass(frozen=True, slots=True)
class Genders:
    """Which gender the noun after a number has, for numbers that agree with it. A guess by lists and endings.

    Known nouns are in lower case; `neither` are no nouns in spite of their endings, which are those of plurals.
    """

    feminine: frozenset[str]
    masculine: frozenset[str]
    neither: frozenset[str]
    feminine_endings: tuple[str, ...]
    masculine_endings: tuple[str, ...]

    def of(self, noun: str) -> Gender:
        """By the first word of `noun`; "" where that is not known to be a noun."""
        word = noun.partition(" ")[0].lower()
        if word in self.feminine:
            return "f"
        if word in self.masculine:
            return "m"
        if len(word) < 4 or word in self.neither:
            return ""
        if word.endswith(self.feminine_endings):
            return "f"
        return "m" if word.endswith(self.masculine_endings) else ""


@dataclass(frozen=True, slots=True)
class Words:
    """The table of one language. A sign that it lacks stays as it is."""

    minus: str
    to: str
    """Between the ends of a range."""
    price: str
    """How a price is put together of `{whole}`, the `{number}` of its hundredths, and `{cent}`, their name."""
    months: tuple[str, ...]
    kings: tuple[str, ...]
    """Names after which a Roman numeral is said as that of a ruler."""
    marks: Mapping[str, str]
    """"." , "," and "/" between digits."""
    coins: Mapping[str, Coin]
    """By symbol or ISO code; CLDR has the other codes."""
    scales: Mapping[str, Scale]
    units: Mapping[str, Noun]
    """Beside those of `models.reading.units`, or instead of them."""
    abbreviations: Mapping[str, str]
    closing: frozenset[str]
    """Those abbreviations whose point may also end a sentence."""
    signs: Mapping[str, str]
    web: Mapping[str, str]
    """The signs of addresses, and "www"."""
    genders: Genders


def words(language: str) -> Words:
    """The table of `language`, named as its module is."""
    table = tomllib.loads((_TABLES / f"{language}.toml").read_text(encoding="utf-8"))
    plain = {key: table[key] for key in ("minus", "to", "price", "marks", "abbreviations", "signs", "web")}
    scales = {written: Scale(Noun(*name), of=False) for written, name in table["scales"].items()}
    scales |= {written: Scale(Noun(*name), of=True) for written, name in table["scales_of"].items()}
    return Words(
        **plain,
        months=tuple(table["months"]),
        kings=tuple(table.get("kings", ())),
        closing=frozenset(table["closing"]),
        coins={symbol: _coin(*names) for symbol, names in table["coins"].items()},
        scales=scales,
        units={symbol: Noun(*names) for symbol, names in table["units"].items()},
        genders=_genders(table["nouns"]),
    )


def _coin(one: str, many: str, *cent: str) -> Coin:
    return Coin(Noun(one, many), Noun(*cent) if cent else None)


def _genders(nouns: dict[str, Any]) -> Genders:
    return Genders(
        feminine=frozenset(nouns["feminine"]),
        masculine=frozenset(nouns["masculine"]),
        neither=frozenset(nouns["neither"]),
        feminine_endings=tuple(nouns["feminine_endings"]),
        masculine_endings=tuple(nouns["masculine_endings"]),
    )
