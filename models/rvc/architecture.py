"""The twelve architectures of RVC voices: v1 and v2, with and without f0, at 32, 40 and 48 kHz."""

from dataclasses import dataclass
from typing import Any, Literal

from models.rvc.frames import FRAME_RATE

Version = Literal["v1", "v2"]
PHONE_WIDTH: dict[Version, int] = {"v1": 256, "v2": 768}
"""Features of a HuBERT frame: layer 9 projected to 256, or layer 12 itself."""


@dataclass(frozen=True, slots=True)
class Architecture:
    version: Version
    f0: bool
    """Whether it takes a pitch; one that does not sings on one note."""
    config: tuple[Any, ...]
    """The 18 arguments of the reference's classes. The last is the sample rate in Hz, the third last the speakers."""

    @property
    def sample_rate(self) -> int:
        return int(self.config[-1])

    @property
    def hop(self) -> int:
        """Samples of a frame of 10 ms."""
        return self.sample_rate // FRAME_RATE

    @property
    def speakers(self) -> int:
        return int(self.config[-3])
