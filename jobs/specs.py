"""What a job shall do, whatever dialect asked for it. A spec is stored with its job and never changes."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from jobs.errors import InvalidRequest

AudioFormat = Literal["mp3", "wav", "flac", "opus", "ogg", "aac", "m4a", "pcm"]
Queue = Literal["speech", "conversion", "clone", "transcription", "tools"]
PitchMethod = Literal["rmvpe", "fcpe", "pm", "crepe", "harvest"]

LONGEST_PROMPT = 2_000
LONGEST_TRANSCRIPT = 5_000
"""Of a clip that becomes a voice."""

MOST_PRONUNCIATIONS = 1_000
MOST_SPEAKERS = 20
MOST_KNOWN_SPEAKERS = 4
MOST_LANGUAGES = 20
LONGEST_INSTRUCTION = 2_000

LanguageCode = Annotated[str, Field(min_length=1, max_length=20)]
SpeakerName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\P{C}+$")]
VoiceName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s/.\p{C}]([^/\p{C}]*[^\s/\p{C}])?$")]
"""Of a saved voice: no slash and no dot at its beginning, because it stands in paths."""


def _named(name: str) -> str:
    if re.fullmatch("[0-9a-f]{32}", name):
        raise ValueError("a name that looks like an id")
    return name


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
    asked_voice: SkipJsonSchema[str | None] = None
    """The voice as the caller named it, where `voice` only stands for it."""

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
    source_url: SkipJsonSchema[str | None] = None
    """Where the audio is fetched from, in place of an upload."""
    rendering: SkipJsonSchema[dict[str, bool | int | float | str | None]] = {}
    """How the dialect that took the job shall render its transcript. It is nothing to a worker."""

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("tools", "transcription") if self.source_url else ("transcription",)

    @property
    def heard_at(self) -> int:
        """Position of the step that transcribes, whose segments a stream has."""
        return self.queues.index("transcription")


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
        return _named(name)

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("tools",)


Source = Literal["reference", "saved", "stock", "design"]
"""Whose voice it is: of a clip that comes with the job, a saved one, a stock one, or one that is described."""

Seconds = tuple[float, float]


class CloneSpec(_Spec):
    """Text to speech in a voice that no stock voice is.

    It is that of the job's input file `reference`, of a saved voice, of a description (`instruct` alone), or one of
    the model's own stock voices, whose manner `instruct` then tells.
    """

    kind: Literal["clone"] = "clone"
    text: str = Field(min_length=1, max_length=100_000)
    model: str = Field(default="chatterbox", description="a cloning model of `GET /models`, or one of its aliases")
    voice: str | None = Field(
        default=None, max_length=100, description="id or name of a saved voice, or a stock voice of the model"
    )
    instruct: str | None = Field(
        default=None, max_length=LONGEST_INSTRUCTION, description="a description of the voice, or how it shall speak"
    )
    ref_text: str | None = Field(
        default=None, max_length=LONGEST_PROMPT, description="what is said in the reference; absent: it is transcribed"
    )
    language: str | None = Field(default=None, description="a code or locale (`pt-BR`); absent: that of the text")
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    format: AudioFormat = "mp3"
    sample_rate: int | None = Field(default=None, ge=8_000, le=48_000)
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    loudness: float | None = Field(default=None, ge=-40.0, le=-5.0, description="LUFS of the result; absent: as spoken")
    exaggeration: float | None = Field(default=None, ge=0.0, le=2.0, description="Chatterbox: how strongly it acts")
    guidance: float | None = Field(default=None, ge=0.0, le=1.0, description="Chatterbox: `cfg_weight`")
    temperature: float | None = Field(default=None, ge=0.05, le=2.0)
    denoise: bool = Field(default=False, description="clean the reference first")
    verify: bool = Field(default=False, description="transcribe the result, and speak anew what was not understood")
    watermark: bool | None = Field(default=None, description="inaudible; absent: as the server is set")
    source: SkipJsonSchema[Source] = "reference"
    asked_model: SkipJsonSchema[str | None] = None
    asked_voice: SkipJsonSchema[str | None] = None
    continued_by: SkipJsonSchema[str | None] = None
    """The model that speaks what follows the first piece of a described voice, so that all is one voice."""
    wants_text: SkipJsonSchema[bool] = False
    """Whether the reference is to be transcribed."""
    reference_seconds: SkipJsonSchema[Seconds] = (3.0, 30.0)
    cut_reference: SkipJsonSchema[bool] = True
    """Whether a longer reference is cut, and not refused."""

    @property
    def queues(self) -> tuple[Queue, ...]:
        prepared: tuple[Queue, ...] = ("transcription",) if self.source == "reference" else ()
        return (*prepared, "clone", *(("transcription", "clone") if self.verify else ()))

    @property
    def spoken_at(self) -> int:
        """Position of the step that speaks. The segments are that one's, whichever step speaks one anew."""
        return self.queues.index("clone")


class ChangeSpec(_Spec):
    """Speech into another voice, without training. The audio is the job's input file `audio`.

    The voice is that of the input file `reference`, of a saved voice, or a stock voice of Kokoro.
    """

    kind: Literal["change"] = "change"
    model: str = Field(default="voice-changer", description="a model of `GET /models` that changes voices, or an alias")
    voice: str | None = Field(default=None, max_length=100, description="a saved voice, or a stock voice")
    format: AudioFormat = "mp3"
    sample_rate: int | None = Field(default=None, ge=8_000, le=48_000)
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    denoise: bool = Field(default=False, description="clean the reference first")
    watermark: bool | None = Field(default=None, description="inaudible; absent: as the server is set")
    source: SkipJsonSchema[Literal["reference", "saved", "stock"]] = "reference"
    asked_model: SkipJsonSchema[str | None] = None
    asked_voice: SkipJsonSchema[str | None] = None
    reference_seconds: SkipJsonSchema[Seconds] = (3.0, 30.0)
    cut_reference: SkipJsonSchema[bool] = True
    """Whether a longer reference is cut, and not refused."""

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("transcription", "clone") if self.source == "reference" else ("clone",)


class EnrolmentSpec(_Spec):
    """A clip to be checked, trimmed, transcribed and kept as a saved voice. It is the job's input file `reference`."""

    kind: Literal["enrolment"] = "enrolment"
    name: VoiceName
    consent: Literal[True] | None = Field(
        default=None, description="whoever is heard in the clip has agreed, or nobody needs to; no voice lasts without"
    )
    language: str | None = None
    model: str | None = Field(default=None, description="the model that speaks with it where a request names none")
    text: str | None = Field(
        default=None, max_length=LONGEST_TRANSCRIPT, description="what is said; absent: transcribed"
    )
    description: str | None = Field(default=None, max_length=LONGEST_INSTRUCTION)
    shared: bool = Field(default=False, description="whether every key may use it")
    denoise: bool = False
    lasting: SkipJsonSchema[bool] = True
    """False: only an embedding, which goes after a time and is in no list."""
    source_url: SkipJsonSchema[str | None] = None
    """Where the clip is fetched from, in place of an upload."""
    reference_seconds: SkipJsonSchema[Seconds] = (5.0, 30.0)
    cut_reference: SkipJsonSchema[bool] = False
    """Whether a longer reference is cut, and not refused."""
    consent_id: SkipJsonSchema[str | None] = None
    """The recorded consent under which the voice is saved, where there is one."""
    designed: SkipJsonSchema[bool] = False
    """Whether nobody is heard in the clip: a model has made the voice from its description."""

    @field_validator("name")
    @classmethod
    def _not_like_an_id(cls, name: str) -> str:
        return _named(name)

    @model_validator(mode="after")
    def _lasts_with_consent(self) -> Self:
        if self.lasting and not self.consent:
            raise ValueError("a voice is saved with `consent` alone")
        return self

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("tools", "transcription") if self.source_url else ("transcription",)


class EmbeddingSpec(_Spec):
    """A saved voice to be embedded for a model, so that its next request starts at once."""

    kind: Literal["embedding"] = "embedding"
    voice: str
    model: str

    @property
    def queues(self) -> tuple[Queue, ...]:
        return ("clone",)


AnySpec = (
    SpeechSpec | TranscriptionSpec | ConversionSpec | VoiceSpec | CloneSpec | ChangeSpec | EnrolmentSpec | EmbeddingSpec
)
SPEC: TypeAdapter[AnySpec] = TypeAdapter(Annotated[AnySpec, Field(discriminator="kind")])
QUEUES: tuple[Queue, ...] = ("speech", "conversion", "clone", "transcription", "tools")


def check_texts(spec: AnySpec) -> None:
    """For a spec that is to be stored. Not a part of its own validation: what is stored already must be read.

    Raises:
        InvalidRequest: there is a NUL in it. PostgreSQL stores that in JSON, and then cannot read the field.
    """
    for name, value in spec.model_dump().items():
        if any("\0" in text for text in _texts(value)):
            raise InvalidRequest(f"{name}: it has a character NUL, which no text may have", param=name)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
