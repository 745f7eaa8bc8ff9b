import errno
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from confinement import landlock
from confinement.privileges import PACKAGE_ROOT
from confinement.seccomp import Unprotected

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")

RESTRICTED = """
import os, sys
from pathlib import Path
from confinement import landlock

version, folder = int(sys.argv[1]), Path(sys.argv[2])
landlock.version = lambda: version
allowed = {
    folder / "read": landlock.READ,
    folder / "read/deeper/list": landlock.LIST,
    folder / "written": landlock.WRITE,
    folder / "file": landlock.READ,
    folder / "missing": landlock.READ,
}
assert landlock.restrict(allowed)

def attempt(what):
    try:
        what()
    except OSError as error:
        return error.errno
    return 0

print([
    attempt(lambda: (folder / "read/deeper/file").read_bytes()),
    attempt(lambda: (folder / "file").read_bytes()),
    attempt(lambda: (folder / "written/new").write_bytes(b"x")),
    attempt(lambda: (folder / "written/new").unlink()),
])
print([
    attempt(lambda: (folder / "read/deeper/file").write_bytes(b"x")),
    attempt(lambda: (folder / "read/deeper/file").unlink()),
    attempt(lambda: (folder / "other").read_bytes()),
    attempt(lambda: list(folder.iterdir())),
    attempt(lambda: (folder / "written/link").symlink_to("x")),
    attempt(lambda: os.mkfifo(folder / "written/pipe")),
])
"""


@needs_landlock
@pytest.mark.parametrize("version", range(1, 8))
def test_what_is_left_to_a_process(version: int, tmp_path: Path) -> None:
    """With what each version of the kernel's knows, so far as this kernel does."""
    if version > landlock.version():
        pytest.skip("a later kernel's")
    (tmp_path / "read" / "deeper").mkdir(parents=True)
    (tmp_path / "written").mkdir()
    for name in ("file", "other", "read/deeper/file"):
        (tmp_path / name).write_bytes(b"here")
    child = subprocess.run(
        [sys.executable, "-c", RESTRICTED, str(version), str(tmp_path)],
        env={"PYTHONPATH": str(PACKAGE_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    allowed, refused = child.stdout.splitlines()
    assert allowed == str([0] * 4)
    assert refused == str([errno.EACCES] * 6)


@pytest.mark.parametrize(
    ("version", "files", "network", "scopes"),
    [
        (1, 0x1FFF, 0, 0),
        (2, 0x3FFF, 0, 0),
        (3, 0x7FFF, 0, 0),
        (4, 0x7FFF, 3, 0),
        (5, 0xFFFF, 3, 0),
        (6, 0xFFFF, 3, 3),
        (99, 0xFFFF, 3, 3),
    ],
)
def test_a_kernel_hears_only_of_what_it_knows(
    version: int, files: int, network: int, scopes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As linux/landlock.h has it: bits, and a structure of three numbers of 64 bits."""
    said: list[Any] = []

    def refusing(*arguments: Any) -> int:
        said.extend(arguments)
        return -1

    monkeypatch.setattr(landlock, "version", lambda: version)
    monkeypatch.setattr(landlock, "_call", refusing)
    with pytest.raises(Unprotected):
        landlock.restrict({})
    assert said == [444, struct.pack("=QQQ", files, network, scopes), 24, 0]


def test_a_kernel_without_it_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert landlock.restrict({}) is False
    assert os.listdir("/")  # noqa: PTH208


@needs_landlock
def test_a_kernel_that_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with rights of which it does not know."""
    monkeypatch.setattr(landlock, "IOCTL_DEV", 1 << 60)
    monkeypatch.setattr(landlock, "version", lambda: 5)
    with pytest.raises(Unprotected, match=r"Invalid argument.*let this machine or container use Landlock"):
        landlock.restrict({})
