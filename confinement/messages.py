"""What is said between a process that wants a media file read, the zygote, and the child that reads it.

An order goes to the zygote with three open files: the media file, the child's end of a socket for what it finds, and
the writing end of a pipe, in which the zygote leaves how the child ended. On the socket each packet is one message, its
first byte the kind. A child may have been taken over by the file that it reads: what it says is checked here as a
stranger's words.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from audio.errors import AudioError, AudioTooLong, UnreadableAudio
from audio.pcm import Samples, to_f32
from audio.probe import Probe

Verb = Literal["probe", "decode"]

BEGUN, SAMPLES, PROBED, WARNED, FAILED, FAULT = b"B", b"S", b"P", b"W", b"E", b"F"

PACKET_SAMPLES = 1 << 14
PACKET_BYTES = 1 + 8 * PACKET_SAMPLES
"""More than any packet has; a socket takes about 200 KB at once."""

LONGEST_SENTENCE = 300
LONGEST_TRACE = 2000
MOST_WARNINGS = 10

ERRORS: dict[str, type[AudioError]] = {"unreadable": UnreadableAudio, "too long": AudioTooLong}


class Nonsense(Exception):
    """A message that no child in its right mind sends."""


@dataclass(frozen=True, slots=True)
class Order:
    verb: Verb
    sample_rate: int
    max_seconds: float
    cpu_seconds: int
    memory: int
    """Bytes of data, the zygote's own included."""

    def encoded(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def order(raw: bytes) -> Order:
    return Order(**json.loads(raw))


def begun(*, filtered: bool) -> bytes:
    return BEGUN + json.dumps({"filtered": filtered}).encode()


def samples(block: Samples) -> bytes:
    return SAMPLES + to_f32(block)


def probed(found: Probe) -> bytes:
    return PROBED + json.dumps(asdict(found)).encode()


def warned(warnings: tuple[str, ...]) -> bytes:
    return WARNED + json.dumps(warnings).encode()


def failed(error: AudioError) -> bytes:
    name = next(name for name, kind in ERRORS.items() if isinstance(error, kind))
    return FAILED + json.dumps([name, str(error)]).encode()


def fault(trace: str) -> bytes:
    return FAULT + trace[-LONGEST_TRACE:].encode(errors="replace")


def read_samples(body: bytes) -> Samples:
    """Raises `Nonsense`."""
    if not body:
        raise Nonsense("no sample")
    if len(body) % 4:
        raise Nonsense("half a sample")
    block = np.frombuffer(body, "<f4")
    if not np.abs(block).max(initial=0) <= 1:  # neither is NaN
        raise Nonsense("samples beyond full scale")
    return block


def read_probe(body: bytes) -> Probe:
    """Raises `Nonsense`."""
    match _parsed(body):
        case {
            "duration": None | float() | int() as duration,
            "container": str(container),
            "codec": str(codec),
            "sample_rate": int(sample_rate),
            "channels": int(channels),
        } if _is_name(container) and _is_name(codec) and _is_length(duration):
            return Probe(duration, container, codec, sample_rate, channels)
        case _:
            raise Nonsense("no probe")


def read_warnings(body: bytes) -> tuple[str, ...]:
    """Raises `Nonsense`."""
    match _parsed(body):
        case list(found) if len(found) <= MOST_WARNINGS and all(map(_is_sentence, found)):
            return tuple(found)
        case _:
            raise Nonsense("no warnings")


def read_error(body: bytes) -> AudioError:
    """Raises `Nonsense`."""
    match _parsed(body):
        case [str(name), str(sentence)] if name in ERRORS and _is_sentence(sentence):
            return ERRORS[name](sentence)
        case _:
            raise Nonsense("no error")


def is_filtered(body: bytes) -> bool:
    """Raises `Nonsense`."""
    match _parsed(body):
        case {"filtered": bool(filtered)}:
            return filtered
        case _:
            raise Nonsense("no beginning")


def _parsed(body: bytes) -> list[Any] | Mapping[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list | dict) else None


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[\w.+-]{1,64}", name, re.ASCII) is not None


def _is_sentence(sentence: object) -> bool:
    return isinstance(sentence, str) and len(sentence) <= LONGEST_SENTENCE and sentence.isprintable()


def _is_length(seconds: float | None) -> bool:
    return seconds is None or (math.isfinite(seconds) and seconds >= 0)
