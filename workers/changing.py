"""Runs change steps: a recording into pieces of another voice, stored pieces into one file of its length."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from audio.cuts import pieces_of
from audio.join import join
from audio.pcm import Samples, from_f32, to_f32
from audio.trimming import SILENT
from jobs.errors import NotFound
from jobs.files import segment_key, work_key
from jobs.specs import ChangeSpec
from models.cloning.engine import Changer, NotFinite, Wish
from workers.audio_result import store_audio
from workers.casting import Casting
from workers.clearing import nothing_kept
from workers.clips import warnings_of
from workers.clone_calls import CloneCalls
from workers.decoded import decoded
from workers.speaking import Mark, watermark
from workers.step import Step

LONGEST = 25.0
"""Seconds of a piece, where the engine would take more: there is a pause in that time, and so much memory is there."""

TOLERANCE = 0.1
"""Seconds by which an engine may miss the length of a piece: it is cut, or silence is added."""

SILENCE = "There is nothing to be heard in the recording."


class ChangeRunner:
    """`watermark`: whether a result is marked where its spec does not say."""

    def __init__(self, casting: Casting, *, watermark: bool) -> None:
        self._casting = casting
        self._watermark = watermark

    def run(self, step: Step, spec: ChangeSpec) -> dict[str, Any]:
        """Pieces that an earlier attempt stored are kept. A job that fails leaves no clip and no recording behind.

        Raises:
            AudioError: the recording cannot be read.
            UnknownVoice: the saved voice was removed while the job waited.
            UnusableReference, NotFinite
            LeaseLost, Stopping
        """
        nothing_kept(step)
        casting, clip = self._casting, self._casting.needed_clip(step, spec)
        marked = self._watermark if spec.watermark is None else spec.watermark
        calls = casting.calls(step)
        with casting.residency.use(spec.model, check=step.check) as changer:
            voice = casting.embeddings.voice(clip, model_id=spec.model, engine=changer, calls=calls, files=step.files)
            changed = _Changing(step, spec, calls, changer, voice, watermark() if marked else None).run()
            rate = changer.sample_rate
        result = _assembled(step, spec, changed, rate) | {"watermarked": marked}
        step.files.delete(work_key(step.job.id, "embeddings/"))
        return result


@dataclass(frozen=True, slots=True)
class _Changed:
    pieces: int
    seconds: float
    silent: bool
    damage: tuple[str, ...]
    """What was wrong with the recording."""


@dataclass(frozen=True, slots=True)
class _Changing:
    """One recording, piece by piece into the store. It is never in memory as a whole."""

    step: Step
    spec: ChangeSpec
    calls: CloneCalls
    changer: Changer
    voice: Any
    mark: Mark | None

    def run(self) -> _Changed:
        rate, seed = self.changer.source_rate, _seed(self.step, self.spec)
        # Decoded to the end first: while pieces are changed no other recording would have its turn.
        audio = decoded(self.step, rate)
        start, count, silent = 0, 0, True
        for piece in pieces_of(self._blocks(audio.samples, rate), rate, min(LONGEST, self.changer.longest)):
            silent = silent and _is_silent(piece)
            self._change(count, piece, start, (seed + count) % 2**32)
            start, count = start + piece.size, count + 1
            self.step.progress(0.99 * start / audio.samples.size)  # the last percent is the encoding's
        return _Changed(count, start / rate, silent, audio.warnings)

    def _blocks(self, samples: Samples, size: int) -> Iterator[Samples]:
        for start in range(0, samples.size, size):
            self.step.check()
            yield samples[start : start + size]

    def _change(self, index: int, piece: Samples, start: int, seed: int) -> None:
        """Stores the piece unless an earlier attempt did. `start`: samples of the recording before it."""
        to_rate, from_rate = self.changer.sample_rate, self.changer.source_rate
        size = round((start + piece.size) * to_rate / from_rate) - round(start * to_rate / from_rate)
        key = segment_key(self.step.job.id, self.step.claim.position, index)
        if _size(self.step, key) == size:
            return
        changed = _fitted(self._changed(piece, seed, start / from_rate), size, to_rate)
        if self.mark and not _is_silent(changed):
            changed = self.mark(changed, to_rate)
        faded = [np.zeros(0, np.float32), *join([(changed, 0.0)], to_rate)]
        self.step.files.put(key, to_f32(np.concatenate(faded)))
        self.step.announce(index)

    def _changed(self, piece: Samples, seed: int, after: float) -> Samples:
        if _is_silent(piece):
            return np.zeros(round(piece.size * self.changer.sample_rate / self.changer.source_rate), np.float32)
        wish = Wish(seed=seed)
        call = partial(self.changer.change, self.voice, piece, wish, self.calls.between)
        changed = self.calls.made(call, after=after)
        if not np.isfinite(changed).all():
            raise NotFinite
        return changed


def _seed(step: Step, spec: ChangeSpec) -> int:
    # Of the job, so that a second attempt goes on with the same noise.
    return zlib.crc32(step.job.id.encode()) if spec.seed is None else spec.seed


def _is_silent(samples: Samples) -> bool:
    return bool(np.abs(samples).max(initial=0.0) <= SILENT)


def _size(step: Step, key: str) -> int | None:
    try:
        return from_f32(step.files.get(key)).size
    except NotFound:
        return None


def _fitted(samples: Samples, size: int, sample_rate: int) -> Samples:
    missing = size - samples.size
    if abs(missing) > TOLERANCE * sample_rate:
        raise ValueError(f"the engine made {samples.size} samples of a piece of {size}")
    return np.pad(samples, (0, max(0, missing)))[:size]


def _assembled(step: Step, spec: ChangeSpec, changed: _Changed, rate: int) -> dict[str, Any]:
    """The job's result. Pieces are read one by one, so an hour takes no memory."""

    def chunks() -> Iterator[Samples]:
        for index in range(changed.pieces):
            step.check()
            yield from_f32(step.files.get(segment_key(step.job.id, step.claim.position, index)))

    sound = store_audio(
        step,
        chunks(),
        name="changed",
        format=spec.format,
        sample_rate=rate,
        output_rate=spec.sample_rate,
        seconds=changed.seconds,
    )
    return sound | {
        "model": spec.model,
        "asked_model": spec.asked_model or spec.model,
        "voice": spec.voice if spec.source == "saved" else None,
        "stock_voice": spec.voice if spec.source == "stock" else None,
        "pieces": changed.pieces,
        "seed": _seed(step, spec),
        "warnings": [*warnings_of(step.files, step.job.id), *changed.damage, *([SILENCE] if changed.silent else [])],
    }
