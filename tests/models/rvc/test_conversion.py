from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from audio.pcm import Samples
from models.rvc.conversion import Conversion
from models.rvc.hubert import Hubert
from models.rvc.net import Tile
from models.rvc.options import FULL, Options, Span
from models.rvc.pitch import F0
from models.rvc.pitch.pm import Pm
from models.rvc.recording import Recording
from models.rvc.voice import Voice
from tests.models.rvc.huberts import hubert, save_transformers
from tests.models.rvc.sounds import voiced
from tests.models.rvc.voices import RATES, Rate, architecture, write_safetensors

SMALL = Span(pad=1, query=1, center=2, longest=3)
T = TypeVar("T")


class Stopped(Exception):
    """What a caller raises to stop."""


class Counted(Pm):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.load("cpu")
        self.calls = 0

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:
        self.calls += 1
        return super().f0(samples, between)


@dataclass(frozen=True, slots=True)
class Nets:
    hubert: Hubert
    pitch: Pm
    voices: dict[Rate, Voice]
    """By sample rate. That of 32 kHz takes no pitch."""
    folder: Path

    def conversion(self, audio: Samples, *, rate: Rate = 40_000, **others: Any) -> Conversion:
        """`others`: arguments of `Conversion`."""
        nets: dict[str, Any] = {"voice": self.voices[rate], "hubert": self.hubert, "pitch": self.pitch}
        return Conversion(Recording.prepare(audio, None), **nets | {"options": Options(), "span": SMALL} | others)

    def converted(self, audio: Samples, *, rate: Rate = 40_000, **others: Any) -> Samples:
        conversion = self.conversion(audio, rate=rate, **others)
        return np.concatenate([conversion.convert(index) for index in range(len(conversion.chunks))])


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Nets:
    folder = tmp_path_factory.mktemp("nets")
    features = Hubert(save_transformers(hubert(width=32, num_hidden_layers=9), folder))
    pitch = Pm()
    voices = {
        rate: Voice(write_safetensors(folder / f"{rate}.safetensors", architecture("v1", f0=rate > 32_000, rate=rate)))
        for rate in RATES
    }
    features.load("cpu")
    pitch.load("cpu")
    for voice in voices.values():
        voice.load("cpu")
    return Nets(features, pitch, voices, folder)


@settings(max_examples=12)
@given(count=st.integers(1, 70_000), rate=st.sampled_from(RATES))
@example(count=1, rate=40_000)
@example(count=10, rate=48_000)
@example(count=800, rate=40_000)
@example(count=63_999, rate=40_000)
@example(count=64_160, rate=32_000)
def test_the_result_is_exactly_as_long_as_the_recording(nets: Nets, count: int, rate: Rate) -> None:
    """The reference loses 20 ms of each file, and 10 ms at every other joint."""
    audio = voiced(5)[:count]
    result = nets.converted(audio, rate=rate)
    assert len(result) == round(count * rate / 16_000) == nets.conversion(audio, rate=rate).length
    assert result.dtype == np.float32
    assert np.isfinite(result).all()


def test_silence_gives_numbers(nets: Nets) -> None:
    result = nets.converted(np.zeros(56_000, np.float32))
    assert len(result) == 140_000
    assert np.isfinite(result).all()


def test_chunks_do_not_depend_on_each_other(nets: Nets) -> None:
    audio = voiced(6.5)
    whole, rest = nets.conversion(audio), nets.conversion(audio)
    assert len(whole.chunks) == 4
    in_order = [whole.convert(index) for index in range(4)]
    for index in (2, 0, 3, 0, 1):
        np.testing.assert_array_equal(rest.convert(index), in_order[index])


def test_noise_is_of_the_seed(nets: Nets) -> None:
    first, again, other = (nets.converted(voiced(1), options=Options(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_each_chunk_has_noise_of_its_own(nets: Nets) -> None:
    silent = nets.conversion(np.zeros(8 * 16_000, np.float32))
    one, other = silent.convert(1), silent.convert(2)
    assert len(one) == len(other)
    assert np.abs(one - other).max() > 0.01


def test_features_that_are_in_the_index_give_numbers(nets: Nets, tmp_path: Path) -> None:
    """The reference gives NaN: it divides by their distance."""
    audio = voiced(1)
    padded = Recording.prepare(audio, None).padded(0, 48_000 + 160, 16_000)
    vectors = nets.hubert.features(padded, "v1")[0].clone()
    save_file({"vectors": vectors}, tmp_path / "index.safetensors")
    voice = Voice(nets.folder / "40000.safetensors", tmp_path / "index.safetensors")
    voice.load("cpu")
    assert voice.retrieval is not None
    torch.testing.assert_close(voice.retrieval.blend(vectors[None], 1), vectors[None])
    result = nets.converted(audio, voice=voice, options=Options(index_rate=1, protect=0.5))
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result, nets.converted(audio), atol=1e-3)


@pytest.mark.parametrize("f0_up_key", [0.5, 7])
def test_transposing_is_heard(nets: Nets, f0_up_key: float) -> None:
    audio = voiced(1)
    assert np.abs(nets.converted(audio, options=Options(f0_up_key=f0_up_key)) - nets.converted(audio)).max() > 0.01


def test_every_heavy_call_goes_through_run_and_the_pitch_is_found_once(nets: Nets) -> None:
    calls, pitch = 0, Counted()

    def run(call: Callable[[], T]) -> T:
        nonlocal calls
        calls += 1
        return call()

    conversion = nets.conversion(voiced(4), run=run, pitch=pitch)
    for index in (0, 1, 0):
        conversion.convert(index)
    assert calls == 3 * 2  # HuBERT, and the net's encoder; pm needs no turn on a device
    assert pitch.calls == 1


def test_what_run_raises_stops_it(nets: Nets) -> None:
    def run(call: Callable[[], T]) -> T:
        raise Stopped

    with pytest.raises(Stopped):
        nets.conversion(voiced(1), run=run).convert(0)


def test_what_is_called_between_layers_stops_it(nets: Nets) -> None:
    def between() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        nets.conversion(voiced(1), between=between).convert(0)


def test_tiles_are_decoded_by_whoever_gathers_them(nets: Nets) -> None:
    audio = voiced(2.9)
    tiles: list[Tile] = []

    def decode(given: Sequence[Tile]) -> Iterable[Samples]:
        tiles.extend(given)
        return (nets.voices[40_000].net.decode([tile])[0] for tile in given)

    np.testing.assert_allclose(nets.converted(audio, decode=decode), nets.converted(audio), atol=1e-5)
    assert [tile.stop - tile.start for tile in tiles] == [170, 120]


def test_an_error_is_raised_and_never_taken_for_audio(nets: Nets) -> None:
    """The reference returns the traceback in the place of the audio."""
    with pytest.raises(ValueError, match="speakers 0 to 2"):
        nets.converted(voiced(0.5), options=Options(speaker=3))


def test_a_voice_with_pitch_needs_a_net_for_it_and_others_do_not(nets: Nets) -> None:
    with pytest.raises(ValueError, match="pitch"):
        nets.conversion(voiced(0.5), pitch=None)
    assert len(nets.converted(voiced(0.5), rate=32_000, pitch=None)) == 16_000


def test_what_is_not_cut_is_not_cut_by_the_reference_s_spans(nets: Nets) -> None:
    assert len(nets.conversion(voiced(10), span=FULL).chunks) == 1
