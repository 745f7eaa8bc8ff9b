import pytest
import torch

from models.device import DeviceError, resolve_device, runs_on

CARDS = torch.cuda.device_count()


def test_auto_is_the_card_where_there_is_one() -> None:
    assert resolve_device("auto") == ("cuda" if CARDS else "cpu")


def test_the_cpu_is_always_there() -> None:
    assert resolve_device("cpu") == "cpu"


def test_a_card_that_is_not_there() -> None:
    with pytest.raises(DeviceError, match=rf"no cuda:{CARDS}: .* {CARDS} CUDA devices"):
        resolve_device(f"cuda:{CARDS}")


@pytest.mark.parametrize("wanted", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "mps"])
def test_what_is_no_device(wanted: str) -> None:
    with pytest.raises(DeviceError, match="unknown device"):
        resolve_device(wanted)


BUILT_FOR = ["sm_75", "sm_80", "sm_86", "sm_90a", "sm_120", "compute_120"]


@pytest.mark.parametrize(
    ("capability", "runs"),
    [
        ((7, 0), False),
        ((7, 5), True),
        ((8, 0), True),
        ((8, 9), True),  # machine code of its generation
        ((9, 0), True),
        ((9, 1), False),  # the letter is for that one kind of card
        ((10, 0), False),
        ((12, 1), True),
        ((13, 0), True),  # the driver translates
    ],
)
def test_code_runs_on_a_card_or_not(capability: tuple[int, int], runs: bool) -> None:
    assert runs_on(capability, BUILT_FOR) is runs


def test_a_card_that_torch_has_no_code_for(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _index: (6, 1))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _index: "Tesla P4")
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: BUILT_FOR)
    with pytest.raises(DeviceError, match=r"Tesla P4\) has compute capability 6\.1, .* only for sm_75"):
        resolve_device("cuda")
    assert resolve_device("auto") == "cpu"
    assert "Tesla P4" in caplog.text
