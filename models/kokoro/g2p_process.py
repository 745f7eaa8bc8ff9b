"""The G2P process: `python -m models.kokoro.g2p_process <spacy folder>`, text in on stdin, tokens out on stdout.

A process of its own because espeak-ng is GPL and not thread-safe, and spaCy holds the GIL. Messages are JSON, framed by
`multiprocessing.connection`. It ends when its stdin closes, so it outlives no parent, however that one died.
"""

import functools
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

# thinc and spaCy's transformer factories import torch where it is installed: 270 MB and 2 s that the tagger does not
# need. `None` in sys.modules is Python's own way to say "not here"; the factories are found by entry point.
sys.modules["torch"] = None  # type: ignore[assignment]

import spacy  # noqa: E402
from misaki import en, espeak  # noqa: E402
from spacy.util import registry  # noqa: E402

registry._entry_point_factories.entry_points = False  # noqa: SLF001

BRITISH = {"en-us": False, "en-gb": True}
LONG_WORD = re.compile(r"\S{50}(?=\S)")
LONG_RUN = re.compile(r"([.!?…,;:—-])\1{3,}")

Phonemize = Callable[[str], list[tuple[str, str, str]]]


class Lexicon(en.Lexicon):  # type: ignore[misc]
    """misaki's, except that a number which it cannot read ("1..2,,", a thousand digits) is left to espeak-ng."""

    def __call__(self, token: Any, context: Any) -> tuple[str | None, int | None]:
        try:
            phonemes, rating = super().__call__(token, context)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None, None
        return phonemes, rating


class English(en.G2P):  # type: ignore[misc]
    """misaki's English over a loaded spaCy model. Its own `__init__` downloads one, hence no call of it here."""

    def __init__(self, nlp: Any, *, british: bool) -> None:
        self.version = None
        self.british = british
        self.nlp = nlp
        self.lexicon = Lexicon(british)
        self.fallback = espeak.EspeakFallback(british=british)
        self.unk = ""


def english(nlp: Any, *, british: bool) -> Phonemize:
    g2p = English(nlp, british=british)

    def phonemize(text: str) -> list[tuple[str, str, str]]:
        _, tokens = g2p(LONG_WORD.sub(r"\g<0> ", text))  # misaki's time grows with the cube of a word's length
        return [(token.text, token.whitespace, LONG_RUN.sub(r"\1\1\1", token.phonemes or "")) for token in tokens]

    return phonemize


def answer(request: dict[str, str], phonemizer: Callable[[str], Phonemize]) -> dict[str, Any]:
    try:
        return {"tokens": phonemizer(request["language"])(request["text"])}
    except Exception as error:  # noqa: BLE001 - whatever a library raises on one text, the next text must still be answered
        return {"error": type(error).__name__}  # the message may quote the text, which no log may carry


def serve(spacy_folder: str, requests: Connection, answers: Connection) -> None:
    nlp = spacy.load(spacy_folder, enable=["tok2vec", "tagger"])

    @functools.cache
    def phonemizer(language: str) -> Phonemize:
        return english(nlp, british=BRITISH[language])

    while True:
        try:
            request = json.loads(requests.recv_bytes())
        except EOFError:
            return
        answers.send_bytes(json.dumps(answer(request, phonemizer)).encode())


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    answers = Connection(os.dup(1), readable=False)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # misaki prints words that it cannot read: neither into the answers nor into a log
    serve(sys.argv[1], Connection(os.dup(0), writable=False), answers)


if __name__ == "__main__":
    main()
