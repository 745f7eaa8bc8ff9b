"""What a request for a transcript, or for its price, says."""

from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import BaseModel, Field

from jobs.webhooks import LONGEST_URL
from server.dialects.deapi.announcing import Announced, needed

MOST_SECONDS = 1_000_000

SOURCES = ("source_file", "source_url", "audio", "audio_url", "video", "video_url", "duration_seconds")
"""Fields that say what is to be heard. A request has exactly one of those that its path knows."""

Recording = Annotated[UploadFile | None, Field(default=None, description="a recording, or a film with sound")]
Address = Annotated[
    str | None,
    Field(default=None, max_length=LONGEST_URL, description="of the recording itself, where the server fetches any"),
]
Duration = Annotated[float | None, Field(default=None, ge=0, le=MOST_SECONDS, allow_inf_nan=False)]


class Heard(BaseModel):
    """What version 1 knows."""

    model: str = Field(description="`WhisperLargeV3`, `WhisperLargeV3Ct2`, or an id of a model that transcribes")
    include_ts: bool = Field(description="whether the transcript has times")

    @property
    def source(self) -> str:
        """The name of the field that says what is to be heard."""
        return next(name for name in SOURCES if getattr(self, name, None) is not None)


class Finer(Heard):
    """What version 2 adds."""

    include_ts: bool = Field(default=False, description="required, unless `diarize` is true")
    ts_level: Literal["segment", "word"] = "segment"
    diarize: bool = Field(default=False, description="say who speaks; implies `include_ts`")
    lang: str = Field(default="auto", max_length=16, description="a code; absent, or `auto`: detected")
    include_metadata: bool = Field(default=False, description="tell of the source of `source_url`")


class Answered(Announced):
    return_result_in_response: bool = Field(default=False, description="the transcript in the status, too")


class Transcribe(Heard, Answered):
    source_file: Recording
    source_url: Address


class TranscribePrice(Heard):
    source_file: Recording
    source_url: Address
    duration_seconds: Duration


class Transcription(Finer, Answered):
    source_file: Recording
    source_url: Address


class TranscriptionPrice(Finer):
    source_file: Recording
    source_url: Address
    duration_seconds: Duration
    platform: Literal["youtube", "twitter", "twitch", "kick", "tiktok"] | None = None


class VideoUrl(Heard, Answered):
    video_url: Address


class VideoUrlPrice(Heard):
    video_url: Address
    duration_seconds: Duration


class AudioUrl(Heard, Answered):
    audio_url: Address


class AudioUrlPrice(Heard):
    audio_url: Address
    duration_seconds: Duration


class AudioFile(Heard, Answered):
    audio: Recording


class AudioFilePrice(Heard):
    audio: Recording
    duration_seconds: Duration


class VideoFile(Heard, Answered):
    video: Recording


class VideoFilePrice(Heard):
    video: Recording
    duration_seconds: Duration


def check_together(body: Heard) -> None:
    """Raises `RequestValidationError` for fields of which one rules the other out, or wants it."""
    known = [name for name in SOURCES if name in type(body).model_fields]
    given = [name for name in known if getattr(body, name) is not None]
    if not given:
        others = f" when {' and '.join(known[1:])} {'are' if known[2:] else 'is'} not present" if known[1:] else ""
        raise needed(known[0], f"The {known[0]} field is required{others}.")
    if len(given) > 1:
        raise needed(given[0], f"The {given[0]} field prohibits {given[1]} from being present.")
    if isinstance(body, Finer) and not body.diarize and "include_ts" not in body.model_fields_set:
        raise needed("include_ts", "The include_ts field is required.")
    if isinstance(body, TranscriptionPrice) and body.platform and body.duration_seconds is None:
        raise needed("platform", "The platform field is allowed with duration_seconds only.")
