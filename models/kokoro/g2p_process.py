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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from multiprocessing.connection import Connection
from typing import Any

# thinc and spaCy's transformer factories import torch where it is installed: 270 MB and 2 s that the tagger does not
# need. `None` in sys.modules is Python's own way to say "not here"; the factories are found by entry point.
sys.modules["torch"] = None  # type: ignore[assignment]

import spacy  # noqa: E402
from spacy.util import registry  # noqa: E402

from models.kokoro.phonemes import G2P  # noqa: E402
from models.kokoro.phonemes.english import english  # noqa: E402
from models.kokoro.phonemes.latin import speaking_latin  # noqa: E402
from models.kokoro.phonemes.long_words import cutting_long_words  # noqa: E402
from models.kokoro.phonemes.overriding import overriding  # noqa: E402
from models.kokoro.tokens import Token  # noqa: E402
from models.reading.reader import read  # noqa: E402

registry._entry_point_factories.entry_points = False  # noqa: SLF001

BRITISH = {"en-us": False, "en-gb": True}
MOST_MARKS = 3
LONG_RUN = re.compile(rf"([.!?…,;:—-])\1{{{MOST_MARKS},}}")


class Languages:
    """The G2P of each language, made when it is first asked for: 30 MB for Japanese, 120 for Chinese."""

    def __init__(self, spacy_folder: str) -> None:
        self._nlp = spacy.load(spacy_folder, enable=["tok2vec", "tagger"])
        self.g2p = functools.cache(self._g2p)

    def _g2p(self, language: str) -> G2P:
        if language in BRITISH:
            return cutting_long_words(english(self._nlp, british=BRITISH[language]))
        if language == "ja":
            from models.kokoro.phonemes.japanese import japanese  # noqa: PLC0415 - with its dictionary, on first use

            return speaking_latin(overriding(japanese()), self._american)
        if language == "zh":
            from models.kokoro.phonemes.chinese import chinese  # noqa: PLC0415 - likewise

            return speaking_latin(overriding(chinese()), self._american)
        from models.kokoro.phonemes.espeak import espeak  # noqa: PLC0415 - likewise

        return cutting_long_words(overriding(espeak(language)))

    def _american(self, text: str) -> list[Token]:
        return self.g2p("en-us")(text, ())


def answer(request: dict[str, Any], g2p: Callable[[str], G2P]) -> dict[str, Any]:
    try:
        reading = read(request["text"], request["language"], request["pronunciations"])
        found = list(_calmed(g2p(request["language"])(reading.text.text, reading.phonemes)))
        spans = [reading.text.span(token.start, token.end) for token in found]
        return {"tokens": [(t.text, t.whitespace, t.phonemes, *span) for t, span in zip(found, spans, strict=True)]}
    except Exception as error:  # noqa: BLE001 - whatever a library raises on one text, the next text must still be answered
        return {"error": type(error).__name__}  # the message may quote the text, which no log may carry


def _calmed(tokens: Iterable[Token]) -> Iterator[Token]:
    """A long row of one mark ("!!!!!!!!") is three of them."""
    for phonemes, row in groupby(tokens, key=lambda token: token.phonemes):
        speaks = any(map(str.isalpha, phonemes))
        for i, token in enumerate(row):
            shorter = LONG_RUN.sub(lambda found: found[1] * MOST_MARKS, phonemes) if speaks or i < MOST_MARKS else ""
            yield replace(token, phonemes=shorter)


def serve(spacy_folder: str, requests: Connection, answers: Connection) -> None:
    languages = Languages(spacy_folder)
    while True:
        try:
            request = json.loads(requests.recv_bytes())
        except EOFError:
            return
        answers.send_bytes(json.dumps(answer(request, languages.g2p)).encode())


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    answers = Connection(os.dup(1), readable=False)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # misaki prints words that it cannot read: neither into the answers nor into a log
    serve(sys.argv[1], Connection(os.dup(0), writable=False), answers)
    os._exit(0)  # Python would take a second to free the dictionaries, and the worker is gone already


if __name__ == "__main__":
    main()
