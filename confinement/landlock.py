"""Takes all files from the process but those named, for good: Linux's Landlock, which any user may use.

The calls and structures are of linux/landlock.h; https://docs.kernel.org/userspace-api/landlock.html tells what each
version of the kernel's can do. A restricted process also cannot look into processes that are not restricted with it
(/proc/<pid>/environ and mem, ptrace), whoever runs it; from version 4 on it has no TCP, from 6 on it cannot signal
them. It can still learn by stat(2) that a file is there, and change rights, owners and times, which takes a filter.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Mapping
from pathlib import Path

from confinement.seccomp import PR_SET_NO_NEW_PRIVS, Unprotected, prctl

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""The numbers on every architecture."""

GET_VERSION = 1
PATH_BENEATH = 1

# LANDLOCK_ACCESS_FS_*
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, REFER, TRUNCATE, IOCTL_DEV = 1 << 7, 1 << 8, 1 << 13, 1 << 14, 1 << 15
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

LIST = READ_DIR
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER
"""And create, rename and remove files and folders; no links, devices, pipes or sockets."""

ALL_TCP = 0b11
ALL_SCOPES = 0b11
"""Abstract unix sockets and signals."""


def version() -> int:
    """Of the kernel's Landlock (its ABI); 0 where it has none, has it switched off, or a container keeps it away."""
    return max(0, _call(CREATE_RULESET, None, 0, GET_VERSION))


def restrict(allowed: Mapping[Path, int]) -> bool:
    """Leaves this process, its one thread and all that it starts, `LIST`, `READ` or `WRITE` of these paths, no more.

    A folder's right holds for all beneath it. A path that is not there, or that the process could not reach anyway, is
    passed over. To be called before any other thread is started. False, and nothing done, where `version` is 0.

    Raises:
        Unprotected: the kernel has Landlock and refuses it.
    """
    if not (found := version()):
        return False
    handled = _handled(found)
    ruleset = _checked(_call(CREATE_RULESET, _ruleset(found), len(_ruleset(found)), 0))
    try:
        for path, rights in allowed.items():
            _allow(ruleset, path, rights & handled)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        _checked(_call(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def _handled(version: int) -> int:
    """The rights that are refused wherever no rule gives them: a kernel refuses to hear of those it does not know."""
    return (1 << 13) - 1 | REFER * (version >= 2) | TRUNCATE * (version >= 3) | IOCTL_DEV * (version >= 5)


def _ruleset(version: int) -> bytes:
    """struct landlock_ruleset_attr. A kernel takes a longer one than its own if the rest is 0."""
    return struct.pack("=QQQ", _handled(version), ALL_TCP * (version >= 4), ALL_SCOPES * (version >= 6))


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it stays refused
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= OF_FILES
        # struct landlock_path_beneath_attr
        _checked(_call(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0))
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    """What the kernel answers; -1 with the reason in errno."""
    typed = (ctypes.c_long(one) if isinstance(one, int) else ctypes.c_char_p(one) for one in arguments)
    return int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *typed))


def _checked(answer: int) -> int:
    if answer < 0:
        raise Unprotected(
            f"The kernel refuses to keep files from the process that reads foreign files "
            f"({os.strerror(ctypes.get_errno())}), so they are not read: let this machine or container use Landlock."
        )
    return answer
