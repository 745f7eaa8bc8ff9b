"""When the words of a text are spoken: stored for each segment, laid out over a whole job, written as captions."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from math import floor
from typing import Any

from jobs.files import FileStore, result_key
from jobs.specs import SpeechSpec
from models.captions import WIDTH, WIDTH_CJK, TimedWord, captions
from models.subtitles import srt, vtt

_UNSPACED = ("ja", "zh")


def to_json(words: Iterable[TimedWord]) -> bytes:
    return json.dumps([asdict(word) for word in words]).encode()


def from_json(data: bytes) -> list[TimedWord]:
    return [TimedWord(**word) for word in json.loads(data)]


def laid_out(parts: Iterable[tuple[Sequence[TimedWord], float]], *, lead: float, duration: float) -> list[TimedWord]:
    """The words of a whole job, by the audio that is handed out. Times never go backwards, in milliseconds.

    Args:
        parts: each segment's words, and the seconds that it lasts with its pause.
        lead: seconds that were cut off before the first sound.
        duration: seconds of the audio; no word ends later.
    """
    words: list[TimedWord] = []
    offset = -lead
    for part, seconds in parts:
        times = [(_within(offset + word.start, duration), _within(offset + word.end, duration)) for word in part]
        words += [TimedWord(*time, word.start_char, word.end_char) for time, word in zip(times, part, strict=True)]
        offset += seconds
    return [_merged(list(pieces)) for _, pieces in groupby(words, key=lambda word: (word.start_char, word.end_char))]


def store_captions(files: FileStore, job_id: str, spec: SpeechSpec, words: list[TimedWord], duration: float) -> Any:
    """Writes the words as JSON and as subtitles beside the result; returns the keys of the files by their form."""
    cues = captions(spec.text, words, width=WIDTH_CJK if spec.language in _UNSPACED else WIDTH)
    listed = [{"word": spec.text[word.start_char : word.end_char]} | asdict(word) for word in words]
    written = {
        "words": ("words.json", json.dumps({"duration": duration, "words": listed}, ensure_ascii=False)),
        "srt": ("speech.srt", srt(cues)),
        "vtt": ("speech.vtt", vtt(cues)),
    }
    keys = {form: result_key(job_id, name) for form, (name, _) in written.items()}
    for form, (_, content) in written.items():
        files.put(keys[form], content.encode())
    return keys


def _within(seconds: float, duration: float) -> float:
    return floor(1000 * min(max(seconds, 0.0), duration)) / 1000


def _merged(pieces: list[TimedWord]) -> TimedWord:
    """A word that was cut over two segments."""
    return TimedWord(pieces[0].start, pieces[-1].end, pieces[0].start_char, pieces[0].end_char)
