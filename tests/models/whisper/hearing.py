"""Recordings through Whisper without a worker: windows of all of them in common batches."""

from collections.abc import Iterator, Sequence

from models.whisper.engine import Whisper
from models.whisper.options import Decoding, Vad
from models.whisper.speech import Samples, find_speech
from models.whisper.stretches import stretches, whole
from models.whisper.transcription import Segment, Transcription, Window

ENGLISH = Decoding("en")
NO_VAD = Vad(enabled=False)


def hear(
    whisper: Whisper,
    recordings: Sequence[Samples],
    decoding: Decoding = ENGLISH,
    *,
    vad: Vad | None = None,
    batched: bool = False,
    temperature: float | None = None,
) -> list[list[Segment]]:
    """The segments of each recording."""
    running: list[Transcription] = []
    for samples in recordings:
        speech = find_speech(samples, vad or Vad())
        cuts = stretches(speech) if batched else whole(speech)
        running.append(Transcription(speech, cuts, decoding, hear=whisper.hear, temperature=temperature))
    segments: list[list[Segment]] = [[] for _ in running]
    while not all(one.finished for one in running):
        ready = [(index, window) for index, one in enumerate(running) for window in _windows(one)]
        for together in {window.decoding for _, window in ready}:
            batch = [(index, window) for index, window in ready if window.decoding == together]
            heard = whisper.decode([window.sound for _, window in batch], together)
            for (index, window), result in zip(batch, heard, strict=True):
                segments[index] += running[index].take(window, result)
    return segments


def text(segments: Sequence[Segment]) -> str:
    return "".join(segment.text for segment in segments).strip()


def _windows(transcription: Transcription) -> Iterator[Window]:
    while window := transcription.next():
        yield window
