"""Checkpoints of Qwen3-TTS in miniature: the library's own classes, small, with weights from a seed. 2 MB, 0.1 s.

They babble, and end soon. What they make depends on all that a real one depends on: voice, text, language, description.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel

from models.qwen3_tts.package import qwen_tts

SPEAKERS = ("serena", "vivian", "uncle_fu", "ryan", "aiden", "ono_anna", "sohee", "eric", "dylan")
DIALECTS = {"eric": "sichuan_dialect", "dylan": "beijing_dialect"}
"""Of CustomVoice, as the real one names them."""

WIDTH = 64
GROUPS = 4
"""Codes a frame: a real checkpoint has 16."""
CODEBOOK = 64

_ENDS = 8
"""Codes that may come first in a frame, beside the end: a piece has some ten frames, so it hardly ever runs away."""

LOUDNESS = {"decoder.decoder.6.conv.weight": 20.0}
"""The deviation of the codec's last layer: with that of the others, what is spoken is as good as silent."""

CHANCE = {"talker.codec_head.weight": 0.05} | {
    f"talker.code_predictor.lm_head.{number}.weight": 0.5 for number in range(GROUPS - 1)
}
"""Deviations of what chooses codes: the first of a frame, the end among them, by chance; the others by what is told."""

_SPECIAL = ("<|im_start|>", "<|im_end|>", "<|pad|>", "<tts_pad>", "<tts_bos>", "<tts_eos>", "assistant", "user")
_ROPE = {"interleaved": True, "mrope_section": [4, 2, 2], "rope_type": "default", "type": "default"}
_HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}


def tiny_base(folder: Path, seed: int = 0) -> Path:
    """Clones. Writes into `folder`, which is made, and returns it."""
    return _write(folder, "base", seed)


def tiny_voice_design(folder: Path, seed: int = 0) -> Path:
    return _write(folder, "voice_design", seed)


def tiny_custom_voice(folder: Path, seed: int = 0) -> Path:
    return _write(folder, "custom_voice", seed)


def endless(folder: Path) -> Path:
    """`folder`, a checkpoint, made one that never ends a piece: the code for its end is one that it cannot say."""
    config = json.loads((folder / "config.json").read_text())
    config["talker_config"]["codec_eos_token_id"] = 5000
    _json(folder / "config.json", config)
    return folder


def _write(folder: Path, kind: str, seed: int) -> Path:
    (folder / "speech_tokenizer").mkdir(parents=True)
    # What calls this has a random state of its own.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _talker(folder, kind, _words(folder))
        _codec(folder / "speech_tokenizer")
    return folder


def _words(folder: Path) -> dict[str, int]:
    """A tokenizer whose words are bytes, in the files that a repository has; the ids of its special tokens."""
    vocabulary = {sign: number for number, sign in enumerate(sorted(ByteLevel.alphabet()))}
    special = {token: len(vocabulary) + number for number, token in enumerate(_SPECIAL)}
    (folder / "merges.txt").write_text("#version: 0.2\n")
    _json(folder / "vocab.json", vocabulary)
    settings = {"tokenizer_class": "Qwen2Tokenizer", "processor_class": "Qwen3TTSProcessor"}
    ends = {"pad_token": "<|pad|>", "eos_token": "<|im_end|>"}
    added = {str(number): {"content": token, "special": True} for token, number in special.items()}
    _json(folder / "tokenizer_config.json", settings | ends | {"added_tokens_decoder": added})
    return special


def _talker(folder: Path, kind: str, words: dict[str, int]) -> None:
    qwen_tts()
    from qwen_tts.core.models import Qwen3TTSConfig, Qwen3TTSForConditionalGeneration  # noqa: PLC0415 - as it imports

    encoder = {
        "enc_dim": WIDTH,
        "enc_channels": [16, 16, 16, 16, 48],
        "enc_attention_channels": 8,
        "enc_se_channels": 8,
    }
    config = Qwen3TTSConfig(
        talker_config=_talker_config(kind),
        speaker_encoder_config=encoder,
        tokenizer_type="qwen3_tts_tokenizer_12hz",
        tts_model_size="1b7",
        tts_model_type=kind,
        im_start_token_id=words["<|im_start|>"],
        im_end_token_id=words["<|im_end|>"],
        tts_pad_token_id=words["<tts_pad>"],
        tts_bos_token_id=words["<tts_bos>"],
        tts_eos_token_id=words["<tts_eos>"],
        assistant_token_id=words["assistant"],
    )
    _save(Qwen3TTSForConditionalGeneration(config), config, folder, 0.2, CHANCE)
    written = json.loads((folder / "config.json").read_text())
    # What its classes write they do not read.
    written["speaker_encoder_config"] = encoder
    written["talker_config"].pop("rope_parameters", None)
    written["talker_config"] |= {"rope_scaling": _ROPE, "rope_theta": 1_000_000}
    _json(folder / "config.json", written)
    top = {"do_sample": True, "top_k": 50, "top_p": 1.0, "temperature": 0.9, "repetition_penalty": 1.05}
    below = {"subtalker_dosample": True, "subtalker_top_k": 50, "subtalker_top_p": 1.0, "subtalker_temperature": 0.9}
    _json(folder / "generation_config.json", top | below | {"max_new_tokens": 2048})


def _talker_config(kind: str) -> dict[str, Any]:
    """The last 1024 codes are the library's own signs, of which only the end is ever spoken."""
    stock = {name: 90 + number for number, name in enumerate(SPEAKERS)} if kind == "custom_voice" else {}
    layers = {"hidden_size": WIDTH, "intermediate_size": 128, "num_code_groups": GROUPS} | _HEADS
    return {
        **layers,
        "vocab_size": 1024 + _ENDS,
        "num_hidden_layers": 2,
        "text_hidden_size": WIDTH,
        "text_vocab_size": 300,
        "codec_pad_id": 68,
        "codec_bos_id": 69,
        "codec_eos_token_id": 70,
        "codec_think_id": 74,
        "codec_nothink_id": 75,
        "codec_think_bos_id": 76,
        "codec_think_eos_id": 77,
        "codec_language_id": {"english": 80, "chinese": 81, "beijing_dialect": 82, "sichuan_dialect": 83},
        "spk_id": stock,
        "spk_is_dialect": {name: DIALECTS.get(name, False) for name in stock},
        "rope_scaling": _ROPE,
        "code_predictor_config": {**layers, "vocab_size": CODEBOOK, "num_hidden_layers": 1, "pad_token_id": None},
    }


def _codec(folder: Path) -> None:
    from qwen_tts.core import Qwen3TTSTokenizerV2Config, Qwen3TTSTokenizerV2Model  # noqa: PLC0415
    from transformers import EncodecFeatureExtractor  # noqa: PLC0415

    shared = {"hidden_size": 32, "num_hidden_layers": 1, "intermediate_size": 64, "num_quantizers": GROUPS}
    shared |= {"num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 8, "codebook_size": CODEBOOK}
    encoder = {
        "sampling_rate": 24_000,
        "frame_rate": 12.5,
        "num_filters": 8,
        "codebook_dim": 16,
        "vector_quantization_hidden_dimension": 16,
        "num_semantic_quantizers": 1,
        "upsampling_ratios": [8, 6, 5, 4],
        "upsample_groups": 32,
        "rope_theta": 10_000.0,
    }
    decoder = {"latent_dim": 32, "codebook_dim": 32, "decoder_dim": 32}
    config = Qwen3TTSTokenizerV2Config(
        encoder_config=shared | encoder, decoder_config=shared | decoder, encoder_valid_num_quantizers=GROUPS
    )
    _save(Qwen3TTSTokenizerV2Model(config), config, folder, 0.05, LOUDNESS)
    EncodecFeatureExtractor(feature_size=1, sampling_rate=24_000).save_pretrained(folder)


def _save(model: Any, config: Any, folder: Path, deviation: float, other: dict[str, float]) -> None:
    """With weights from the seed: most of its classes make none of their own. `other`: deviations by name."""
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if not tensor.is_floating_point() or "inv_freq" in name:
                continue
            if tensor.ndim > 1:
                tensor.normal_(0, other.get(name, deviation))
            else:
                tensor.fill_(0.0 if "bias" in name else 1.0)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    tensors = {name: tensor.clone().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))
