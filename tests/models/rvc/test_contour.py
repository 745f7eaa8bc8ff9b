from collections.abc import Callable
from functools import cache
from importlib import import_module

import numpy as np
import pytest

from audio.pcm import Samples
from models.rvc import contour
from models.rvc.frames import HOP
from models.rvc.options import Options, PitchMethod
from models.rvc.pitch import F0, PitchNet
from models.rvc.pitch.pm import Pm
from models.rvc.recording import Recording
from models.rvc.running import at_once
from tests.models.rvc.sounds import voiced

METHODS: list[PitchMethod] = ["fcpe", "pm", "harvest", "crepe"]
"""All but rmvpe, whose net has no weights here."""


def loaded(method: PitchMethod) -> PitchNet:
    net: PitchNet = getattr(import_module(f"models.rvc.pitch.{method}"), method.capitalize())()
    net.load("cpu")
    return net


@cache
def found(method: PitchMethod) -> F0:
    return loaded(method).f0(voiced(0.35))


class Noting(Pm):
    """Notes how many frames it is given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.load("cpu")
        self.blocks: list[int] = []

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:
        self.blocks.append(len(samples) // HOP)
        return super().f0(samples, between)


@pytest.mark.parametrize("method", METHODS)
def test_filter_radius_does_something_for_every_method(method: PitchMethod) -> None:
    """The reference's does for harvest alone, and there only as a switch."""
    f0 = found(method)
    off, three, seven = (contour.shaped(f0, Options(f0_method=method, filter_radius=radius)) for radius in (0, 3, 7))
    assert (f0 > 0).sum() > 20
    np.testing.assert_array_equal(off, f0)
    assert np.abs(three - off).max() > 0.1
    assert np.abs(seven - three).max() > 0.1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("radius", range(8))
def test_as_the_reference_has_it_the_filter_is_harvest_s_switch(method: PitchMethod, radius: int) -> None:
    f0 = np.array([100, 0, 101, 140, 103, 0, 0, 104], np.float32)
    smooth = contour.shaped(f0, Options(f0_method=method, filter_radius=radius, filter_as="reference"))
    expected = [0, 100, 101, 103, 103, 0, 0, 0] if method == "harvest" and radius > 2 else f0
    np.testing.assert_array_equal(smooth, expected)


def test_harvest_finds_the_pitch_of_each_recording_anew() -> None:
    """The reference remembers it by the name of the file."""
    harvest = loaded("harvest")
    low, high = (harvest.f0(voiced(0.5, seed=seed)) for seed in (0, 1))
    assert np.abs(low - high).max() > 10
    np.testing.assert_array_equal(harvest.f0(voiced(0.5, seed=0)), low)


@pytest.mark.parametrize(("semitones", "factor"), [(12, 2), (-12, 0.5), (0.5, 1.0293), (-0.25, 0.98566)])
def test_pitch_moves_by_fractions_of_a_semitone_too(semitones: float, factor: float) -> None:
    moved = contour.shaped(np.array([0, 200], np.float32), Options(f0_up_key=semitones, filter_radius=0))
    np.testing.assert_allclose(moved, [0, 200 * factor], rtol=1e-4)


def test_steps_are_those_of_the_embedding() -> None:
    f0 = np.array([0, 0.5, 49, 50, 51, 110, 220, 400, 1_099, 1_100, 5_000])
    np.testing.assert_array_equal(contour.coarse(f0), [1, 1, 1, 1, 1, 23, 60, 112, 255, 255, 255])


def test_a_long_recording_is_heard_in_blocks_with_context_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = Options(filter_radius=7, f0_up_key=12)

    def of(net: PitchNet) -> contour.Contour:
        return contour.Contour(Recording(voiced(4)), 6 * 16_000, 16_000, net, options, at_once, lambda: None)

    whole, parted = Noting(), Noting()
    expected = of(whole).between(0, 600)
    monkeypatch.setattr(contour, "BLOCK", 250)
    monkeypatch.setattr(contour, "CONTEXT", 60)
    lazily = of(parted)
    assert whole.blocks == [600]
    end = lazily.between(325, 700)
    assert parted.blocks == [370, 160]
    beginning = lazily.between(0, 325)
    assert parted.blocks == [370, 160, 310]
    blocks = np.concatenate([beginning, end])
    np.testing.assert_array_equal(blocks, lazily.between(0, 600))
    assert len(blocks) == len(expected) == 600
    assert np.mean(np.abs(blocks - expected) < 0.2) > 0.97
