"""Graphemes to phonemes, asked of processes of their own (`models.kokoro.g2p_process`)."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from queue import LifoQueue

from models.kokoro.tokens import Token

LANGUAGES = ("en-us", "en-gb", "es", "fr-fr", "hi", "it", "ja", "pt-br", "zh")

_PACKAGE_ROOT = Path(__file__).parents[2]
_PATIENCE = (
    60.0  # seconds, the start of the process included; 4,000 characters of prose take 0.1 to 0.5, rows of signs up to 2
)
_GRACE = 5.0


class G2PError(Exception):
    """The text could not be turned into phonemes."""


class Phonemizer:
    """Turns text into tokens with phonemes. Safe to share between threads; at most `processes` texts at a time.

    One process feeds some 2,000 seconds of speech a second. Those beyond the first start when all others are busy.
    `spacy_folder` is or holds spaCy's English model. Raises `G2PError` where it does not.
    """

    def __init__(self, spacy_folder: Path, processes: int = 1) -> None:
        self._folder = spacy_model_folder(spacy_folder)
        self._count = processes
        self._closed = False
        # Last in, first out: a process that has a language's dictionary is taken before one that is yet to start.
        self._free: LifoQueue[_Process | None] = LifoQueue()
        for process in (*[None] * (processes - 1), _Process(self._folder)):
            self._free.put(process)

    def phonemize(self, text: str, language: str, pronunciations: Mapping[str, str] = {}) -> list[Token]:
        """Tokens of `text`, in order, with spans of it, in one of `LANGUAGES`.

        The text is first read as `models.reading.reader` has it: markup, `pronunciations`, numbers.

        A process that died or hangs is replaced once. Raises `G2PError`, also after `close`; never quotes the text.
        """
        if language not in LANGUAGES:
            raise G2PError(f"no phonemes for the language {language!r}: there are {', '.join(LANGUAGES)}")
        request = json.dumps({"text": text, "language": language, "pronunciations": {**pronunciations}}).encode()
        answer = json.loads(self._ask(request))
        if "error" in answer:
            raise G2PError(f"the text could not be turned into phonemes ({answer['error']})")
        return [Token(*fields) for fields in answer["tokens"]]

    def close(self) -> None:
        """End the processes, each after its text. Calling it twice is fine."""
        self._closed = True
        for process in [self._free.get() for _ in range(self._count)]:
            if process is not None:
                process.close()
            self._free.put(None)

    def _ask(self, request: bytes) -> bytes:
        process = self._free.get()
        try:
            if self._closed:
                raise G2PError("the phonemizer is closed")
            process = process or _Process(self._folder)
            try:
                return process.ask(request)
            except (OSError, EOFError):
                process.close()
                process = _Process(self._folder)
            return process.ask(request)
        except (OSError, EOFError) as error:
            raise G2PError("the G2P process died twice on one text; its last words are in the worker's log") from error
        finally:
            self._free.put(process)


def spacy_model_folder(folder: Path) -> Path:
    """The folder at or under `folder` where a spaCy model's `config.cfg` lies, absolute. Raises `G2PError`."""
    found = min(folder.resolve().rglob("config.cfg"), default=None, key=lambda path: len(path.parts))
    if found is None:
        raise G2PError(f"no spaCy model in {folder}: run `voxhall models pull spacy-en`")
    return found.parent


class _Process:
    def __init__(self, folder: Path) -> None:
        stdin, requests = os.pipe()
        answers, stdout = os.pipe()
        try:
            command = [sys.executable, "-m", "models.kokoro.g2p_process", str(folder)]
            self._child = subprocess.Popen(command, cwd=_PACKAGE_ROOT, stdin=stdin, stdout=stdout)
        finally:
            os.close(stdin)
            os.close(stdout)
        self._requests = Connection(requests, readable=False)
        self._answers = Connection(answers, writable=False)

    def ask(self, request: bytes) -> bytes:
        self._requests.send_bytes(request)
        if not self._answers.poll(_PATIENCE):
            raise TimeoutError("the G2P process does not answer")
        return self._answers.recv_bytes()

    def close(self) -> None:
        self._requests.close()
        try:
            self._child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._answers.close()
