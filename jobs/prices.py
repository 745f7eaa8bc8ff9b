"""What recordings cost, in the characters that plans count.

The ledger needs it, too: how long a recording is may be known only once it was heard.
"""

import math

PER_MINUTE = {"transcription": 2_000, "conversion": 3_000, "change": 3_000}
"""Characters for a minute of the recording, by the kind of the job."""


def of_audio(kind: str, seconds: float | None) -> int:
    """Characters for a recording; 0 for a kind of job that is not paid by the minute.

    Args:
        seconds: None, or infinite: not known yet, which costs a minute for now.
    """
    known = 60.0 if seconds is None or not math.isfinite(seconds) else max(0.0, seconds)
    return math.ceil(round(PER_MINUTE.get(kind, 0) * known / 60.0, 6))
