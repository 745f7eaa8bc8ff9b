"""One product for all faults: it ends what hangs soon, and its files lie on a small disk where this machine lets us
mount one."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.product import Product, running, until
from tests.e2e.texts import SENTENCE

DISK = "48m"


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of its own under `folder`; False: nothing may be mounted here, and it is a plain folder."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "none", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="package")
def faults_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="package")
def is_small(faults_folder: Path) -> Iterator[bool]:
    with small_disk(faults_folder / "data" / "files") as mounted:
        yield mounted


@pytest.fixture(scope="package")
def product(faults_folder: Path, is_small: bool, models_dir: Path) -> Iterator[Product]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with running(faults_folder, port, models_dir, VOXHALL_HANG_SECONDS="20") as product:
        yield product
    assert "Traceback" not in product.logged.read_text()


@pytest.fixture
def client(product: Product) -> Iterator[httpx.Client]:
    """Voxhall's own API, with the first key, once all are back from the fault before."""
    until(product.ready)
    with product.client() as client:
        yield client


@pytest.fixture
def recording(client: httpx.Client, faults_folder: Path) -> Path:
    body = {"model": "kokoro", "voice": "af_heart", "input": SENTENCE, "response_format": "wav"}
    path = faults_folder / "sentence.wav"
    path.write_bytes(client.post("/v1/audio/speech", json=body).raise_for_status().content)
    return path
