"""The engines and runners of a role. The only place that knows which engine speaks for which model."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from jobs.settings import Settings
from models.catalog import Catalog
from models.store import Store
from workers.lane import Lane
from workers.memory import budget_of
from workers.residency import Engine, Residency
from workers.roles import Role, RoleName
from workers.step import Runner

OVERHEAD = 1.3
"""A loaded model beside its files: buffers and the runtime's own memory, as a factor."""

MOST_G2P_PROCESSES = 4
"""Each feeds some 2,000 audio-seconds a second, in English."""


@dataclass(frozen=True, slots=True)
class Engines:
    runners: Mapping[str, Runner]
    residency: Residency
    device: str
    metrics: CollectorRegistry


def build(role: Role, settings: Settings, *, store: Store, catalog: Catalog) -> Engines:
    """Raises `DeviceError` where the wanted device is not there."""

    def make(model_id: str) -> Engine:
        return _ENGINES[catalog.model(model_id).engine](store, model_id, settings)

    def size(model_id: str) -> int:
        return int(OVERHEAD * catalog.model(model_id).size)

    device = _DEVICES[role.name](settings.device)
    budget = settings.model_budget_bytes or budget_of(device, role.share)
    residency = Residency(make=make, size=size, device=device, budget=budget)
    metrics = CollectorRegistry()
    return Engines(_RUNNERS[role.name](residency, store, metrics), residency, device, metrics)


# The imports stand inside the functions so that each worker process imports only its own engine's libraries.
# ruff: noqa: PLC0415


def _kokoro(store: Store, model_id: str, settings: Settings) -> Engine:
    from models.kokoro.engine import Kokoro

    return Kokoro(store.folder_of(model_id), compiles=settings.compile_kernels)


def _whisper(store: Store, model_id: str, _settings: Settings) -> Engine:
    from models.whisper.engine import Whisper

    return Whisper(store.folder_of(model_id))


def _diarizer(store: Store, model_id: str, _settings: Settings) -> Engine:
    from models.diarization.engine import Diarizer

    return Diarizer(store.folder_of(model_id))


def _speech_runners(residency: Residency, store: Store, metrics: CollectorRegistry) -> Mapping[str, Runner]:
    from models.kokoro.g2p import Phonemizer
    from workers.batcher import Batcher
    from workers.metrics import BatchMetrics
    from workers.speech import SpeechRunner

    processes = 1 if residency.device == "cpu" else max(1, min(MOST_G2P_PROCESSES, (os.cpu_count() or 1) // 4))
    phonemizer = Phonemizer(store.folder_of("spacy-en"), processes)
    batcher = Batcher(Lane(), BatchMetrics(metrics))
    return {"speech": SpeechRunner(residency=residency, batcher=batcher, phonemizer=phonemizer)}


def _transcription_runners(residency: Residency, _store: Store, _metrics: CollectorRegistry) -> Mapping[str, Runner]:
    from workers.transcription import TranscriptionRunner

    return {"transcription": TranscriptionRunner(residency=residency, lane=Lane())}


def _torch_device(wanted: str) -> str:
    from models.device import resolve_device

    return resolve_device(wanted)


def _ctranslate2_device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


_ENGINES: Mapping[str, Callable[[Store, str, Settings], Engine]] = {
    "kokoro": _kokoro,
    "whisper": _whisper,
    "diarizer": _diarizer,
}
_RUNNERS: Mapping[RoleName, Callable[[Residency, Store, CollectorRegistry], Mapping[str, Runner]]] = {
    "speech": _speech_runners,
    "transcription": _transcription_runners,
    "io": lambda _residency, _store, _metrics: {},
}
_DEVICES: Mapping[RoleName, Callable[[str], str]] = {
    "speech": _torch_device,
    "transcription": _ctranslate2_device,
    "io": lambda _wanted: "cpu",
}
