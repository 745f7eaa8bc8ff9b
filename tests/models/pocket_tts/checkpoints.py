"""Pocket TTS in miniature: random weights, of the package's own architecture, small in every direction."""

import string
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import Unigram

from models.pocket_tts.configuration import DESCRIPTION, TOKENIZER, WEIGHTS, configuration
from models.pocket_tts.package import CONFIGS
from models.pocket_tts.stepped import Stepped

SPACE = "▁"
PIECES = ["<unk>", SPACE, *string.ascii_letters, *string.digits, *".,!?;:'\"-"]

SMALL_SEANET = {"dimension": 32, "n_filters": 4}
SMALL_TRANSFORMER = {
    "d_model": 32,
    "input_dimension": 32,
    "output_dimensions": [32],
    "num_heads": 2,
    "num_layers": 1,
    "dim_feedforward": 32,
}


def tiny(folder: Path, *, seed: int = 0, clones: bool = True, ends: bool = True) -> Path:
    """`folder`, in which a loadable model of some 0.1 M numbers lies now; the folder's name is the model's id.

    It speaks about a second of noise a sentence, which depends on the voice, the text and the seed; where it never
    `ends`, 2 s and a third of a second a letter. `clones`: with the part that hears a clip; where not, it is zeros, as
    in the weights that are published without it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _tokenizer().save(str(folder / TOKENIZER))
    (folder / DESCRIPTION).write_text(yaml.safe_dump(_description(0.0 if ends else 1e9)), encoding="utf-8")
    described = configuration(folder).model_copy(update={"weights_path": None})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        weights = {name: one.contiguous() for name, one in _loud(Stepped.read(described)).state_dict().items()}
    if not clones:
        weights |= {name: torch.zeros_like(one) for name, one in weights.items() if name.startswith("mimi.encoder")}
    save_file(weights, folder / WEIGHTS)
    return folder


def _description(threshold: float) -> dict[str, Any]:
    """The package's smallest one, cut down further; a text ends above `threshold`."""
    described: dict[str, Any] = yaml.safe_load((CONFIGS / "english_2m_2026-10.yaml").read_text(encoding="utf-8"))
    language, sound = described["flow_lm"], described["mimi"]
    language["flow"] |= {"depth": 1, "dim": 32}
    language["transformer"] |= {"d_model": 32, "attn_dim": 32, "num_heads": 2, "num_layers": 2, "dim_feedforward": 32}
    language["lookup_table"] |= {"dim": 32, "rank": 8, "n_bins": len(PIECES), "tokenizer": "tokenizers"}
    language["z_dim"] = 16
    for side in ("", "decoder_"):
        sound[f"{side}seanet"] |= SMALL_SEANET
        sound[f"{side}transformer"] |= SMALL_TRANSFORMER
    sound["outer_dim"] = sound["quantizer"]["output_dimension"] = 32
    return {**described, "default_eos_threshold": threshold}


def _loud(model: Stepped) -> Stepped:
    """Layers that the package begins with zeros would let nothing of the voice and the text through."""
    with torch.no_grad():
        for name, one in model.named_parameters():
            if one.ndim > 1:
                one.normal_(std=one[0].numel() ** -0.5)
            elif name.endswith("bias"):
                one.normal_(std=0.1)
    return model


def _tokenizer() -> Tokenizer:
    """One piece a letter, behind the space that the package expects at the front."""
    tokenizer = Tokenizer(Unigram([(piece, -1.0) for piece in PIECES], unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(SPACE, prepend_scheme="first")
    return tokenizer
