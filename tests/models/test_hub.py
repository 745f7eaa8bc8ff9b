"""Transfers from a hub over real HTTP."""

import socket
from pathlib import Path

import pytest

from models.files import HubSource, SourceFailed
from models.hub import Hub
from models.transfer import Unreachable
from tests.models.loopback import REVISION, LoopbackHub, Remembered

BODY = bytes(range(256)) * 40
SOURCE = HubSource(kind="hub", repo="lab/model", revision=REVISION, path="a folder/model.bin")
AT_HUB = "lab/model/a%20folder/model.bin"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "model.bin.part"


def download(part: Path, progress: Remembered) -> None:
    with Hub() as client:
        client.download(SOURCE, part, total=len(BODY), progress=progress)


def test_a_whole_file(hub: LoopbackHub, part: Path, progress: Remembered) -> None:
    hub.files[AT_HUB] = BODY
    download(part, progress)
    assert part.read_bytes() == BODY
    assert progress.transferred == {SOURCE.path: len(BODY)}
    assert progress.totals == {SOURCE.path: len(BODY)}


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(
    hub: LoopbackHub, part: Path, progress: Remembered
) -> None:
    hub.files[AT_HUB], hub.cut = BODY, 1500
    download(part, progress)
    assert part.read_bytes() == BODY
    assert [asked for _, asked in hub.requests] == [None, *(f"bytes={at}-" for at in range(1500, len(BODY), 1500))]
    assert progress.transferred == {SOURCE.path: len(BODY)}


def test_a_transfer_that_brings_nothing_is_given_up(hub: LoopbackHub, part: Path, progress: Remembered) -> None:
    hub.files[AT_HUB], hub.cut = BODY, 0
    with pytest.raises(SourceFailed, match="the transfer broke off"):
        download(part, progress)


def test_a_hub_without_range_sends_it_all_again(hub: LoopbackHub, part: Path, progress: Remembered) -> None:
    hub.files[AT_HUB], hub.ranges = BODY, False
    part.write_bytes(b"half of an older file")
    download(part, progress)
    assert part.read_bytes() == BODY


def test_nothing_is_missing(hub: LoopbackHub, part: Path, progress: Remembered) -> None:
    hub.files[AT_HUB] = BODY
    part.write_bytes(BODY)
    download(part, progress)
    assert part.read_bytes() == BODY


def test_no_such_file(hub: LoopbackHub, part: Path, progress: Remembered) -> None:
    with pytest.raises(SourceFailed, match="HTTP 404"):
        download(part, progress)
    assert not part.exists()


def test_the_token_goes_with_each_request(
    hub: LoopbackHub, part: Path, progress: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.files[AT_HUB] = BODY
    download(part, progress)
    assert hub.tokens == {"Bearer hf_secret"}


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:{port}", "no address at all", "http://["])
def test_no_way_to_the_hub(part: Path, progress: Remembered, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", endpoint.format(port=unheard.getsockname()[1]))
        with Hub() as client:
            for _ in range(2):
                with pytest.raises(Unreachable, match="cannot be reached"):
                    client.download(SOURCE, part, total=None, progress=progress)
