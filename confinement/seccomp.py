"""A kernel filter that takes the network, new programs and other processes away from the process that installs it.

Linux's seccomp, by prctl(2), for x86_64 and aarch64. The filter stays until the process ends; nothing lifts it. It sees
numbers, no names: which files are opened is for `confinement.landlock`.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable, Mapping

Numbers = tuple[int | None, int | None]
"""Of a system call, on x86_64 and aarch64."""

REFUSED: dict[str, Numbers] = {
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
    # new programs; of processes speaks `OF_PROCESSES`
    "execve": (59, 221),
    "execveat": (322, 281),
    # other processes of the same user
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "kcmp": (312, 272),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    # memory that no limit counts, or that outlives the process; mmap has a rule of its own
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # of files, what Landlock cannot refuse: rights, owners, times, and shortening before version 3
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    # another view of the machine
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "mount_setattr": (442, 442),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "personality": (135, 92),
    # the kernel's rarer doors
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "modify_ldt": (154, None),
    "lookup_dcookie": (212, 18),
    # the machine itself
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
}
"""Calls refused whatever their arguments."""

OF_ITSELF_ALONE: dict[str, Numbers] = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
}
"""Calls whose first argument is a process: refused unless it is 0, the caller."""

ANY = 0xFFFFFFFF
ACCESS_MODE, TRUNCATING = 0o3, 0o1000  # of open(2); O_ACCMODE, O_TRUNC

Rule = tuple[Numbers, int, int, int]
"""A call that is refused where an argument's lower 32 bits, masked, have a value: numbers, argument, mask, value."""

REFUSED_FOR: list[Rule] = [
    # mmap of memory that is shared (MAP_SHARED) and of no file (MAP_ANONYMOUS), so that no limit counts it
    ((9, 222), 3, 0x21, 0x21),
    # open and openat that shorten what they do not open for writing: before version 3 Landlock lets them
    ((2, None), 1, ACCESS_MODE | TRUNCATING, TRUNCATING),
    ((2, None), 1, ACCESS_MODE | TRUNCATING, TRUNCATING | 3),
    ((257, 56), 2, ACCESS_MODE | TRUNCATING, TRUNCATING),
    ((257, 56), 2, ACCESS_MODE | TRUNCATING, TRUNCATING | 3),
    # fcntl that has the kernel signal another process: F_SETOWN, F_SETSIG, F_SETOWN_EX
    ((72, 25), 1, ANY, 8),
    ((72, 25), 1, ANY, 10),
    ((72, 25), 1, ANY, 15),
    # ioctl that types into a terminal (TIOCSTI, TIOCLINUX)
    ((16, 29), 1, ANY, 0x5412),
    ((16, 29), 1, ANY, 0x541C),
]

UNKNOWN_CALLS: dict[str, Numbers] = {
    "clone3": (435, 435),
    "openat2": (437, 437),
}
"""Calls whose flags no filter sees, as if the kernel had none: glibc then uses clone and openat."""

FIRST_UNKNOWN = 453
"""So with all that came after Linux 6.6: nobody has looked what they open. The numbers are one row since 424."""

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What a filter sees as the architecture (linux/audit.h). 32-bit calls on the same machine have another."""

X32 = 0x40000000
"""Set in the numbers of x32, another set of system calls that x86_64 answers."""

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2

# linux/bpf_common.h
LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

# offsets in struct seccomp_data; an argument has 8 bytes, the lower ones first
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16

# linux/seccomp.h
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM
UNKNOWN = 0x00050000 | errno.ENOSYS

Instruction = tuple[int, int, int, int]
"""Code, instructions to skip if true, if false, operand."""


class Unprotected(Exception):
    """The kernel does not confine the process. The message says what to do."""


OF_PROCESSES: dict[str, Numbers] = {
    "fork": (57, None),
    "vfork": (58, None),
    "kill": (62, 129),
}
"""Calls that a zygote needs, and its children do not."""

A_PROCESS: Rule = ((56, 220), 0, 0x00010000, 0)
"""clone of all but a thread (CLONE_THREAD)."""

AN_HEIR: Rule = ((157, 167), 0, ANY, 1)
"""prctl that lets a process outlive its parent (PR_SET_PDEATHSIG)."""


def confine() -> None:
    """Confines this process, its one thread and all that it starts: what it is refused fails with EPERM.

    To be called before any other thread is started, which would stay free, and after `die_with`. Raises `Unprotected`.
    """
    _install(lambda column: [*_of_the_machine(column), *_of_processes(column)])


def confine_zygote() -> None:
    """As `confine`, but that it may fork and kill. Raises `Unprotected`."""
    _install(_of_the_machine)


def confine_child() -> None:
    """What `confine_zygote` left, in a process that it forked: a filter of this size costs far less. As `confine`."""
    _install(_of_processes)


def _install(rules: Callable[[int], list[Instruction]]) -> None:
    machine = platform.machine()
    if sys.platform != "linux" or machine not in AUDIT:
        raise Unprotected("Foreign files are read on Linux alone, on x86_64 or aarch64: there a filter confines that.")
    instructions = _program(machine, rules)
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    code = ctypes.create_string_buffer(program, len(program))
    descriptor = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(code)))
    if prctl(PR_SET_NO_NEW_PRIVS, 1) or prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(descriptor)):
        reason = os.strerror(ctypes.get_errno())
        raise Unprotected(
            f"The kernel refuses to confine the process that reads foreign files ({reason}), so they are not read: "
            "let this machine or container use seccomp filters."
        )


def prctl(option: int, *arguments: int) -> int:
    """prctl(2): -1 with the reason in ctypes' errno where the kernel refuses."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, *map(ctypes.c_ulong, padded)))


def _program(machine: str, rules: Callable[[int], list[Instruction]]) -> list[Instruction]:
    """Classic BPF (struct sock_filter)."""
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, AUDIT[machine]),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER),
        *_where(AT_LEAST, X32, REFUSE),
        *rules(list(AUDIT).index(machine)),
        (RETURN, 0, 0, ALLOW),
    ]


def _of_the_machine(column: int) -> list[Instruction]:
    return [
        *_where(AT_LEAST, FIRST_UNKNOWN, UNKNOWN),
        *(step for number in _numbers(REFUSED, column) for step in _where(EQUAL, number, REFUSE)),
        *(step for number in _numbers(UNKNOWN_CALLS, column) for step in _where(EQUAL, number, UNKNOWN)),
        *(step for number in _numbers(OF_ITSELF_ALONE, column) for step in _unless_itself(number)),
        *(step for rule in REFUSED_FOR for step in _where_argument(column, rule)),
    ]


def _of_processes(column: int) -> list[Instruction]:
    refused = (step for number in _numbers(OF_PROCESSES, column) for step in _where(EQUAL, number, REFUSE))
    return [*refused, *(step for rule in (A_PROCESS, AN_HEIR) for step in _where_argument(column, rule))]


def _numbers(calls: Mapping[str, Numbers], column: int) -> list[int]:
    return [number for numbers in calls.values() if (number := numbers[column]) is not None]


def _where(test: int, operand: int, answer: int) -> list[Instruction]:
    return [(test, 0, 1, operand), (RETURN, 0, 0, answer)]


def _unless_itself(number: int) -> list[Instruction]:
    return [
        (EQUAL, 0, 4, number),
        (LOAD, 0, 0, ARGUMENTS),
        (EQUAL, 1, 0, 0),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER),
    ]


def _where_argument(column: int, rule: Rule) -> list[Instruction]:
    numbers, argument, mask, value = rule
    number = numbers[column]
    if number is None:
        return []
    return [
        (EQUAL, 0, 5, number),
        (LOAD, 0, 0, ARGUMENTS + 8 * argument),
        (AND, 0, 0, mask),
        *_where(EQUAL, value, REFUSE),
        (LOAD, 0, 0, NUMBER),
    ]
