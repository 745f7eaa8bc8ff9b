"""A kernel filter that takes the network, new programs and other processes away from the process that installs it.

Linux's seccomp, by prctl(2), for x86_64 and aarch64. The filter stays until the process ends; nothing lifts it.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

REFUSED = {
    # the network
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    # a queue in which system calls are written down, past any filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # new programs and processes; clone has a rule of its own
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    # other processes of the same user
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    # the kernel's rarer doors
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "open_by_handle_at": (304, 265),
}
"""System calls and their numbers on x86_64 and aarch64."""

CLONE = (56, 220)
CLONE3 = (435, 435)
CLONE_THREAD = 0x00010000

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What a filter sees as the architecture (linux/audit.h). 32-bit calls on the same machine have another."""

X32 = 0x40000000
"""Set in the numbers of x32, another set of system calls that x86_64 answers."""

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2

# linux/bpf_common.h
LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

# offsets in struct seccomp_data
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16

# linux/seccomp.h
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM
UNKNOWN = 0x00050000 | errno.ENOSYS

Instruction = tuple[int, int, int, int]
"""Code, instructions to skip if true, if false, operand."""


class Unprotected(Exception):
    """The kernel does not confine the process. The message says what to do."""


def confine() -> None:
    """Confines this process, its one thread and all that it starts: what it is refused fails with EPERM.

    To be called before any other thread is started, which would stay free. Raises `Unprotected`.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in AUDIT:
        raise Unprotected("Foreign files are read on Linux alone, on x86_64 or aarch64: there a filter confines that.")
    instructions = _program(machine)
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    code = ctypes.create_string_buffer(program, len(program))
    descriptor = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(code)))
    if _prctl(PR_SET_NO_NEW_PRIVS, 1) or _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(descriptor)):
        reason = os.strerror(ctypes.get_errno())
        raise Unprotected(
            f"The kernel refuses to confine the process that reads foreign files ({reason}), so they are not read: "
            "let this machine or container use seccomp filters."
        )


def _prctl(option: int, *arguments: int) -> int:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, *map(ctypes.c_ulong, padded)))


def _program(machine: str) -> list[Instruction]:
    """Classic BPF (struct sock_filter)."""
    column = list(AUDIT).index(machine)
    numbers = [number for calls in REFUSED.values() if (number := calls[column]) is not None]
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, AUDIT[machine]),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, REFUSE),
        *(step for number in numbers for step in ((EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE))),
        # glibc then starts threads with clone, whose flags a filter can see.
        (EQUAL, 0, 1, CLONE3[column]),
        (RETURN, 0, 0, UNKNOWN),
        (EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
