"""FCPE on real speech, against RMVPE's real output, and against the package's own way to run it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import ModelUnreadable
from models.rvc.pitch.fcpe import Fcpe
from tests.models.rvc.pitch.sounds import agreement, speech


@pytest.fixture(scope="module")
def loaded() -> Fcpe:
    net = Fcpe()
    net.load("cpu")
    return net


def test_it_hears_what_rmvpe_hears(loaded: Fcpe) -> None:
    """On the whole 35 s: 97.5 % and 4.2 cents."""
    sound, pitch = speech()
    voiced, cents = agreement(loaded.f0(sound), pitch)
    assert voiced > 0.95
    assert cents < 7


def test_it_is_what_the_package_computes(loaded: Fcpe, capsys: pytest.CaptureFixture[str]) -> None:
    from torchfcpe import spawn_bundled_infer_model  # noqa: PLC0415 - prints

    sound = speech()[0][:16_000]
    net = spawn_bundled_infer_model("cpu")
    theirs = net.infer(torch.from_numpy(sound)[None], sr=16_000, decoder_mode="local_argmax", threshold=0.006)
    assert np.array_equal(loaded.f0(sound), theirs[0, :100, 0].numpy())


def test_it_prints_nothing_and_asks_between(capsys: pytest.CaptureFixture[str]) -> None:
    net, calls = Fcpe(), []
    net.load("cpu")
    net.f0(3 * speech()[0][:16_000], lambda: calls.append(1))
    assert calls == [1]
    assert capsys.readouterr() == ("", "")


def test_a_broken_net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("torchfcpe.models_infer.__file__", str(tmp_path / "models_infer.py"))
    with pytest.raises(ModelUnreadable, match="inside torchfcpe is broken: `pip uninstall torchfcpe`, then run"):
        Fcpe().load("cpu")
