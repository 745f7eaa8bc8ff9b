"""What a conversion needs, small: a HuBERT and voices with few weights, and the runner that the speech worker has."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry
from safetensors.numpy import save_file

from audio.pcm import Samples
from jobs.files import FileStore, voice_key
from jobs.ledger import Ledger
from jobs.voices import SavedVoice, Voices
from models.catalog import load_catalog
from models.rvc.architecture import Architecture
from models.rvc.hubert import Hubert
from models.rvc.net import Net, Tile
from models.rvc.pitch.fcpe import Fcpe
from models.rvc.pitch.pm import Pm
from models.store import Store
from tests.models.rvc import voices
from tests.models.rvc.huberts import hubert, save_transformers
from workers.conversion import ConversionRunner
from workers.lane import Lane
from workers.metrics import TileMetrics
from workers.residency import Engine, Residency
from workers.step import Runner
from workers.tiles import Tiles
from workers.voices import StoredVoice, engine_id, voice_of

WIDTH = 768


def small_hubert(folder: Path) -> Path:
    return save_transformers(hubert(num_hidden_layers=2), folder)


class Studio:
    """Every voice is of version v2. Nothing is installed but what `hubert_folder` and the packages hold."""

    def __init__(self, *, hubert_folder: Path, scratch: Path, files: FileStore, ledger: Ledger, key_id: str) -> None:
        self.voices = Voices(ledger.database)
        self.lane = Lane()
        self.gave_way: list[str] = []
        """The names of the threads that gave way."""
        self.tiles = Tiles(self.lane, TileMetrics(CollectorRegistry()), self._give_way)
        self.residency = Residency(make=self._make, size=lambda _: 1, device="cpu", budget=100)
        self.runner: Runner = ConversionRunner(
            residency=self.residency,
            lane=self.lane,
            tiles=self.tiles,
            give_way=self._give_way,
            voices=self.voices,
            store=Store(scratch / "models", load_catalog()),
        )
        self._hubert_folder = hubert_folder
        self._scratch = scratch
        self._files = files
        self._key_id = key_id

    def add_voice(self, one: Architecture | None = None, *, vectors: int = 0, name: str = "Ann") -> SavedVoice:
        """Kept as the import keeps it, at 32 kHz unless an architecture is given."""
        one = one or voices.architecture(rate=32_000)
        voice_id = name.lower().encode().hex()
        paths = [voices.write_safetensors(self._scratch / "voice.safetensors", one)]
        if vectors:
            found = np.random.default_rng(1).standard_normal((vectors, WIDTH)).astype(np.float32)
            save_file({"vectors": found}, self._scratch / "index.safetensors")
            paths.append(self._scratch / "index.safetensors")
        for path in paths:
            self._files.put(voice_key(voice_id, path.name), path)
        details = {
            "version": one.version,
            "f0": one.f0,
            "sample_rate": one.sample_rate,
            "speakers": one.speakers,
            "vectors": vectors,
            "size": sum(path.stat().st_size for path in paths),
        }
        self.voices.add(voice_id, key_id=self._key_id, name=name, kind="rvc", shared=False, details=details)
        return self.voices.get(voice_id)

    def net(self, voice: SavedVoice) -> Net:
        """The loaded net of the voice. It stays the same, as there is room for all."""
        with self.residency.use(engine_id(voice.id)) as stored:
            net: Net = stored.voice.net
            return net

    def _give_way(self) -> None:
        self.gave_way.append(threading.current_thread().name)

    def _make(self, model_id: str) -> Engine:
        if voice_id := voice_of(model_id):
            return StoredVoice(self.voices.get(voice_id), self._files)
        made: dict[str, Any] = {"contentvec": lambda: Hubert(self._hubert_folder), "fcpe": Fcpe, "pm": Pm}
        engine: Engine = made[model_id]()
        return engine


class Listening:
    """Stands before a net's `decode` and writes down the batches. `then` is called before each."""

    def __init__(self, net: Net) -> None:
        self.batches: list[list[Tile]] = []
        self.then: Callable[[], object] = lambda: None
        self._decode = net.decode
        net.decode = self._listened  # type: ignore[method-assign]

    def _listened(self, tiles: Sequence[Tile]) -> list[Samples]:
        self.batches.append([*tiles])
        self.then()
        return self._decode(tiles)
