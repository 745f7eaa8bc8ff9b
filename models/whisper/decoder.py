"""One pass of Whisper over windows of sound: text, times and how sure it is. What of it to believe is for others."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_compression_ratio, get_suppressed_tokens
from numpy.typing import NDArray

from models.whisper.options import Decoding

BEAM = 5
SAMPLES = 5

CONTEXT = 223
"""Tokens before a window: half of what the decoder can hold, less one."""

OPENING, CLOSING = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - faster-whisper's


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its leading space and its punctuation; seconds; probability 0 to 1."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Piece:
    """What was said between two times, in seconds of the window."""

    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """A window for the encoder: log-mel `features` (mels, 3000), of which the first `frames` (10 ms each) are sound."""

    features: NDArray[np.float32]
    frames: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What Whisper made of a window. `until`: frame from which on it is to be heard again, where it holds more."""

    pieces: tuple[Piece, ...]
    until: int
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


def decode(model: Any, sounds: Sequence[Sound], decoding: Decoding) -> list[Heard]:
    """All `sounds` in one call of CTranslate2. What is heard in one does not depend on the others."""
    tokenizer = Tokenizer(
        model.hf_tokenizer, model.model.is_multilingual, task=decoding.task, language=decoding.language
    )
    encoded = model.encode(np.stack([sound.features for sound in sounds]))
    results = _generate(model, encoded, tokenizer, decoding, len(sounds))
    splits = [_split(model, tokenizer, result, sound) for result, sound in zip(results, sounds, strict=True)]
    if decoding.word_times:
        _time_words(model, encoded, tokenizer, [parts for parts, _ in splits], sounds)
    return [
        _heard(tokenizer, parts, until, result, decoding)
        for (parts, until), result in zip(splits, results, strict=True)
    ]


def _generate(model: Any, encoded: Any, tokenizer: Any, decoding: Decoding, count: int) -> list[Any]:
    sampling = {
        "beam_size": 1,
        "num_hypotheses": SAMPLES,
        "sampling_topk": 0,
        "sampling_temperature": decoding.temperature,
    }
    prompt = _prompt(tokenizer, decoding)
    generated: list[Any] = model.model.generate(
        encoded,
        [prompt] * count,
        max_length=min(model.max_length, len(prompt) + decoding.most_tokens),
        return_scores=True,
        return_no_speech_prob=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        **(sampling if decoding.temperature else {"beam_size": BEAM}),
    )
    return generated


def _prompt(tokenizer: Any, decoding: Decoding) -> list[int]:
    hotwords = _encoded(tokenizer, decoding.hotwords)[: CONTEXT // 2 if decoding.prompt else CONTEXT]
    prompt = _encoded(tokenizer, decoding.prompt)
    context = hotwords + prompt[max(0, len(prompt) - (CONTEXT - len(hotwords))) :]
    return [*([tokenizer.sot_prev] if context else []), *context, *tokenizer.sot_sequence]


def _encoded(tokenizer: Any, text: str | None) -> list[int]:
    """Whisper's texts begin with a space."""
    return list(tokenizer.encode(f" {text.strip()}")) if text and text.strip() else []


def _split(model: Any, tokenizer: Any, result: Any, sound: Sound) -> tuple[list[dict[str, Any]], int]:
    """The parts between the time tokens, in seconds of the window, and the frame at which the last one ends.

    A part that Whisper began and did not end is left out: it is heard again.
    """
    parts, until, _ = model._split_segments_by_timestamps(  # noqa: SLF001 - faster-whisper is pinned
        tokenizer=tokenizer,
        tokens=result.sequences_ids[0],
        time_offset=0.0,
        segment_size=sound.frames,
        segment_duration=sound.frames / model.frames_per_second,
        seek=0,
    )
    return parts, until if 0 < until < sound.frames else sound.frames


def _time_words(
    model: Any, encoded: Any, tokenizer: Any, splits: list[list[dict[str, Any]]], sounds: Sequence[Sound]
) -> None:
    """Gives each part its "words".

    The attention of all windows is aligned at once. The words are placed window by window: faster-whisper would carry
    the end of one window's speech into the next one of the batch, which may be of another file.
    """
    text = [[token for part in parts for token in part["tokens"] if token < tokenizer.eot] for parts in splits]
    aligned = model.find_alignment(tokenizer, text, encoded, [sound.frames for sound in sounds])
    for parts, alignment in zip(splits, aligned, strict=True):
        one = SimpleNamespace(
            frames_per_second=model.frames_per_second, find_alignment=lambda *_, found=alignment: [found]
        )
        WhisperModel.add_word_timestamps(one, [parts], tokenizer, None, 0, OPENING, CLOSING, 0.0)


def _heard(tokenizer: Any, parts: list[dict[str, Any]], until: int, result: Any, decoding: Decoding) -> Heard:
    tokens = result.sequences_ids[0]
    return Heard(
        pieces=tuple(_piece(tokenizer, part) for part in parts),
        until=until,
        temperature=decoding.temperature,
        avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),  # the end is a token too
        compression_ratio=get_compression_ratio(tokenizer.decode(tokens).strip()),
        no_speech_prob=result.no_speech_prob,
    )


def _piece(tokenizer: Any, part: dict[str, Any]) -> Piece:
    words = (
        Word(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
        for word in part.get("words", ())
    )
    return Piece(
        float(part["start"]), float(part["end"]), tokenizer.decode(part["tokens"]), tuple(part["tokens"]), tuple(words)
    )
