"""TTS.ai's ids: of a job, with dashes and without; of a saved voice, `uv_…` and a number; of an embedding, `emb_…`."""

import re
import uuid

SAVED = "uv_"
EMBEDDED = "emb_"

_HEX = r"[0-9a-f]{32}"


def dashed(job_id: str) -> str:
    """The `job_id` of a job whose `uuid` is `job_id`."""
    return str(uuid.UUID(job_id))


def plain(given: str) -> str:
    """The id of a job that a caller names by its `uuid` or its `job_id`."""
    return given.replace("-", "").lower()


def number(voice_id: str) -> int:
    """The `id` of a saved voice: always the same for it, and exact in JavaScript too."""
    return int(voice_id[:12], 16)


def voice_id(given: str) -> str:
    """The id of a saved voice (`uv_…`) or of an embedding (`emb_…`); a name as it is."""
    match = re.fullmatch(f"(?:{SAVED}|{EMBEDDED})({_HEX})", given)
    return match[1] if match else given
