"""Chatterbox at a hundredth of its size, with random weights: the package's own code, from its files to its sound.

The package builds its nets with numbers that stand in its code. Inside `shrunk` those are smaller, and nothing else is
another. What `write` writes inside can be loaded only inside; outside it writes, and loads, the real size.

T3 ends a sentence after `SPOKEN` tokens (Llama), or after each with a chance of one in `SPOKEN` (GPT-2).
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from chatterbox.models.s3gen import s3gen
from chatterbox.models.s3gen.transformer import upsample_encoder
from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS
from chatterbox.models.t3.modules import cond_enc
from chatterbox.models.t3.modules.t3_config import T3Config
from chatterbox.models.voice_encoder import VoiceEncoder
from s3tokenizer.model_v2 import ModelConfig, S3TokenizerV2
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from models.chatterbox.package import LANGUAGES
from models.chatterbox.tokens import BoundedT3

SPOKEN = 12
"""Tokens of a sentence: about half a second."""

WIDTH = 32
CLOCK = WIDTH - 1
"""The channel of T3 that makes the end the only thing to say where it is lit."""

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'-áéíóúñçñßяюшалдквоитме你好世界"


@contextmanager
def shrunk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        llama = {"hidden_size": WIDTH, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16}
        heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
        gpt2 = {"n_embd": WIDTH, "hidden_size": WIDTH, "n_head": 2, "n_layer": 2}
        gpt2 |= {"vocab_size": 8, "bos_token_id": 0, "eos_token_id": 0}
        for name, smaller in {"Llama_520M": llama | heads, "GPT2_medium": gpt2, "GPT2_small": gpt2}.items():
            patch.setitem(LLAMA_CONFIGS, name, LLAMA_CONFIGS[name] | smaller)
        patch.setattr(S3TokenizerV2.__init__, "__defaults__", (_HEARING,))
        for module, nets in ((s3gen, _S3GEN), (upsample_encoder, _ENCODER), (cond_enc, _CONDITIONS)):
            for name, smaller in nets.items():
                patch.setattr(module, name, _smaller(getattr(module, name), smaller))
        yield


def write(folder: Path, flavour: str, *, seed: int = 0) -> Path:
    """The files of a flavour in `folder`, which it returns."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    _WRITERS[flavour](folder)
    return folder


_HEARING = ModelConfig(n_audio_state=64, n_audio_head=1, n_audio_layer=1)
_S3GEN: dict[str, dict[str, Any]] = {
    "CAMPPlus": {"growth_rate": 8, "init_channels": 32},
    "UpsampleConformerEncoder": {
        "input_size": WIDTH,
        "output_size": WIDTH,
        "linear_units": 128,
        "attention_heads": 2,
        "num_blocks": 1,
    },
    "ConditionalDecoder": {"channels": [32], "n_blocks": 1, "num_mid_blocks": 1, "num_heads": 2},
    "CausalMaskedDiffWithXvec": {"input_size": WIDTH},
    "HiFTGenerator": {"base_channels": 32},
    "ConvRNNF0Predictor": {"cond_channels": 32},
}
_ENCODER: dict[str, dict[str, Any]] = {
    "PreLookaheadLayer": {"channels": WIDTH},
    "Upsample1D": {"channels": WIDTH, "out_channels": WIDTH},
}
_CONDITIONS: dict[str, dict[str, Any]] = {"Perceiver": {"pre_attention_query_size": WIDTH, "embedding_dim": WIDTH}}


def _smaller(build: Any, smaller: dict[str, Any]) -> Any:
    return lambda *given, **named: build(*given, **(named | smaller))


def _multilingual(folder: Path) -> None:
    _save(_llama(T3Config.multilingual()), folder / "t3_mtl23ls_v3.safetensors")
    torch.save(VoiceEncoder().state_dict(), folder / "ve.pt")
    torch.save(s3gen.S3Token2Wav().state_dict(), folder / "s3gen.pt")
    radicals = [f"[cj_{letter}]" for letter in ".abcdefghijklmnopqrstuvwxyz"]
    _graphemes(folder / "grapheme_mtl_merged_expanded_v1.json", [f"[{code}]" for code in LANGUAGES] + radicals)
    table = ["你\tonf", "好\tvnd", "世\tpt", "界\twoll", "們\tonf"]
    (folder / "Cangjie5_TC.json").write_text(json.dumps(table, ensure_ascii=False))


def _english(folder: Path) -> None:
    _save(_llama(T3Config.english_only()), folder / "t3_cfg.safetensors")
    _save(VoiceEncoder(), folder / "ve.safetensors")
    _save(s3gen.S3Token2Wav(), folder / "s3gen.safetensors")
    _graphemes(folder / "tokenizer.json", [])


def _gpt2(folder: Path, weights: str, config: str) -> None:
    _save(_gpt(config), folder / weights)
    _save(VoiceEncoder(), folder / "ve.safetensors")
    _save(s3gen.S3Token2Wav(meanflow=True), folder / "s3gen_meanflow.safetensors")
    _bytes(folder)


_WRITERS: dict[str, Any] = {
    "multilingual": _multilingual,
    "english": _english,
    "turbo": partial(_gpt2, weights="t3_turbo_v1.safetensors", config="GPT2_medium"),
    "nano": partial(_gpt2, weights="t3_nano_v1.safetensors", config="GPT2_small"),
}


def _llama(config: Any) -> Any:
    """Its clock shows the position: after `SPOKEN` it is time to end."""
    t3 = BoundedT3(config)
    with torch.no_grad():
        _sharpen(t3)
        for table in (t3.text_emb, t3.speech_emb, t3.text_pos_emb.emb, t3.speech_pos_emb.emb):
            table.weight[:, CLOCK] = 0
        t3.speech_pos_emb.emb.weight[SPOKEN:, CLOCK] = 50
        _listen(t3.speech_head, config.stop_speech_token)
    return t3


def _gpt(name: str) -> Any:
    """Its clock shows the last token: after one in `SPOKEN` it is time to end, never after the first."""
    config = T3Config(text_tokens_dict_size=50276)
    config.llama_config_name = name
    config.speech_tokens_dict_size = 6563
    config.input_pos_emb = None
    config.speech_cond_prompt_len = 375
    config.use_perceiver_resampler = False
    config.emotion_adv = False
    t3 = BoundedT3(config)
    with torch.no_grad():
        _sharpen(t3)
        t3.tfmr.wpe.weight[:, CLOCK] = 0
        t3.speech_emb.weight[:, CLOCK] = -50
        t3.speech_emb.weight[::SPOKEN, CLOCK] = 50
        t3.speech_emb.weight[config.start_speech_token, CLOCK] = -50
        _listen(t3.speech_head, config.stop_speech_token)
    return t3


def _sharpen(t3: Any) -> None:
    """Weights as they are drawn make next to no difference between one text, voice or wish and another."""
    for name, weight in t3.tfmr.named_parameters():
        if weight.ndim == 2 and "wte" not in name and "wpe" not in name:
            weight.mul_(8 * math.sqrt(WIDTH / t3.dim))
        # What a layer adds leaves the clock as it is; GPT-2 has its matrices the other way round.
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            weight[CLOCK] = 0
        if name.endswith(("c_proj.weight", "c_proj.bias")):
            weight[..., CLOCK] = 0


def _listen(head: torch.nn.Linear, stop: int) -> None:
    head.weight[:, CLOCK] = 0
    head.weight.mul_(8)
    head.weight[stop] = 0
    head.weight[stop, CLOCK] = 30


def _save(net: torch.nn.Module, path: Path) -> None:
    save_file({name: tensor.contiguous() for name, tensor in net.state_dict().items()}, path)


def _graphemes(path: Path, more: list[str]) -> None:
    special = ["[STOP]", "[UNK]", "[SPACE]", *more]
    vocabulary = {token: index for index, token in enumerate([*special, *dict.fromkeys(LETTERS)])} | {"[START]": 255}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[START]", *special])
    tokenizer.save(str(path))


def _bytes(folder: Path) -> None:
    """GPT-2's tokenizer before its first merge, with Turbo's words for sounds."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    letters = {letter: index for index, letter in enumerate(alphabet)} | {"<|endoftext|>": 256}
    sounds = {"[laugh]": 257, "[sigh]": 258}
    plain = dict.fromkeys(("lstrip", "normalized", "rstrip", "single_word"), False)
    added = {256: ("<|endoftext|>", True), 257: ("[laugh]", False), 258: ("[sigh]", False)}
    decoder = {str(index): {"content": word, "special": special, **plain} for index, (word, special) in added.items()}
    options = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": 1024, "added_tokens_decoder": decoder}
    special = dict.fromkeys(("bos_token", "eos_token", "unk_token"), "<|endoftext|>")
    (folder / "vocab.json").write_text(json.dumps(letters))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "added_tokens.json").write_text(json.dumps(sounds))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    (folder / "tokenizer_config.json").write_text(json.dumps(options | special))
