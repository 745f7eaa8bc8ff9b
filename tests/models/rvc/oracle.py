"""rvc-python's own `Pipeline`, and the nets, the index and the recording that it and Voxhall are both given."""

from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
import torch
from safetensors.torch import save_file

from audio.pcm import Samples
from models.rvc.architecture import PHONE_WIDTH, Architecture
from models.rvc.conversion import Conversion
from models.rvc.envelope import headroom, mixed
from models.rvc.hubert import Hubert
from models.rvc.options import Options, Span
from models.rvc.pitch.pm import Pm
from models.rvc.recording import Recording
from models.rvc.voice import Voice
from tests.models.rvc import voices
from tests.models.rvc.driver import FairseqHubert, Int16, converted, pipeline
from tests.models.rvc.huberts import hubert, save_transformers


@dataclass(frozen=True, slots=True)
class Nets:
    """The same weights for both, on the CPU. The voice has an index; whether it is asked is up to the options."""

    architecture: Architecture
    voice: Voice
    hubert: Hubert
    fairseq: FairseqHubert
    folder: Path

    @classmethod
    def made(cls, architecture: Architecture, folder: Path) -> "Nets":
        # no larger than the width of its features needs: v1's are those of layer 9, projected
        net = hubert(width=32, num_hidden_layers=9) if architecture.version == "v1" else hubert(num_hidden_layers=2)
        features = Hubert(save_transformers(net, folder / "hubert"))
        weights = voices.write_safetensors(folder / "voice.safetensors", architecture)
        voice = Voice(weights, write_index(folder, PHONE_WIDTH[architecture.version]))
        features.load("cpu")
        voice.load("cpu")
        return cls(architecture, voice, features, FairseqHubert(net), folder)


def write_index(folder: Path, width: int) -> Path:
    """Random vectors, as Voxhall keeps them (the path that is returned) and as the reference reads them.

    The reference's index is of RVC's kind, but asked to search all of its lists: with one, as RVC stores it, it misses
    some of the eight nearest vectors, which Voxhall always finds.
    """
    lists = 4
    vectors = np.random.default_rng(7).standard_normal((300, width)).astype(np.float32)
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(width), width, lists)
    index.train(vectors)
    index.add(vectors)
    index.nprobe = lists
    faiss.write_index(index, str(folder / "reference.index"))
    save_file({"vectors": torch.from_numpy(vectors)}, folder / "index.safetensors")
    return folder / "index.safetensors"


def reference(nets: Nets, audio: Samples, options: Options, span: Span, rms_mix_rate: float) -> Int16:
    """What the package's own pipeline makes of `audio` at 16 kHz, with the pitch method pm."""
    return converted(
        pipeline(nets.architecture, span),
        nets.fairseq,
        voices.reference(nets.architecture),
        audio,
        one=nets.architecture,
        index=nets.folder / "reference.index",
        options=replace(options, f0_method="pm"),
        rms_mix_rate=rms_mix_rate,
    )


def ours(nets: Nets, audio: Samples, options: Options, span: Span, rms_mix_rate: float) -> Int16:
    """What Voxhall makes of it at the reference's lengths."""
    recording, pitch = Recording.prepare(audio, None), Pm()
    pitch.load("cpu")
    conversion = Conversion(
        recording, voice=nets.voice, hubert=nets.hubert, pitch=pitch, options=options, span=span, exact=False
    )
    chunks = [conversion.convert(index) for index in range(len(conversion.chunks))]
    length = sum(len(chunk) for chunk in chunks)
    blocks = mixed(chunks, recording, rate=rms_mix_rate, sample_rate=conversion.sample_rate, length=length)
    whole = np.concatenate(list(blocks))
    return (whole * np.float32(32_768 * headroom(float(np.abs(whole).max())))).astype(np.int16)
