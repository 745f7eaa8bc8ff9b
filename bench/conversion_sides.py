"""Both ways to convert a voice, each for a process of its own: rvc-python's `Pipeline`, and ours."""

import resource
import time
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry
from transformers import HubertModel
from transformers.utils.logging import disable_progress_bar

from audio.pcm import Samples
from bench.conversion_nets import Nets
from bench.stopwatch import Stopwatch
from models.rvc.architecture import PHONE_WIDTH, Architecture
from models.rvc.conversion import Conversion
from models.rvc.envelope import headroom, mixed
from models.rvc.hubert import Hubert
from models.rvc.net import Net, Tile
from models.rvc.options import Options
from models.rvc.package import leaf
from models.rvc.pitch.rmvpe import Rmvpe
from models.rvc.precision import half, span
from models.rvc.recording import Recording
from models.rvc.retrieval import Retrieval
from models.rvc.voice import Voice
from tests.models.rvc import driver
from tests.models.rvc.driver import FairseqHubert
from workers.lane import Lane
from workers.metrics import TileMetrics
from workers.tiles import Tiles

OPTIONS = Options(f0_method="rmvpe", index_rate=0.75, protect=0.33, seed=0)
RMS_MIX = 0.25

LOADING, PITCH, HUBERT, RETRIEVAL = "loading", "pitch (RMVPE)", "HuBERT", "retrieval"
ENCODING, DECODING, REST = "encoder and flow", "decoder", "filter, cuts, index file, loudness, int16"
LOADS = 3
STAGES = (PITCH, HUBERT, RETRIEVAL, ENCODING, DECODING, REST)

Pcm = NDArray[np.int16]


class Converter(Protocol):
    device: str
    stopwatch: Stopwatch

    def load(self) -> None:
        """Onto the device. Called again, it loads again."""

    def convert(self, samples: Samples) -> Pcm:
        """A recording at 16 kHz, at the voice's own rate."""


@dataclass(frozen=True, slots=True)
class Take:
    stages: Mapping[str, float]
    """Seconds."""
    memory: int
    """Bytes: the most that torch had on the card, or the process in main memory."""

    @property
    def wall(self) -> float:
        return sum(self.stages.values())


def loaded(side: Converter) -> list[float]:
    """Seconds of loading, some times over, when all modules are imported and the files in the system's cache."""
    side.load()
    return [_seconds(side) for _ in range(LOADS)]


def taken(side: Converter, samples: Samples) -> Take:
    side.stopwatch.seconds.clear()
    with side.stopwatch.stage(REST):
        side.convert(samples)
    return Take(dict(side.stopwatch.seconds), _memory(side.device))


class Reference:
    """rvc-python 0.1.5 as its `VC` class loads and calls it; HuBERT by transformers, where it has fairseq."""

    def __init__(self, nets: Nets, device: str) -> None:
        self.device = device
        self.stopwatch = Stopwatch(device)
        self._nets = nets
        disable_progress_bar()
        pipelines, models, self._rmvpe = driver.module(), leaf("lib.infer_pack.models"), leaf("lib.rmvpe")
        self._kind = getattr(models, _synthesizer_kind(nets.architecture))
        for owner, function, stage in (
            (pipelines.Pipeline, "get_f0", PITCH),
            (FairseqHubert, "extract_features", HUBERT),
            (pipelines.Pipeline, "vc", RETRIEVAL),
            (self._kind, "infer", ENCODING),
            (models.GeneratorNSF, "forward", DECODING),
            (models.Generator, "forward", DECODING),
        ):
            self.stopwatch.watch(owner, function, stage)

    def load(self) -> None:
        one, folder = self._nets.architecture, self._nets.folder
        self._hubert = self._features()
        self._net = self._synthesizer()
        half_precision = half(self.device)
        cut = span(self.device)
        self._pipeline = driver.pipeline(one, cut, device=self.device, half=half_precision, folder=str(folder))
        rmvpe = self._rmvpe.RMVPE(self._nets.pitch / "rmvpe.pt", is_half=half_precision, device=self.device)
        self._pipeline.model_rmvpe = rmvpe

    def convert(self, samples: Samples) -> Pcm:
        return driver.converted(
            self._pipeline,
            self._hubert,
            self._net,
            samples,
            one=self._nets.architecture,
            index=self._nets.faiss_index,
            options=OPTIONS,
            rms_mix_rate=RMS_MIX,
        )

    def _features(self) -> FairseqHubert:
        net = _Projected.from_pretrained(self._nets.hubert)
        # Fairseq computes no layer behind the one that it is asked for.
        net.encoder.layers = net.encoder.layers[: 9 if self._nets.architecture.version == "v1" else 12]
        return FairseqHubert(self._placed(net))

    def _synthesizer(self) -> Any:
        checkpoint = torch.load(self._nets.checkpoint, map_location="cpu", weights_only=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # weight norm of the old kind
            net = self._kind(*checkpoint["config"], is_half=half(self.device))
        del net.enc_q
        net.load_state_dict(checkpoint["weight"], strict=False)
        return self._placed(net)

    def _placed(self, net: Any) -> Any:
        return net.to(self.device, torch.float16 if half(self.device) else torch.float32).eval()


class Voxhall:
    """Ours, as a worker holds it."""

    def __init__(self, nets: Nets, device: str, watched: bool) -> None:
        self.device = device
        self.stopwatch = Stopwatch(device)
        self._voice = Voice(nets.weights, nets.index)
        self._hubert, self._pitch = Hubert(nets.hubert), Rmvpe(nets.pitch)
        if watched:
            self._watch()

    def _watch(self) -> None:
        for owner, function, stage in (
            (Rmvpe, "f0", PITCH),
            (Hubert, "features", HUBERT),
            (Retrieval, "blend", RETRIEVAL),
            (Net, "encode", ENCODING),
            (Net, "decode", DECODING),
        ):
            self.stopwatch.watch(owner, function, stage)

    def load(self) -> None:
        for one in (self._hubert, self._pitch, self._voice):
            one.unload()
            one.load(self.device)

    def convert(self, samples: Samples) -> Pcm:
        recording = Recording.prepare(samples, None)
        conversion = self._conversion(recording)
        chunks = [conversion.convert(index) for index in range(len(conversion.chunks))]
        return _finished(chunks, recording, conversion)

    def convert_all(self, recordings: Sequence[Samples]) -> tuple[float, int]:
        """As jobs of a worker: a thread each, one lane for the device, one batcher of tiles.

        The seconds that it took, and the bytes as in `Take`.
        """
        lane = Lane()
        tiles = Tiles(lane, TileMetrics(CollectorRegistry()), give_way=lambda: None)

        def job(number: int) -> Pcm:
            recording = Recording.prepare(recordings[number], None)
            conversion = self._conversion(
                recording,
                run=lambda call: lane.submit(call, deadline=number).result(),
                decode=lambda parts: self._decoded(tiles, parts, number),
            )
            chunks = [conversion.convert(index) for index in range(len(conversion.chunks))]
            return _finished(chunks, recording, conversion)

        started = time.monotonic()
        with ThreadPoolExecutor(len(recordings)) as jobs:
            list(jobs.map(job, range(len(recordings))))
        return time.monotonic() - started, _memory(self.device)

    def _decoded(self, tiles: Tiles, parts: Sequence[Tile], deadline: float) -> list[Samples]:
        futures = [tiles.submit(self._voice.net, part, deadline=deadline, interactive=False) for part in parts]
        return [future.result() for future in futures]

    def _conversion(self, recording: Recording, **options: Any) -> Conversion:
        voice, hubert, pitch = self._voice, self._hubert, self._pitch
        cut = span(self.device)
        return Conversion(recording, voice=voice, hubert=hubert, pitch=pitch, options=OPTIONS, span=cut, **options)


class _Projected(HubertModel):  # type: ignore[misc]
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.final_proj = torch.nn.Linear(config.hidden_size, config.classifier_proj_size)


def _seconds(side: Converter) -> float:
    side.stopwatch.seconds.clear()
    with side.stopwatch.stage(LOADING):
        side.load()
    return side.stopwatch.seconds[LOADING]


def _finished(chunks: Sequence[Samples], recording: Recording, conversion: Conversion) -> Pcm:
    rate, length = conversion.sample_rate, conversion.length
    whole = np.concatenate(list(mixed(chunks, recording, rate=RMS_MIX, sample_rate=rate, length=length)))
    return (whole * np.float32(32_768 * headroom(float(np.abs(whole).max())))).astype(np.int16)


def _synthesizer_kind(one: Architecture) -> str:
    return f"SynthesizerTrnMs{PHONE_WIDTH[one.version]}NSFsid{'' if one.f0 else '_nono'}"


def _memory(device: str) -> int:
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return int(torch.cuda.max_memory_allocated(device))
