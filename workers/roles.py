"""What each kind of worker process serves. Torch and CTranslate2 never share a process: their CUDA libraries clash."""

from dataclasses import dataclass, replace
from typing import Literal

from jobs.settings import Settings
from jobs.specs import Queue

ON_CPU = 16
ON_CARD = 128
"""A card renders some 64 segments at once. The jobs of as many others prepare and store meanwhile."""

RoleName = Literal["speech", "transcription", "io"]


@dataclass(frozen=True, slots=True)
class Role:
    name: RoleName
    queues: tuple[Queue, ...]
    threads: int
    """Steps that it holds at once. 0: as many as suit its device (`sized`)."""
    keeps: tuple[str, ...] = ()
    """Models that are loaded before the worker is ready, and never make room for others."""
    share: float = 0.0
    """Part of the device's memory that its models may take."""
    tends: bool = False
    """Whether the reaper runs inside it."""
    delivers: bool = False
    """Whether it sends webhooks."""


def role_named(name: RoleName, settings: Settings) -> Role:
    return {
        "speech": Role("speech", ("speech", "conversion", "clone"), settings.speech_threads, ("kokoro",), share=0.5),
        "transcription": Role(
            "transcription", ("transcription",), settings.transcription_threads, ("whisper-base",), share=0.3
        ),
        "io": Role("io", ("tools",), threads=4, tends=True, delivers=True),
    }[name]


def sized(role: Role, device: str) -> Role:
    """The role with as many threads as suit its device, where the settings leave that open."""
    return replace(role, threads=role.threads or (ON_CARD if device.startswith("cuda") else ON_CPU))
