"""What a conversion may be asked for, and how a long recording is cut. Light: the server may import it."""

from dataclasses import dataclass
from typing import Literal

from models.rvc.frames import FRAME_RATE, SAMPLE_RATE

FEATURES = "contentvec"
"""The catalog's id of the model whose features every voice was trained on."""

PitchMethod = Literal["rmvpe", "fcpe", "pm", "crepe", "harvest"]
FilterAs = Literal["median", "reference"]


@dataclass(frozen=True, slots=True)
class Options:
    f0_up_key: float = 0.0
    """Semitones that the pitch is moved by; fractions are allowed."""
    f0_method: PitchMethod = "fcpe"
    filter_radius: int = 3
    """Frames, 0 to 7."""
    filter_as: FilterAs = "median"
    """median: over 2 * filter_radius + 1 frames, for every method; 0 is off.
    reference: over 3 frames, for harvest alone, and only where the radius is above 2."""
    index_rate: float = 0.75
    """Share of the features that the voice's index gives, 0 to 1."""
    protect: float = 0.33
    """Share of the index that unvoiced frames keep, 0 to 0.5; 0.5 is off: they keep all of it."""
    speaker: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """How a recording is cut, in whole seconds. The reference calls them x_pad, x_query, x_center and x_max."""

    pad: int
    """Of real sound, or of its reflection at the ends, that a chunk hears before and after what is kept of it."""
    query: int
    """A cut lies at most this far from a multiple of `center`."""
    center: int
    longest: int
    """What is shorter is not cut."""

    @property
    def margin(self) -> int:
        """The padding in frames."""
        return self.pad * FRAME_RATE

    @property
    def padding(self) -> int:
        """The padding in samples at 16 kHz."""
        return self.pad * SAMPLE_RATE


FULL = Span(pad=1, query=6, center=38, longest=41)
"""The reference's for single precision: the CPU, and cards that it keeps from half precision."""
HALF = Span(pad=3, query=10, center=60, longest=65)
"""The reference's for half precision."""
SMALL = Span(pad=1, query=5, center=30, longest=32)
"""The reference's for cards of 4 GiB and less."""
