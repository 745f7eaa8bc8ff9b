"""The engines and runners of a role. The only place that knows which engine speaks for which model."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, ProcessCollector

from jobs.files import FileStore
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.voices import Voices
from models.catalog import Model
from models.store import Store
from workers import voices
from workers.cards import DeviceMemory
from workers.job_metrics import ModelMetrics
from workers.lane import Lane
from workers.memory import budget_of
from workers.metrics import BatchMetrics, TileMetrics
from workers.residency import Engine, Residency
from workers.roles import Role, RoleName
from workers.step import Runner, Step

if TYPE_CHECKING:
    from models.kokoro.g2p import Phonemizer
    from workers.batcher import Batcher
    from workers.casting import Casting

OVERHEAD = 1.3
"""A loaded model beside its files: buffers and the runtime's own memory, as a factor."""

MOST_G2P_PROCESSES = 4
"""Each feeds some 2,000 audio-seconds a second, in English."""


UNPACKED = {"hubert": 2, "rmvpe": 2}
"""The weights of an engine whose files are float16, in memory: as a factor."""

WORKING = {"chatterbox": 1.5, "qwen3-tts": 1.2, "pocket-tts": 1.5, "knn-vc": 1.5, "openvoice": 2.0}
"""What a model that clones takes while it works, beside its weights: as a factor. Reasoned, not measured."""

IN_FULL = {"qwen3-tts": 2}
"""The weights of an engine whose files are bfloat16, where there is no card: as a factor."""

PITCH_SIZES: Mapping[str, int] = {"fcpe": 60_000_000, "crepe": 120_000_000, "pm": 0, "harvest": 0}
"""Bytes in memory of the pitch methods that come with their packages, not from the catalog."""


@dataclass(frozen=True, slots=True)
class Engines:
    runners: Mapping[str, Runner]
    residency: Residency
    device: str
    metrics: CollectorRegistry


@dataclass(frozen=True, slots=True)
class Supplies:
    """What engines and runners are made from."""

    settings: Settings
    store: Store
    files: FileStore
    ledger: Ledger
    lanes: list[Lane] = field(default_factory=list)
    """Those that were made of them."""

    def lane(self) -> Lane:
        self.lanes.append(Lane())
        return self.lanes[-1]

    @property
    def voices(self) -> Voices:
        return Voices(self.ledger.database)


def build(role: Role, supplies: Supplies) -> Engines:
    """Raises `DeviceError` where the wanted device is not there."""
    settings = supplies.settings
    device = _DEVICES[role.name](settings.device)
    budget, metrics = settings.model_budget_bytes or budget_of(device, role.share), CollectorRegistry()
    ProcessCollector(registry=metrics)
    if role.share:
        metrics.register(DeviceMemory(device, budget))
    residency = Residency(
        make=partial(_made, supplies),
        size=partial(_size, supplies, device),
        device=device,
        budget=budget,
        kept=role.keeps,
        loading=_LOADING[role.name](),
        metrics=ModelMetrics(metrics),
    )
    return Engines(_RUNNERS[role.name](residency, supplies, metrics), residency, device, metrics)


def _made(supplies: Supplies, model_id: str) -> Engine:
    """Of the catalog's models, the pitch methods that come with a package, or the voices that callers have added."""
    if model_id in PITCH_SIZES:
        return _pitch(model_id)
    if voice_id := voices.voice_of(model_id):
        return voices.StoredVoice(supplies.voices.get(voice_id), supplies.files)
    return _ENGINES[supplies.store.catalog.model(model_id).engine](supplies, model_id)


def _size(supplies: Supplies, device: str, model_id: str) -> int:
    if model_id in PITCH_SIZES:
        return PITCH_SIZES[model_id]
    if voice_id := voices.voice_of(model_id):
        return int(OVERHEAD * voices.bytes_of(supplies.voices.get(voice_id), device))
    model = supplies.store.catalog.model(model_id)
    factor = UNPACKED.get(model.engine, 1) * WORKING.get(model.engine, 1)
    if not device.startswith("cuda"):
        factor *= IN_FULL.get(model.engine, 1)
    return int(OVERHEAD * factor * _bytes_of(supplies.store, model))


def _bytes_of(store: Store, model: Model) -> int:
    """On disk. The catalog does not know the size of every file."""
    unknown = [file.path for file in model.files if file.size is None]
    folder = store.folder_of(model.id) if unknown else store.folder
    return model.size + sum((folder / path).stat().st_size for path in unknown)


class _Late:
    """A runner that is made when its first step comes: its libraries take seconds to import."""

    def __init__(self, make: Callable[[], Runner]) -> None:
        self._make = make
        self._runner: Runner | None = None
        self._lock = threading.Lock()

    def run(self, step: Step, spec: Any) -> dict[str, Any]:
        with self._lock:
            self._runner = self._runner or self._make()
        return self._runner.run(step, spec)


# The imports stand inside the functions so that each worker process imports only its own engine's libraries.
# ruff: noqa: PLC0415


def _kokoro(supplies: Supplies, model_id: str) -> Engine:
    from models.kokoro.engine import Kokoro

    return Kokoro(supplies.store.folder_of(model_id), compiles=supplies.settings.compile_kernels)


def _whisper(supplies: Supplies, model_id: str) -> Engine:
    from models.whisper.engine import Whisper

    return Whisper(supplies.store.folder_of(model_id))


def _diarizer(supplies: Supplies, model_id: str) -> Engine:
    from models.diarization.engine import Diarizer

    return Diarizer(supplies.store.folder_of(model_id))


def _hubert(supplies: Supplies, model_id: str) -> Engine:
    from models.rvc.hubert import Hubert

    return Hubert(supplies.store.folder_of(model_id))


def _rmvpe(supplies: Supplies, model_id: str) -> Engine:
    from models.rvc.pitch.rmvpe import Rmvpe

    return Rmvpe(supplies.store.folder_of(model_id))


def _chatterbox(supplies: Supplies, model_id: str) -> Engine:
    from models.chatterbox.engine import Chatterbox

    return Chatterbox(supplies.store.folder_of(model_id))


def _qwen3_tts(supplies: Supplies, model_id: str) -> Engine:
    from models.qwen3_tts.engine import Qwen3Base, Qwen3CustomVoice, Qwen3VoiceDesign

    verbs = supplies.store.catalog.model(model_id).verbs
    kind = Qwen3VoiceDesign if "design" in verbs else Qwen3CustomVoice if "stock" in verbs else Qwen3Base
    return kind(supplies.store.folder_of(model_id))


def _pocket_tts(supplies: Supplies, model_id: str) -> Engine:
    from models.pocket_tts.engine import PocketTts

    return PocketTts(supplies.store.folder_of(model_id))


def _openvoice(supplies: Supplies, model_id: str) -> Engine:
    from models.openvoice.engine import OpenVoice

    return OpenVoice(supplies.store.folder_of(model_id))


def _knn_vc(supplies: Supplies, model_id: str) -> Engine:
    from models.knn_vc.engine import KnnVc

    return KnnVc(supplies.store.folder_of(model_id))


def _kokoro_match(supplies: Supplies, model_id: str) -> Engine:
    from models.kokoro_match.engine import KokoroMatch

    return KokoroMatch(supplies.store.folder_of(model_id), supplies.store.folder_of("ge2e"))


def _pitch(method: str) -> Engine:
    from models.rvc.pitch.crepe import Crepe
    from models.rvc.pitch.fcpe import Fcpe
    from models.rvc.pitch.harvest import Harvest
    from models.rvc.pitch.pm import Pm

    made: Mapping[str, type[Engine]] = {"fcpe": Fcpe, "crepe": Crepe, "harvest": Harvest, "pm": Pm}
    return made[method]()


def _speech_runners(residency: Residency, supplies: Supplies, metrics: CollectorRegistry) -> Mapping[str, Runner]:
    """Speech and conversion share the lane, so that neither slows what the other has on the device."""
    from models.kokoro.g2p import Phonemizer
    from workers.batcher import Batcher
    from workers.speech import SpeechRunner

    processes = 1 if residency.device == "cpu" else max(1, min(MOST_G2P_PROCESSES, (os.cpu_count() or 1) // 4))
    phonemizer = Phonemizer(supplies.store.folder_of("spacy-en"), processes)
    lane, of_tiles = supplies.lane(), TileMetrics(metrics)
    batcher = Batcher(lane, BatchMetrics(metrics))
    return {
        "speech": SpeechRunner(residency=residency, batcher=batcher, phonemizer=phonemizer),
        "conversion": _Late(lambda: _conversion(residency, supplies, lane, of_tiles, batcher.give_way)),
        **_cloning_runners(residency, supplies, lane, batcher, phonemizer),
    }


def _cloning_runners(
    residency: Residency, supplies: Supplies, lane: Lane, batcher: "Batcher", phonemizer: "Phonemizer"
) -> Mapping[str, Runner]:
    """They share the voices that they remember."""

    @cache
    def casting() -> "Casting":
        from workers.casting import Casting
        from workers.embedding import Embeddings

        return Casting(
            residency=residency,
            lane=lane,
            batcher=batcher,
            phonemizer=phonemizer,
            embeddings=Embeddings(supplies.store, supplies.voices),
            voices=supplies.voices,
            store=supplies.store,
        )

    def clone() -> Runner:
        from workers.cloning import CloneRunner

        return CloneRunner(casting(), watermark=supplies.settings.watermark)

    def change() -> Runner:
        from workers.changing import ChangeRunner

        return ChangeRunner(casting(), watermark=supplies.settings.watermark)

    def embedding() -> Runner:
        from workers.preparing import EmbeddingRunner

        return EmbeddingRunner(casting())

    return {"clone": _Late(clone), "change": _Late(change), "embedding": _Late(embedding)}


def _conversion(
    residency: Residency, supplies: Supplies, lane: Lane, metrics: TileMetrics, give_way: Callable[[], None]
) -> Runner:
    from workers.conversion import ConversionRunner
    from workers.tiles import Tiles

    return ConversionRunner(
        residency=residency,
        lane=lane,
        tiles=Tiles(lane, metrics, give_way),
        give_way=give_way,
        voices=supplies.voices,
        store=supplies.store,
    )


def _transcription_runners(
    residency: Residency, supplies: Supplies, _metrics: CollectorRegistry
) -> Mapping[str, Runner]:
    """What listens shares the lane, whatever it listens for."""
    from workers.enrolment import EnrolmentRunner
    from workers.hearing import Hearing
    from workers.listening import ListeningRunner
    from workers.references import ReferenceRunner, References
    from workers.transcription import TranscriptionRunner
    from workers.verification import VerificationRunner
    from workers.windows import Windows

    lane, store, ledger = supplies.lane(), supplies.store, supplies.ledger
    hearing = Hearing(residency=residency, lane=lane, windows=Windows(lane), store=store)
    references = References(residency=residency, lane=lane, store=store, hearing=hearing)
    prepared = ReferenceRunner(references)
    return {
        "transcription": TranscriptionRunner(residency=residency, lane=lane),
        "clone": ListeningRunner(reference=prepared, verification=VerificationRunner(hearing)),
        "change": prepared,
        "enrolment": EnrolmentRunner(references, ledger, most_voices=supplies.settings.max_saved_voices),
    }


def _io_runners(_residency: Residency, supplies: Supplies, _metrics: CollectorRegistry) -> Mapping[str, Runner]:
    from workers.fetching import FetchRunner
    from workers.imports import VoiceRunner

    fetching = FetchRunner(supplies.settings)
    return {"voice": VoiceRunner(supplies.ledger), "transcription": fetching, "enrolment": fetching}


def _torch_device(wanted: str) -> str:
    from models.device import resolve_device

    return resolve_device(wanted)


def _torch_loading() -> Callable[[], AbstractContextManager[Any]]:
    from models.apart import DrawsApart

    return DrawsApart


def _ctranslate2_device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


_ENGINES: Mapping[str, Callable[[Supplies, str], Engine]] = {
    "kokoro": _kokoro,
    "whisper": _whisper,
    "diarizer": _diarizer,
    "hubert": _hubert,
    "rmvpe": _rmvpe,
    "chatterbox": _chatterbox,
    "qwen3-tts": _qwen3_tts,
    "pocket-tts": _pocket_tts,
    "openvoice": _openvoice,
    "knn-vc": _knn_vc,
    "kokoro-match": _kokoro_match,
}
_RUNNERS: Mapping[RoleName, Callable[[Residency, Supplies, CollectorRegistry], Mapping[str, Runner]]] = {
    "speech": _speech_runners,
    "transcription": _transcription_runners,
    "io": _io_runners,
}
_LOADING: Mapping[RoleName, Callable[[], Callable[[], AbstractContextManager[Any]]]] = {
    "speech": _torch_loading,
    "transcription": lambda: nullcontext,
    "io": lambda: nullcontext,
}
_DEVICES: Mapping[RoleName, Callable[[str], str]] = {
    "speech": _torch_device,
    "transcription": _ctranslate2_device,
    "io": lambda _wanted: "cpu",
}
