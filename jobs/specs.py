"""What a job shall do, whatever dialect asked for it. A spec is stored with its job and never changes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

AudioFormat = Literal["mp3", "wav", "flac", "opus", "ogg", "aac", "m4a", "pcm"]
Queue = Literal["speech", "transcription", "tools"]

LONGEST_PROMPT = 2_000
MOST_PRONUNCIATIONS = 1_000
MOST_SPEAKERS = 20
MOST_KNOWN_SPEAKERS = 4
MOST_LANGUAGES = 20

LanguageCode = Annotated[str, Field(min_length=1, max_length=20)]
SpeakerName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\P{C}+$")]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SpeechSpec(_Spec):
    """Text to speech by a stock voice or a blend of them.

    The text may hold `[pause:1.5s]` and `[word](/ipa/)`.
    """

    kind: Literal["speech"] = "speech"
    text: str = Field(min_length=1, max_length=100_000)
    voice: str = Field(description="an id, or a blend such as `af_bella(2)+af_sky(1)`")
    model: str = "kokoro"
    language: str | None = Field(
        default=None,
        description="a code or locale (`pt-BR`); absent: the voice's own. Another is spoken with its accent",
    )
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    format: AudioFormat = "mp3"
    sample_rate: int | None = Field(default=None, ge=8_000, le=48_000)
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    pronunciations: dict[str, str] = Field(
        default={}, max_length=MOST_PRONUNCIATIONS, description="words to how they are said: `/ipa/` or a respelling"
    )
    loudness: float | None = Field(default=None, ge=-40.0, le=-5.0, description="LUFS of the result; absent: as spoken")
    trim_silence: bool = Field(default=False, description="no silence before the first sound and after the last")

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("speech",)


class Vad(_Spec):
    """Silero's voice activity detection: what is no speech is not transcribed, and so not invented."""

    enabled: bool = True
    threshold: float = Field(default=0.5, ge=0.0, le=1.0, description="probability from which on it is speech")
    silence_ms: int = Field(default=2_000, ge=0, le=60_000, description="a pause this long ends a stretch of speech")
    padding_ms: int = Field(default=400, ge=0, le=10_000, description="kept before and after a stretch of speech")


class TranscriptionSpec(_Spec):
    """Speech to text. The audio is the job's input file `audio`.

    The recordings of `known_speakers` are its input files `speaker-0`, `speaker-1`, …
    """

    kind: Literal["transcription"] = "transcription"
    model: str = "whisper-base"
    task: Literal["transcribe", "translate"] = Field(default="transcribe", description="translate: into English")
    language: str | None = Field(default=None, description="ISO 639-1 code; absent: detected")
    languages: tuple[LanguageCode, ...] = Field(
        default=(), max_length=MOST_LANGUAGES, description="codes; without `language`, it is detected among these only"
    )
    word_times: bool = False
    prompt: str | None = Field(default=None, max_length=LONGEST_PROMPT)
    hotwords: str | None = Field(default=None, max_length=LONGEST_PROMPT, description="words to expect, with commas")
    temperature: float | None = Field(default=None, ge=0.0, le=1.0)
    vad: Vad = Vad()
    pipeline: Literal["auto", "sequential", "batched"] = Field(
        default="auto", description="batched: windows of 30 s at once; auto: for more than a minute of speech"
    )
    diarize: bool = Field(default=False, description="say who speaks")
    speakers: int | None = Field(default=None, ge=1, le=MOST_SPEAKERS, description="how many speak; absent: found")
    known_speakers: tuple[SpeakerName, ...] = Field(default=(), max_length=MOST_KNOWN_SPEAKERS)

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("transcription",)


Spec = Annotated[SpeechSpec | TranscriptionSpec, Field(discriminator="kind")]
SPEC: TypeAdapter[SpeechSpec | TranscriptionSpec] = TypeAdapter(Spec)
QUEUES: tuple[Queue, ...] = ("speech", "transcription", "tools")
