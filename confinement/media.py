"""Media files of strangers: looked at and decoded in a confined child process, one for each file.

As `audio.probe` and `audio.decode`, which run inside. A file that crashes its decoder, makes it hang or takes too much
memory ends that child alone, and is unreadable. Samples come back block by block; a caller that stops listening ends
the child. A child that something else killed is asked again, once.
"""

import io
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO, TypeVar

import numpy as np

from audio.decode import MAX_SECONDS, Decoded
from audio.encode import encode
from audio.errors import AudioTooLong, UnreadableAudio
from audio.formats import FORMATS
from audio.pcm import Samples
from audio.probe import Probe
from confinement import messages
from confinement.messages import Nonsense, Order, Verb
from confinement.readers import Busy, Check, ReaderGone, ReaderKilled, Slow, readers

log = logging.getLogger(__name__)

MEMORY = 1 << 30
"""Bytes of data of a child. An index of 12 hours of MP4 takes about 150 MB, the libraries 120 MB."""

PROBE_MEMORY = 384 << 20
"""Of a child that only looks at a file: it has the index, and pictures that are no larger than a hundred megabytes."""

START_SECONDS = 60.0
"""In which a child has to begin, also where the zygote is loaded first and the machine is busy."""

SECONDS, BYTES_PER_SECOND = 30.0, 4e6
"""A child is waited for so long until it says something, and a second more for each so many bytes of its file."""

CPU_SECONDS, CPU_BYTES_PER_SECOND = 600, 1e5
"""It may compute so long in all. An hour of music takes about 10 s, and has 10 MB or more."""

PACE = 2.0
"""Seconds that a child is waited for in all, for each that it may compute: it must not whisper for ever."""

ATTEMPTS = 2

UNREADABLE = "the audio in the file cannot be decoded"
TOO_SLOW = "reading the file takes longer than a file may take"


def probe(source: Path | BinaryIO, *, check: Check | None = None) -> Probe:
    """As `audio.probe.probe`. A binary file is at its start afterwards.

    No more files are read at once than there are cores. `check` is asked while others are, and raises where this one is
    no longer wanted; who gives none waits for `readers.QUEUE_SECONDS` at most.

    Raises:
        UnreadableAudio: also where the file crashes what reads it, or takes too much time or memory.
        OSError: the path cannot be opened.
        ReaderGone: this machine starts no process, or ended it twice, or has too many files to read.
    """
    with _opened(source) as descriptor:
        return next(_insisting(lambda: _probed(descriptor, check)))


def decode(
    source: Path | BinaryIO, sample_rate: int, max_seconds: float = MAX_SECONDS, *, check: Check | None = None
) -> Decoded:
    """As `audio.decode.decode`. A binary file is at its start afterwards. `check` is as `probe` has it.

    Raises:
        UnreadableAudio: also where the file crashes what reads it, or takes too much time or memory.
        AudioTooLong
        OSError: the path cannot be opened.
        ReaderGone: this machine starts no process, or ended it twice, or has too many files to read.
    """
    with decoding(source, sample_rate, max_seconds, check=check) as audio:
        samples = np.concatenate(list(audio.blocks()))
        return Decoded(samples, sample_rate, audio.warnings())


@contextmanager
def decoding(
    source: Path | BinaryIO, sample_rate: int, max_seconds: float = MAX_SECONDS, *, check: Check | None = None
) -> Iterator["Decoding"]:
    """As `decode`, block by block. The block raises what it does; after it nothing is decoded any more.

    Others wait until then: no long work belongs between two blocks.
    """
    with _opened(source) as descriptor, closing(Decoding(descriptor, sample_rate, max_seconds, check)) as audio:
        yield audio


def is_filtered() -> bool:
    """Whether this kernel takes the network, programs and other processes from a child that reads a file.

    Raises `ReaderGone`.
    """
    silence = encode(np.zeros(800, np.float32), 8_000, FORMATS["wav"])
    with _opened(io.BytesIO(silence)) as descriptor, closing(_Reading(descriptor, _order(descriptor, "probe"))) as one:
        return one.filtered


class Decoding:
    """One pass over the audio of an open file."""

    def __init__(self, descriptor: int, sample_rate: int, max_seconds: float, check: Check | None) -> None:
        self._descriptor = descriptor
        self._check = check
        self._order = _order(descriptor, "decode", sample_rate, max_seconds)
        self._most = max_seconds * sample_rate
        self._reading: _Reading | None = None
        self._total = 0
        self._warnings: tuple[str, ...] = ()

    def blocks(self) -> Iterator[Samples]:
        """All samples in order, float32 in [-1, 1], some thousands at a time."""
        return _insisting(self._rest)

    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file, in plain words. To be asked after the last block."""
        return self._warnings

    def close(self) -> None:
        if self._reading:
            self._reading.close()

    def _rest(self) -> Iterator[Samples]:
        """What has not been given yet, from the start of the file: decoded again it is the same."""
        known = self._total
        self._reading = _Reading(self._descriptor, self._order, self._check)
        with closing(self._reading) as reading:
            while (block := reading.block()) is not None:
                fresh, known = block[known:], max(0, known - block.size)
                self._total += fresh.size
                if self._total > self._most:
                    raise AudioTooLong(f"the audio is longer than {self._order.max_seconds:g} seconds")
                if fresh.size:
                    yield fresh
            self._warnings = reading.warnings


T = TypeVar("T")


def _insisting(begin: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What `begin` gives; if something ends the child that has nothing to do with its file, what it gives then.

    Where the child alone is killed again, memory was short because of its file.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            yield from begin()
        except Busy:
            raise
        except ReaderGone as gone:
            log.warning("a media file is read again", extra={"reason": str(gone)})
        else:
            return
    try:
        yield from begin()
    except ReaderKilled as error:
        raise UnreadableAudio(UNREADABLE) from error


def _probed(descriptor: int, check: Check | None) -> Iterator[Probe]:
    with closing(_Reading(descriptor, _order(descriptor, "probe"), check)) as reading:
        yield reading.probe()


def _order(descriptor: int, verb: Verb, sample_rate: int = 0, max_seconds: float = 0.0) -> Order:
    cpu_seconds = CPU_SECONDS + round(os.fstat(descriptor).st_size / CPU_BYTES_PER_SECOND)
    return Order(verb, sample_rate, max_seconds, cpu_seconds, PROBE_MEMORY if verb == "probe" else MEMORY)


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[int]:
    """A descriptor of the file, which alone the child gets."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file.fileno()
        return
    source.seek(0)
    try:
        # A spooled upload that is still in memory has none, and would be written to the disk by asking for its number.
        if getattr(source, "name", None) is not None:
            yield source.fileno()
            return
        with open(os.memfd_create("media"), "wb") as copy:  # noqa: PTH123 - a descriptor
            copyfileobj(source, copy)
            copy.flush()
            yield copy.fileno()
    finally:
        source.seek(0)


class _Reading:
    """One child and what it says. What is wrong with its file, or with itself, is `UnreadableAudio`."""

    def __init__(self, descriptor: int, order: Order, check: Check | None = None) -> None:
        self._patience = SECONDS + os.fstat(descriptor).st_size / BYTES_PER_SECOND
        self._left = PACE * order.cpu_seconds
        """Seconds. Those that the caller takes for a block do not count."""
        self._has_samples = False
        self._child = readers.begin(order, descriptor, check)
        self.warnings: tuple[str, ...] = ()
        try:
            self.filtered = self._begun()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._child.close()

    def probe(self) -> Probe:
        with _sane():
            return messages.read_probe(self._next(messages.PROBED)[1])

    def block(self) -> Samples | None:
        """None at the end."""
        with _sane():
            kind, body = self._next(messages.SAMPLES, messages.WARNED)
            if kind == messages.SAMPLES:
                self._has_samples = True
                return messages.read_samples(body)
            if not self._has_samples:
                raise Nonsense("the end before any sample")
            self.warnings = messages.read_warnings(body)
            return None

    def _begun(self) -> bool:
        try:
            with _sane():
                return messages.is_filtered(self._heard(START_SECONDS, messages.BEGUN)[1])
        except Slow as error:
            readers.retire(self._child.zygote)
            raise ReaderGone("The process that starts the readers of media files does not answer.") from error

    def _next(self, *kinds: bytes) -> tuple[bytes, bytes]:
        began = time.monotonic()
        try:
            return self._heard(min(self._patience, self._left), *kinds)
        except Slow as error:
            log.warning("a media file made its reader hang", extra={"seconds": round(self._patience)})
            raise UnreadableAudio(TOO_SLOW) from error
        finally:
            self._left -= time.monotonic() - began

    def _heard(self, seconds: float, *kinds: bytes) -> tuple[bytes, bytes]:
        message = self._child.hear(seconds)
        kind, body = message[:1], message[1:]
        match kind:
            case b"":
                raise self._ended(seconds)
            case messages.FAILED:
                raise messages.read_error(body)
            case messages.FAULT:
                log.error("a media file made its reader fail", extra={"trace": body.decode(errors="replace")})
                raise UnreadableAudio(UNREADABLE)
            case _ if kind in kinds:
                return kind, body
        raise Nonsense("a message out of turn")

    def _ended(self, seconds: float) -> Exception:
        status = self._child.status(seconds)
        if status == -signal.SIGKILL:
            return ReaderKilled("Something killed the process that read the media file.")
        if status == -signal.SIGXCPU:
            return UnreadableAudio(TOO_SLOW)
        log.warning("a media file ended its reader", extra={"status": status})
        return UnreadableAudio(UNREADABLE)


@contextmanager
def _sane() -> Iterator[None]:
    try:
        yield
    except Nonsense as error:
        log.warning("the reader of a media file was not itself", extra={"reason": str(error)})
        raise UnreadableAudio(UNREADABLE) from error
