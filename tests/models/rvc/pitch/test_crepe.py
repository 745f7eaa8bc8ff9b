"""CREPE as rvc-python calls it, but for the noise that the package adds."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torchcrepe

from audio.pcm import Samples
from models.rvc.pitch.crepe import Crepe
from tests.models.rvc.pitch.sounds import speech


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crepe]:
    monkeypatch.setattr("models.rvc.pitch.crepe.SIZE", "tiny")
    net = Crepe()
    net.load("cpu")
    yield net
    net.unload()


@pytest.fixture
def large() -> Iterator[Crepe]:
    net = Crepe()
    net.load("cpu")
    yield net
    net.unload()


def test_a_path_of_several_batches_is_the_packages(small: Crepe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.rvc.pitch.crepe.BATCH", 40)
    same(small, "tiny", speech()[0][:16_000], batch=40)


def test_the_net_is_the_large_one(large: Crepe) -> None:
    same(large, "full", speech()[0][4_640:6_240])


def same(net: Crepe, size: str, sound: Samples, batch: int = 512) -> None:
    """But for the noise: what rvc-python makes of the package's `predict`."""
    audio, frames = torch.from_numpy(sound)[None], len(sound) // 160
    theirs, periodicity = torchcrepe.predict(
        audio, 16_000, 160, 50, 1_100, size, batch_size=batch, device="cpu", return_periodicity=True
    )
    theirs = torchcrepe.filter.mean(theirs, 3)
    theirs[torchcrepe.filter.median(periodicity, 3) < 0.1] = 0
    ours, expected = net.f0(sound), theirs[0, :frames].numpy()
    assert np.array_equal(ours > 0, expected > 0)
    voiced = ours > 0
    assert voiced.any()
    assert np.abs(1_200 * np.log2(ours[voiced] / expected[voiced])).max() <= 40  # each has noise of up to 20


def test_no_two_runs_differ_and_others_have_their_turn(small: Crepe) -> None:
    sound = speech()[0][24_000:28_000]
    calls: list[int] = []
    assert np.array_equal(small.f0(sound, lambda: calls.append(1)), small.f0(sound))
    assert len(calls) == 2
