"""The nets of a conversion with random weights, in the files that RVC and Voxhall read.

What they sing is nonsense; how long they take is what real ones take.
"""

from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import HubertConfig, HubertModel
from transformers.utils.logging import disable_progress_bar

from models.rvc.architecture import PHONE_WIDTH, Architecture
from models.rvc.package import leaf
from tests.models.rvc.voices import write_pth, write_safetensors

VECTORS = 50_000
"""Of an index: some forty minutes of training audio."""
SPREAD = 0.33
"""Standard deviation of ContentVec's features."""
SMALL = {"hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 32, "conv_dim": (8,) * 7}
"""Of HuBERT; a voice wants its 768 numbers, and v1 its ninth layer."""


@dataclass(frozen=True, slots=True)
class Nets:
    """In one folder, and some twice: as rvc-python reads them and as Voxhall does."""

    folder: Path
    architecture: Architecture

    @property
    def hubert(self) -> Path:
        """A transformers folder, for both."""
        return self.folder / "hubert"

    @property
    def pitch(self) -> Path:
        """Holds `rmvpe.pt`, for both."""
        return self.folder / "base_model"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "voice.pth"

    @property
    def weights(self) -> Path:
        return self.folder / "voice.safetensors"

    @property
    def faiss_index(self) -> Path:
        return self.folder / "voice.index"

    @property
    def index(self) -> Path:
        return self.folder / "index.safetensors"


def write_nets(folder: Path, architecture: Architecture, *, small: bool = False) -> Nets:
    """`small`: a HuBERT and an index that are quick to make, for a try."""
    nets = Nets(folder, architecture)
    torch.manual_seed(0)
    write_pth(nets.checkpoint, architecture)
    write_safetensors(nets.weights, architecture)
    _write_hubert(nets.hubert, small=small)
    nets.pitch.mkdir()
    torch.save(leaf("lib.rmvpe").E2E(4, 1, (2, 2)).half().state_dict(), nets.pitch / "rmvpe.pt")
    _write_index(nets, 500 if small else VECTORS)
    return nets


def _write_hubert(folder: Path, *, small: bool) -> None:
    config = HubertConfig(classifier_proj_size=256, **(SMALL if small else {}))
    net = HubertModel(config)
    net.final_proj = torch.nn.Linear(config.hidden_size, config.classifier_proj_size)
    disable_progress_bar()
    net.save_pretrained(folder)


def _write_index(nets: Nets, count: int) -> None:
    """As RVC makes them, but that the lists' centres are some of the vectors: no clustering, which takes minutes."""
    width = PHONE_WIDTH[nets.architecture.version]
    vectors = np.random.default_rng(0).normal(0, SPREAD, (count, width)).astype(np.float32)
    lists = max(1, min(int(16 * np.sqrt(count)), count // 39))
    centres = faiss.IndexFlatL2(width)
    centres.add(vectors[:lists])
    index = faiss.IndexIVFFlat(centres, width, lists)
    index.is_trained = True
    index.add(vectors)
    faiss.write_index(index, str(nets.faiss_index))
    save_file({"vectors": torch.from_numpy(vectors)}, nets.index)
