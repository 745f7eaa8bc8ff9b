"""A voice as Qwen3-TTS Base takes it, and as it is stored.

`ref_spk_embedding` (d,) is who speaks. Where it is known what is said in the clip, `ref_code` (frames, code groups) is
the clip itself in the codec's codes, 12.5 frames a second: the model goes on from it, and comes closer to the voice.
"""

from typing import Any

import torch

from models.cloning.embedding import Embedding, EmbeddingBroken
from models.qwen3_tts.package import qwen_tts

SPEAKER, CODES, TEXT = "ref_spk_embedding", "ref_code", "ref_text"

_BROKEN = "The stored embedding is not one of this model's."


def to_embedding(item: Any) -> Embedding:
    """Of a `VoiceClonePromptItem` on any device, in any floating type."""
    tensors = {SPEAKER: item.ref_spk_embedding.to("cpu", torch.float32).numpy()}
    if not item.icl_mode:
        return Embedding(tensors)
    # The codec gives a view the other way round, which safetensors would store as it lies in memory.
    codes = item.ref_code.to("cpu", torch.int64).contiguous().numpy()
    return Embedding(tensors | {CODES: codes}, {TEXT: item.ref_text})


def to_item(embedding: Embedding, config: Any, device: torch.device) -> Any:
    """A `VoiceClonePromptItem` for the model of this `Qwen3TTSConfig`. Raises `EmbeddingBroken`."""
    speaker, codes = embedding.tensors.get(SPEAKER), embedding.tensors.get(CODES)
    text = embedding.notes.get(TEXT)
    if speaker is None or speaker.shape != (config.speaker_encoder_config.enc_dim,):
        raise EmbeddingBroken(_BROKEN)
    if codes is not None and not (text and _fits(codes, config.talker_config)):
        raise EmbeddingBroken(_BROKEN)
    return qwen_tts().VoiceClonePromptItem(
        ref_code=None if codes is None else torch.tensor(codes, dtype=torch.int64, device=device),
        ref_spk_embedding=torch.tensor(speaker, dtype=torch.float32, device=device),
        x_vector_only_mode=codes is None,
        icl_mode=codes is not None,
        ref_text=text if codes is not None else None,
    )


def _fits(codes: Any, talker: Any) -> bool:
    if codes.ndim != 2 or not len(codes) or codes.shape[1] != talker.num_code_groups:
        return False
    return bool(codes.min() >= 0 and codes.max() < talker.code_predictor_config.vocab_size)
