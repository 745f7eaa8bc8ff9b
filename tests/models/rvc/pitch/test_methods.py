"""What holds for every method that comes without a download: a gliding tone, silence, lengths, what is missing."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from models.rvc.frames import HOP
from models.rvc.pitch import MethodMissing, PitchNet, fitted
from models.rvc.pitch.crepe import Crepe
from models.rvc.pitch.fcpe import Fcpe
from models.rvc.pitch.harvest import Harvest
from models.rvc.pitch.pm import Pm
from tests.models.rvc.pitch.sounds import agreement, glide, silence

METHODS: dict[str, tuple[type[Any], str, float]] = {
    "fcpe": (Fcpe, "torchfcpe", 15),
    "pm": (Pm, "parselmouth", 2),
    "harvest": (Harvest, "pyworld", 5),
    "crepe": (Crepe, "torchcrepe", 20),
}
"""The class, its library, and how many cents it may be off on a gliding tone."""


@pytest.fixture(scope="module", autouse=True)
def small_crepe() -> Iterator[None]:
    """The small net of the same library, for time's sake."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.rvc.pitch.crepe.SIZE", "tiny")
        yield


@pytest.fixture(scope="module", params=METHODS)
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def loaded(method: str) -> PitchNet:
    net: PitchNet = METHODS[method][0]()
    net.load("cpu")
    return net


def test_a_gliding_tone(loaded: PitchNet, method: str) -> None:
    sound, pitch = glide(0.6)
    sound.flags.writeable = False  # as a part of a file that is mapped into memory
    found = loaded.f0(sound)
    assert found.dtype == np.float32
    assert found.shape == (60,)
    voiced, cents = agreement(found[5:-5], pitch[5:-5])
    assert voiced > 0.95
    assert cents < METHODS[method][2]


@pytest.mark.parametrize("kind", [Fcpe, Pm, Harvest])  # CREPE hears a pitch in silence, in the reference, too
def test_silence_has_none(kind: type[Any]) -> None:
    net: PitchNet = kind()
    net.load("cpu")
    assert not net.f0(silence()).any()


@pytest.mark.parametrize("samples", [HOP, 799, 1_023, 2_000])
def test_as_many_frames_as_there_are(loaded: PitchNet, samples: int) -> None:
    assert loaded.f0(glide(0.2)[0][:samples]).shape == (samples // HOP,)


def test_it_goes_and_comes_back(loaded: PitchNet) -> None:
    sound = glide(0.1)[0]
    before = loaded.f0(sound)
    loaded.unload()
    with pytest.raises(RuntimeError, match="is not loaded"):
        loaded.f0(sound)
    loaded.load("cpu")
    assert np.array_equal(loaded.f0(sound), before)


def test_without_its_library(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, library, _ = METHODS[method]
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MethodMissing, match=rf"method {method} needs {library}.*: (pip install|run)"):
        kind().load("cpu")


def test_frames_are_cut_or_filled() -> None:
    sound = silence(0.05)
    assert fitted(np.ones(7), sound).tolist() == [1] * 5
    assert fitted(np.ones(3), sound).tolist() == [1, 1, 1, 0, 0]
