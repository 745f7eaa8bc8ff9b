"""Runs conversion steps: a recording into chunks of another voice, stored chunks into one file."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audio.pcm import from_f32, to_f32
from jobs.errors import NotFound, UnknownVoice
from jobs.files import segment_key
from jobs.specs import ConversionSpec, PitchMethod
from jobs.voices import SavedVoice, Voices
from models.rvc.conversion import Conversion
from models.rvc.frames import FRAME_RATE, HOP, SAMPLE_RATE
from models.rvc.hubert import Hubert
from models.rvc.options import FEATURES, Options
from models.rvc.pitch import PitchNet
from models.rvc.precision import span
from models.rvc.recording import Recording
from models.rvc.voice import Voice
from models.store import Store
from workers.converted import Converted, store_converted
from workers.decoded import decoded
from workers.heavy_calls import HeavyCalls
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step
from workers.tiles import Tiles
from workers.voices import engine_id

BEST: PitchMethod = "rmvpe"
BUNDLED: PitchMethod = "fcpe"
"""Its net comes with its package, so it stands in where the best one is not installed."""

USUAL_INDEX_RATE = ConversionSpec.model_fields["index_rate"].default

SILENT = "There is nothing to be heard in the recording."
NO_INDEX = "The voice has no index, so `index_rate` changes nothing."
STAND_IN = "The pitch method rmvpe is not installed, so fcpe found the pitch."


class ConversionRunner:
    def __init__(
        self,
        *,
        residency: Residency,
        lane: Lane,
        tiles: Tiles,
        give_way: Callable[[], None],
        voices: Voices,
        store: Store,
    ) -> None:
        """`give_way`: serves callers on the lane's thread, amid calls for which nobody waits."""
        self._residency = residency
        self._lane = lane
        self._tiles = tiles
        self._give_way = give_way
        self._voices = voices
        self._store = store

    def run(self, step: Step, spec: ConversionSpec) -> dict[str, Any]:
        """Chunks that an earlier attempt stored are kept."""
        saved = self._saved(spec)
        method = self._method(saved, spec)
        options = _options(step, spec, method)
        with TemporaryDirectory(prefix="voxhall-") as folder:
            recording, damage = _recording(step, Path(folder))
            converted = self._convert(step, recording, self._engines(saved, method, step.check), options)
            sound = store_converted(step, spec, recording, converted)
        return sound | {
            "model": "rvc",
            "voice": saved.id,
            "voice_name": saved.name,
            "f0_method": method,
            "seed": options.seed,
            "chunks": converted.chunks,
            "warnings": [*damage, *_warnings(recording, saved, spec, method)],
        }

    def _saved(self, spec: ConversionSpec) -> SavedVoice:
        try:
            return self._voices.get(spec.voice)
        except NotFound as error:
            raise _removed(spec.asked_voice or spec.voice) from error

    def _method(self, saved: SavedVoice, spec: ConversionSpec) -> PitchMethod | None:
        """None for a voice that sings on one note."""
        if not saved.details["f0"]:
            return None
        return spec.f0_method or (BEST if self._store.installed(BEST) else BUNDLED)

    @contextmanager
    def _engines(
        self, saved: SavedVoice, method: PitchMethod | None, check: Callable[[], None]
    ) -> Iterator["_Engines"]:
        wanted = [FEATURES, engine_id(saved.id), *([method] if method else [])]
        with ExitStack() as stack:
            try:
                hubert, stored, *pitch = stack.enter_context(self._residency.use_all(*wanted, check=check))
            except NotFound as error:
                raise _removed(saved.name) from error
            yield _Engines(hubert, stored.voice, pitch[0] if pitch else None)

    def _convert(
        self, step: Step, recording: Recording, wanted: AbstractContextManager["_Engines"], options: Options
    ) -> Converted:
        """Stores every chunk that is not stored yet. Nothing of the engines is kept."""
        with wanted as engines:
            conversion, calls = self._begun(step, recording, engines, options)
            for index, chunk in enumerate(conversion.chunks):
                if _is_stored(step, conversion, index):
                    calls.skip(chunk.stop - chunk.start)
                else:
                    step.files.put(_key(step, index), to_f32(conversion.convert(index)))
                    step.announce(index)
            return Converted(len(conversion.chunks), conversion.sample_rate, conversion.length)

    def _begun(
        self, step: Step, recording: Recording, engines: "_Engines", options: Options
    ) -> tuple[Conversion, HeavyCalls]:
        net, frames = engines.voice.net, -(-len(recording) // HOP)
        calls = HeavyCalls(step, net, lane=self._lane, tiles=self._tiles, give_way=self._give_way, frames=frames)
        conversion = Conversion(
            recording,
            voice=engines.voice,
            hubert=engines.hubert,
            pitch=engines.pitch,
            options=options,
            span=span(self._residency.device),
            run=calls.run,
            decode=calls.decode,
            between=calls.between,
        )
        return conversion, calls


@dataclass(frozen=True, slots=True)
class _Engines:
    hubert: Hubert
    voice: Voice
    pitch: PitchNet | None


def _removed(voice: str) -> UnknownVoice:
    return UnknownVoice(f"The voice `{voice}` was removed before the job came to its turn.", param="voice")


def _options(step: Step, spec: ConversionSpec, method: PitchMethod | None) -> Options:
    return Options(
        f0_up_key=spec.f0_up_key,
        f0_method=method or BUNDLED,
        filter_radius=spec.filter_radius,
        filter_as=spec.filter_as,
        index_rate=spec.index_rate,
        protect=spec.protect,
        speaker=spec.speaker,
        # Of the job, so that a second attempt goes on with the same noise.
        seed=zlib.crc32(step.job.id.encode()) if spec.seed is None else spec.seed,
    )


def _recording(step: Step, folder: Path) -> tuple[Recording, tuple[str, ...]]:
    """The job's audio in a file of `folder`, and what was wrong with the upload."""
    audio = decoded(step, SAMPLE_RATE)
    recording = Recording.prepare(audio.samples, folder)
    step.check()
    return recording, audio.warnings


def _key(step: Step, index: int) -> str:
    return segment_key(step.job.id, step.claim.position, index)


def _is_stored(step: Step, conversion: Conversion, index: int) -> bool:
    """Whether an earlier attempt stored the chunk, cut as now: another device has other cuts."""
    chunk, hop = conversion.chunks[index], conversion.sample_rate // FRAME_RATE
    size = min(chunk.stop * hop, conversion.length) - chunk.start * hop
    try:
        return from_f32(step.files.get(_key(step, index))).size == size
    except NotFound:
        return False


def _warnings(
    recording: Recording, saved: SavedVoice, spec: ConversionSpec, method: PitchMethod | None
) -> Iterator[str]:
    if recording.silent:
        yield SILENT
    if spec.index_rate not in {0, USUAL_INDEX_RATE} and not saved.details["vectors"]:
        yield NO_INDEX
    if method == BUNDLED and spec.f0_method is None:
        yield STAND_IN
