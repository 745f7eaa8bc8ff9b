"""What is known of the recording behind a `source_url`."""

from typing import Any

from jobs.ledger import Job
from jobs.specs import TranscriptionSpec

FIELDS = (
    "id",
    "title",
    "description",
    "channel",
    "duration_seconds",
    "extractor",
    "view_count",
    "like_count",
    "comment_count",
    "repost_count",
    "save_count",
    "uploader",
    "uploader_url",
    "channel_id",
    "channel_url",
    "webpage_url",
    "timestamp",
    "upload_date",
    "thumbnails",
    "fulltitle",
    "has_audio",
    "is_live",
    "language",
    "tags",
    "categories",
    "chapters",
    "heatmap",
    "availability",
    "channel_follower_count",
)
"""Those of deAPI, which reads platforms: what a source does not tell is null."""


def metadata_of(job: Job, spec: TranscriptionSpec) -> dict[str, Any] | None:
    """None for an upload, and until the source was read."""
    if spec.source_url is None or job.state != "succeeded":
        return None
    known = {"duration_seconds": (job.result or {})["duration"], "webpage_url": spec.source_url}
    return dict.fromkeys(FIELDS) | known | {"extractor": "generic", "has_audio": True}
