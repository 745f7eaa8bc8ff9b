"""What a job shall do, whatever dialect asked for it. A spec is stored with its job and never changes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

AudioFormat = Literal["mp3", "wav", "flac", "opus", "ogg", "aac", "m4a", "pcm"]
Queue = Literal["speech", "transcription", "tools"]

LONGEST_PROMPT = 2_000


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SpeechSpec(_Spec):
    """Text to speech by a stock voice."""

    kind: Literal["speech"] = "speech"
    text: str = Field(min_length=1, max_length=100_000)
    voice: str
    model: str = "kokoro"
    language: str | None = Field(default=None, description="absent: the voice's own")
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    format: AudioFormat = "mp3"
    sample_rate: int | None = Field(default=None, ge=8_000, le=48_000)
    seed: int | None = Field(default=None, ge=0, lt=2**32)

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("speech",)


class TranscriptionSpec(_Spec):
    """Speech to text. The audio is the job's input file `audio`."""

    kind: Literal["transcription"] = "transcription"
    model: str = "whisper-base"
    language: str | None = Field(default=None, description="ISO 639-1 code; absent: detected")
    word_times: bool = False
    prompt: str | None = Field(default=None, max_length=LONGEST_PROMPT)
    temperature: float | None = Field(default=None, ge=0.0, le=1.0)

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("transcription",)


Spec = Annotated[SpeechSpec | TranscriptionSpec, Field(discriminator="kind")]
SPEC: TypeAdapter[SpeechSpec | TranscriptionSpec] = TypeAdapter(Spec)
QUEUES: tuple[Queue, ...] = ("speech", "transcription", "tools")
