"""Markup in a text to be spoken: `[pause:1.5s]` and `[word](/ipa/)`. Light enough for the API process.

Other brackets are text: "[1]", "[see below]", and Markdown's links.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from models.reading import ipa
from models.reading.traced import Traced

LONGEST_PAUSE = 60.0  # seconds
LONGEST_PAUSES = 600.0  # seconds of all pauses of a text together: a few characters must not make hours of silence
MOST_PAUSES = 500

# Each part stops at the next bracket, so that the time is linear in the text whatever it holds.
_MARK = re.compile(
    r"\[pause:(?P<pause>[^\[\]\n]*)(?P<closed>\])?|\[(?P<word>[^\[\]\n]*)\]\(/(?P<ipa>[^()\[\]\n]*)(?P<end>\))?",
    re.IGNORECASE,
)
_STRAY = re.compile(rf"{_MARK.pattern}|\]\(/(?P<stray>[^()\[\]\n]*/)\)", re.IGNORECASE)
_SECONDS = re.compile(r"\s*(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(?P<unit>ms|s)?\s*", re.IGNORECASE)
_PLAIN_WORD = re.compile("[a-z-]{3,}")
_QUOTED = 20  # characters of the caller's text that a message may hold


class MarkupError(ValueError):
    """Markup that cannot be followed. The message says what and where, and quotes one word at most."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What is spoken without a pause tag in it, and the seconds of silence after it (0 to `LONGEST_PAUSE`)."""

    text: Traced
    pause: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """Characters `start:end` of a text, to be spoken as `ipa` says; None: as they are written."""

    start: int
    end: int
    ipa: str | None = None


def parse(text: str) -> list[Passage]:
    """The text cut at its pause tags, which it loses; `[word](/ipa/)` stays. Never fails: a bad tag is text."""
    pauses = [(mark, seconds) for mark in _MARK.finditer(text) if (seconds := _pause(mark))]
    edges = [0, *(edge for mark, _ in pauses for edge in mark.span()), len(text)]
    passages = zip(edges[::2], edges[1::2], [*(seconds for _, seconds in pauses), 0.0], strict=True)
    return [Passage(Traced.of(text[start:end], offset=start), pause) for start, end, pause in passages]


def spoken(text: str) -> Iterator[Spoken]:
    """What is left of a passage without the brackets and the phonemes of `[word](/ipa/)`, in order."""
    done = 0
    for mark in _MARK.finditer(text):
        if _overrides(mark):
            yield Spoken(done, mark.start())
            yield Spoken(*mark.span("word"), ipa=mark["ipa"].removesuffix("/"))
            done = mark.end()
    yield Spoken(done, len(text))


def hidden(text: str) -> list[tuple[int, int]]:
    """The spans of the caller's text that are markup and not words, in order: what nobody hears or highlights."""
    said = [
        (piece.start + passage.text.starts[0], piece.end + passage.text.starts[0])
        for passage in parse(text)
        if passage.text.text
        for piece in spoken(passage.text.text)
        if piece.start < piece.end
    ]
    gaps = pairwise([(0, 0), *said, (len(text), len(text))])
    return [(end, start) for (_, end), (start, _) in gaps if end < start]


def check(text: str) -> None:
    """Raises `MarkupError` for the first mark that cannot be followed, and for too many or too long pauses in all."""
    pauses, silence = 0, 0.0
    for mark in _STRAY.finditer(text):
        if mark["stray"] is not None:
            _check_stray(mark)
        elif mark["pause"] is not None:
            pauses += 1
            silence += _checked_pause(mark)
        elif not _is_link(mark):
            _check_override(mark)
        if pauses > MOST_PAUSES:
            raise MarkupError(f"more than {MOST_PAUSES} pauses in one text: split the text, or leave some out")
        if silence > LONGEST_PAUSES:
            raise MarkupError(
                f"the pauses of one text add up to more than {LONGEST_PAUSES / 60:g} minutes: shorten some"
            )


def check_phonemes(phonemes: str, where: str) -> None:
    """Raises `MarkupError`, which begins with `where`, unless Kokoro can speak `phonemes`."""
    if not phonemes.strip():
        raise MarkupError(f"{where}: there are no phonemes between the slashes")
    if symbol := ipa.unknown(phonemes):
        raise MarkupError(f"{where}: {symbol!r} is not a phoneme that the voices know; write IPA, as in /təˈmeɪtoʊ/")


def _pause(mark: re.Match[str]) -> float | None:
    """The seconds of a pause tag that can be followed."""
    found = _SECONDS.fullmatch(mark["pause"] or "") if mark["closed"] else None
    if found is None:
        return None
    seconds = float(found["number"]) / (1000 if (found["unit"] or "").lower() == "ms" else 1)
    return seconds if 0 < seconds <= LONGEST_PAUSE else None


def _checked_pause(mark: re.Match[str]) -> float:
    where = f"the pause at character {mark.start() + 1}"
    if mark["closed"] is None:
        raise MarkupError(f"{where} is not closed: write it as [pause:1.5s]")
    seconds = _pause(mark)
    if seconds is None:
        raise MarkupError(
            f"{where} is {_quote(mark['pause'])}: write a number of seconds (1.5s) or milliseconds (500ms), "
            f"more than 0 and at most {LONGEST_PAUSE:g} seconds"
        )
    return seconds


def _overrides(mark: re.Match[str]) -> bool:
    if _is_link(mark) or not (mark["end"] and mark["ipa"].endswith("/") and mark["word"].strip()):
        return False
    phonemes = mark["ipa"][:-1]
    return bool(phonemes.strip()) and not ipa.unknown(phonemes)


def _check_override(mark: re.Match[str]) -> None:
    where = f"the pronunciation at character {mark.start() + 1}"
    if not mark["end"] or not mark["ipa"].endswith("/"):
        raise MarkupError(f"{where} is not closed: write it as [word](/ipa/)")
    if not mark["word"].strip():
        raise MarkupError(f"{where} has no word: write it as [word](/ipa/)")
    check_phonemes(mark["ipa"][:-1], where)


def _check_stray(mark: re.Match[str]) -> None:
    """Phonemes that close no word, such as the outer ones of one pronunciation within another."""
    if not _is_path(mark["stray"]):
        raise MarkupError(
            f"the phonemes at character {mark.start() + 1} close no word: write each word as [word](/ipa/), "
            "without other brackets in it"
        )


def _is_link(mark: re.Match[str]) -> bool:
    """A link of Markdown to a path of its own site, such as `[Reading](/docs/reading)` or `[News](/news/)`.

    Of one plain word between slashes a link is likelier than phonemes without any stress or symbol of IPA.
    """
    return bool(mark["end"] and mark["word"]) and _is_path(mark["ipa"])


def _is_path(path: str) -> bool:
    if not path.isascii():
        return False
    return not path.endswith("/") or "/" in path[:-1] or _PLAIN_WORD.fullmatch(path[:-1]) is not None


def _quote(value: str) -> str:
    word = value.strip().split(" ")[0]
    return repr(word if len(word) <= _QUOTED else word[:_QUOTED] + "…")
