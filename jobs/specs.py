"""What a job shall do, whatever dialect asked for it. A spec is stored with its job and never changes."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator
from pydantic.json_schema import SkipJsonSchema

AudioFormat = Literal["mp3", "wav", "flac", "opus", "ogg", "aac", "m4a", "pcm"]
Queue = Literal["speech", "conversion", "transcription", "tools"]
PitchMethod = Literal["rmvpe", "fcpe", "pm", "crepe", "harvest"]

LONGEST_PROMPT = 2_000
MOST_PRONUNCIATIONS = 1_000
MOST_SPEAKERS = 20
MOST_KNOWN_SPEAKERS = 4
MOST_LANGUAGES = 20

LanguageCode = Annotated[str, Field(min_length=1, max_length=20)]
SpeakerName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\P{C}+$")]
VoiceName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s/.\p{C}]([^/\p{C}]*[^\s/\p{C}])?$")]
"""Of a saved voice: no slash and no dot at its beginning, because it stands in paths."""


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


class ConversionSpec(_Spec):
    """Speech or song into another voice, by a trained RVC model. The audio is the job's input file `audio`."""

    kind: Literal["conversion"] = "conversion"
    voice: str = Field(min_length=1, max_length=100, description="id or name of a voice of `GET /voices/rvc`")
    f0_up_key: float = Field(default=0.0, ge=-48.0, le=48.0, description="semitones; fractions are allowed")
    f0_method: PitchMethod | None = Field(default=None, description="absent: rmvpe where it is installed, else fcpe")
    filter_radius: int = Field(default=3, ge=0, le=7, description="frames of 10 ms; 0: f0 as it was found")
    filter_as: Literal["median", "reference"] = Field(
        default="median",
        description="median: over 2 * filter_radius + 1 frames, of every method; "
        "reference: as RVC does it, over 3 frames of harvest alone, where the radius is above 2",
    )
    index_rate: float = Field(default=0.75, ge=0.0, le=1.0, description="how much of the features the index gives")
    rms_mix_rate: float = Field(default=0.25, ge=0.0, le=1.0, description="1: the result's loudness; 0: the input's")
    protect: float = Field(default=0.33, ge=0.0, le=0.5, description="of unvoiced frames from the index; 0.5: off")
    resample_sr: int = Field(default=0, description="Hz, 16000 to 48000; 0: the voice's own")
    speaker: int = Field(default=0, ge=0, le=10_000)
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    format: AudioFormat = "mp3"
    asked_voice: SkipJsonSchema[str | None] = None
    """The voice as the caller named it, once `voice` is its id; the server writes it."""

    @field_validator("resample_sr")
    @classmethod
    def _off_or_in_range(cls, rate: int) -> int:
        if rate and not 16_000 <= rate <= 48_000:
            raise ValueError("0, or 16000 to 48000")
        return rate

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("conversion",)


class VoiceSpec(_Spec):
    """A community's RVC model to be checked, converted and kept.

    Its input files are `model`, a `.pth` or a `.zip` that holds one, and perhaps `index`.
    """

    kind: Literal["voice"] = "voice"
    name: VoiceName
    shared: bool = Field(default=False, description="whether every key may use it")

    @field_validator("name")
    @classmethod
    def _not_like_an_id(cls, name: str) -> str:
        if re.fullmatch("[0-9a-f]{32}", name):
            raise ValueError("a name that looks like an id")
        return name

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("tools",)


AnySpec = SpeechSpec | TranscriptionSpec | ConversionSpec | VoiceSpec
SPEC: TypeAdapter[AnySpec] = TypeAdapter(Annotated[AnySpec, Field(discriminator="kind")])
QUEUES: tuple[Queue, ...] = ("speech", "conversion", "transcription", "tools")
