"""RMVPE against rvc-python's own class, with weights from a seed, and against its real output where it is installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jobs.settings import Settings
from models.catalog import load_catalog
from models.errors import ModelUnreadable
from models.rvc.package import leaf
from models.rvc.pitch.rmvpe import Rmvpe, decoded
from models.store import Store
from tests.models.rvc.pitch.sounds import agreement, glide, silence, speech


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`rmvpe.pt` as RVC has it, bare and in half precision.

    Its normalisations are drawn, too, else they do nothing, and its last layer is steep: what is before it shows.
    """
    torch.manual_seed(0)
    net = leaf("lib.rmvpe").E2E(4, 1, (2, 2))
    for one in net.modules():
        if isinstance(one, torch.nn.BatchNorm2d):
            one.running_mean.normal_(0, 0.1)
            one.running_var.uniform_(0.5, 1.5)
    net.fc[1].weight.data.mul_(10)
    folder = tmp_path_factory.mktemp("rmvpe")
    weights = {name: one.half() if one.is_floating_point() else one for name, one in net.state_dict().items()}
    torch.save(weights, folder / "rmvpe.pt")
    return folder


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Rmvpe:
    net = Rmvpe(folder)
    net.load("cpu")
    return net


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    return leaf("lib.rmvpe").RMVPE(str(folder / "rmvpe.pt"), is_half=False, device="cpu")


@pytest.mark.parametrize("samples", [8_001, 5_120])
def test_it_is_what_rvc_python_computes(loaded: Rmvpe, reference: Any, samples: int) -> None:
    sound = glide(1)[0][:samples]
    theirs = reference.infer_from_audio(sound, thred=0.03)
    found = loaded.f0(sound)
    assert found.shape == (samples // 160,)
    assert np.abs(found - theirs[: samples // 160]).max() < 0.005  # Hz


def test_decoding_is_that_of_rvc_python(reference: Any) -> None:
    """Peaks everywhere, at both ends of the scale too, and about half of them too low."""
    generator = torch.Generator().manual_seed(0)
    salience = 0.01 * torch.rand(720, 360, generator=generator)
    salience[torch.arange(720), torch.arange(720) % 360] = torch.rand(720, generator=generator) * 0.06
    theirs = reference.decode(salience.numpy(), thred=0.03)
    assert 200 < np.count_nonzero(theirs) < 520
    assert decoded(salience).numpy() == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("samples", [160, 799, 2_000])
def test_short_ones(loaded: Rmvpe, samples: int) -> None:
    assert loaded.f0(glide(0.2)[0][:samples]).shape == (samples // 160,)


def test_others_have_their_turn_between_levels(loaded: Rmvpe) -> None:
    sound, other = glide(0.1)[0], silence(0.1)
    expected = loaded.f0(sound), loaded.f0(other)
    calls: list[Any] = []

    def between() -> None:
        calls.append(loaded.f0(other) if len(calls) == 3 else None)

    assert np.array_equal(loaded.f0(sound, between), expected[0])
    assert np.array_equal(calls[3], expected[1])
    assert len(calls) == 10


def test_half_precision_is_near(folder: Path, loaded: Rmvpe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.rvc.pitch.rmvpe.half", lambda _device: True)
    shorter = Rmvpe(folder)
    shorter.load("cpu")
    sound = glide(0.1)[0]
    voiced, cents = agreement(shorter.f0(sound), loaded.f0(sound))
    assert voiced == 1
    assert 0 < cents < 5


def test_it_goes_and_comes_back(folder: Path) -> None:
    net, sound = Rmvpe(folder), glide(0.1)[0]
    with pytest.raises(RuntimeError, match="not loaded"):
        net.f0(sound)
    net.load("cpu")
    before = net.f0(sound)
    net.unload()
    net.load("cpu")
    assert np.array_equal(net.f0(sound), before)


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ModelUnreadable, match=message) as error:
        Rmvpe(folder).load("cpu")
    assert "voxhall models pull rmvpe" in str(error.value)


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path, "rmvpe.pt is missing or broken")


@pytest.mark.parametrize("content", [{}, [], {"other": torch.zeros(2)}])
def test_something_else(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "rmvpe.pt")
    refused(tmp_path, "rmvpe.pt is missing or broken")


def test_that_of_so_vits(tmp_path: Path) -> None:
    torch.save({"model": {"unet.weight": torch.zeros(2)}}, tmp_path / "rmvpe.pt")
    refused(tmp_path, "so-vits-svc")


def test_a_pickle_with_code_is_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (trace,)

    torch.save({"unet": Code()}, tmp_path / "rmvpe.pt")
    refused(tmp_path, "missing or broken")
    assert not trace.exists()


@pytest.mark.gpu
def test_the_installed_rmvpe_hears_what_it_heard() -> None:
    settings = Settings()
    store = Store(settings.models_dir, load_catalog(settings.catalog))
    if not store.installed("rmvpe"):
        pytest.skip("rmvpe is not installed: `voxhall models pull rmvpe`")
    net = Rmvpe(store.folder_of("rmvpe"))
    net.load("cpu")
    sound, pitch = speech()
    voiced, cents = agreement(net.f0(sound)[50:-50], pitch[50:-50])
    assert voiced > 0.99
    assert cents < 1
