import numpy as np
import pytest

from audio.pcm import Samples
from models.rvc.cuts import Chunk, chunks, quiet_cuts
from models.rvc.options import Span
from models.rvc.recording import Recording
from tests.models.rvc.sounds import voiced

SPAN = Span(pad=1, query=1, center=2, longest=3)


def referred(audio: Samples, span: Span) -> list[int]:
    """The reference's search, 160 passes over the whole: its frames."""
    padded = np.pad(audio.astype(np.float64), 80, mode="reflect")
    sums = np.zeros(len(audio))
    for i in range(160):
        sums += np.abs(padded[i : i - 160])
    center, query = span.center * 16_000, span.query * 16_000
    return [
        (near - query + int(np.argmin(sums[near - query : near + query]))) // 160
        for near in range(center, len(audio), center)
    ]


@pytest.mark.parametrize("seconds", [3.01, 4, 4.001, 11.37])
def test_cuts_are_those_of_the_reference_s_160_passes(seconds: float) -> None:
    audio = voiced(seconds)
    assert quiet_cuts(Recording(audio), SPAN) == referred(audio, SPAN)


@pytest.mark.parametrize("start", [30_000, 30_159])
def test_of_equally_quiet_places_it_is_the_first(start: int) -> None:
    """The first and the last sample of the frame 188, so that one sample to either side is another frame."""
    audio = voiced(5)
    audio[start:40_000] = 0
    assert quiet_cuts(Recording(audio), SPAN) == referred(audio, SPAN)
    assert quiet_cuts(Recording(audio), SPAN)[0] == (start + 80) // 160 == 188


def test_what_is_quiet_is_told_apart_after_what_is_loud() -> None:
    audio = np.full(64_000, 1e-20, np.float32)
    audio[:20_000] = 0.9
    audio[30_000:30_400] = 1e-21
    assert quiet_cuts(Recording(audio), SPAN) == referred(audio, SPAN) == [30_080 // 160]


def test_chunks_are_the_whole_recording() -> None:
    recording = Recording(voiced(7.003))
    cut = chunks(recording, SPAN)
    assert [chunk.start for chunk in cut] == [0, *quiet_cuts(recording, SPAN)]
    assert [chunk.stop for chunk in cut] == [*quiet_cuts(recording, SPAN), 701]


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (160, 1), (161, 2), (47_840, 299)])
def test_what_is_short_is_one_chunk(samples: int, frames: int) -> None:
    assert chunks(Recording(voiced(4)[:samples]), SPAN) == (Chunk(0, frames),)
