"""Hamsa's own speakers, and whose voice here stands for each."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import regex

from jobs.specs import CloneSpec, SpeechSpec
from models.language import detect
from server.asked import asked
from server.cloning import checked_clone, find_saved, spoken
from server.hall import Hall
from server.voices import voice_for

ARABIC, ENGLISH = "ar", "en"
LETTER, ARABIC_LETTER = regex.compile(r"\p{L}"), regex.compile(r"\p{Script=Arabic}")
EXAGGERATION = 0.5
"""Chatterbox's natural one, which Hamsa's expressiveness calls 1."""

DIALECTS = {
    "pls": "Palestinian",
    "egy": "Egyptian",
    "syr": "Syrian",
    "irq": "Iraqi",
    "jor": "Jordanian",
    "leb": "Lebanese",
    "ksa": "Saudi",
    "uae": "Emirati",
    "bah": "Bahraini",
    "qat": "Qatari",
    "kuw": "Kuwaiti",
    "oma": "Omani",
    "msa": "Modern Standard Arabic",
    "ar-sa": "Arabic (Gulf)",
    "en": "English",
}


@dataclass(frozen=True, slots=True)
class Speaker:
    name: str
    dialect: str
    gender: Literal["female", "male"]
    voice: str
    """A stock voice of Kokoro, which speaks itself where it can, and is cloned where the text is Arabic."""

    @property
    def language(self) -> str:
        return ENGLISH if self.dialect == "en" else ARABIC


woman = partial(Speaker, gender="female")
man = partial(Speaker, gender="male")

SPEAKERS = {
    speaker.name.lower(): speaker
    for speaker in (
        man("Amjad", "pls", voice="am_adam"),
        woman("Layan", "pls", voice="af_bella"),
        man("Ali", "pls", voice="am_michael"),
        woman("Talin", "pls", voice="af_sky"),
        woman("Rema", "pls", voice="af_aoede"),
        woman("Mariam", "egy", voice="af_sarah"),
        man("Samir", "egy", voice="am_eric"),
        man("Ahmed", "egy", voice="am_liam"),
        woman("Dalal", "syr", voice="af_nova"),
        woman("Mais", "syr", voice="af_alloy"),
        woman("Lyali", "irq", voice="af_jessica"),
        woman("Fatma", "irq", voice="bf_alice"),
        woman("Lana", "jor", voice="af_kore"),
        man("Jasem", "jor", voice="am_fenrir"),
        woman("Nada", "jor", voice="ef_dora"),
        woman("Carla", "leb", voice="af_river"),
        man("Majd", "leb", voice="am_puck"),
        woman("Hiba", "ksa", voice="bf_isabella"),
        man("Fahd", "ksa", voice="am_onyx"),
        woman("Khadija", "ksa", voice="hf_alpha"),
        woman("Salma", "uae", voice="bf_lily"),
        woman("Dima", "uae", voice="af_nicole"),
        man("Mazen", "bah", voice="am_echo"),
        woman("Ruba", "bah", voice="if_sara"),
        woman("Deema", "qat", voice="ff_siwis"),
        man("Faisal", "qat", voice="bm_george"),
        woman("Mai", "kuw", voice="pf_dora"),
        man("Hatem", "kuw", voice="bm_lewis"),
        woman("Aisha", "oma", voice="hf_beta"),
        man("Jaber", "oma", voice="bm_daniel"),
        man("Salem", "msa", voice="bm_fable"),
        man("Tamim", "msa", voice="hm_omega"),
        man("Rami", "msa", voice="em_alex"),
        man("Khalid", "ar-sa", voice="im_nicola"),
        woman("Rahma", "ar-sa", voice="af_heart"),
        woman("Emma", "en", voice="bf_emma"),
        man("James", "en", voice="am_michael"),
    )
}
"""By lower-case name: those that the documentation and the official plugin name."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be said, by whom, and how."""

    text: str
    voice: str
    """Id or name of a saved voice, the name of one of Hamsa's speakers, or a stock voice of this server."""

    dialect: str | None = None
    """Whether Arabic or English is meant where the text does not tell: there is one Arabic here."""

    expressiveness: float | None = None
    speed: float = 1.0
    sample_rate: int | None = None
    longest: int | None = None
    """Characters of the text, where the endpoint has a limit."""


def spec_of(hall: Hall, wish: Wish, key_id: str, *, strict: bool) -> SpeechSpec | CloneSpec:
    """The wish as a checked spec of a WAV.

    Raises:
        InvalidRequest, NotServed, Unavailable: as `server.cloning.spoken`.
        NoVoiceForLanguage: a speaker of Hamsa's, and no installed model speaks the text's language.
    """
    speaker = None if find_saved(hall, wish.voice, key_id) else SPEAKERS.get(wish.voice.strip().lower())
    if speaker and _is_arabic(wish, speaker):
        return _expressive(_lent(hall, wish, speaker, key_id, strict), wish)
    with asked():
        spec = SpeechSpec(
            text=wish.text,
            voice=voice_for(hall, speaker.voice, wish.text) if speaker else wish.voice,
            speed=wish.speed,
            format="wav",
            sample_rate=wish.sample_rate,
            asked_voice=speaker.name if speaker else None,
        )
    return _expressive(spoken(hall, spec, key_id, strict=strict, longest=wish.longest), wish)


def _is_arabic(wish: Wish, speaker: Speaker) -> bool:
    if not ARABIC_LETTER.search(wish.text) and LETTER.search(wish.text):
        return False  # a greeting is too short to be detected, and no Arabic all the same
    usual = ENGLISH if wish.dialect and wish.dialect.lower().startswith("en") else speaker.language
    return (detect(wish.text) or usual) == ARABIC


def _lent(hall: Hall, wish: Wish, speaker: Speaker, key_id: str, strict: bool) -> CloneSpec:
    """Arabic, by a model that clones the speaker's voice."""
    with asked():
        spec = CloneSpec(
            text=wish.text,
            voice=speaker.voice,
            language=ARABIC,
            speed=wish.speed,
            format="wav",
            sample_rate=wish.sample_rate,
            source="stock",
        )
    checked = checked_clone(hall, spec, key_id, strict=strict, longest=wish.longest)
    return checked.model_copy(update={"asked_voice": speaker.name})


def _expressive(spec: SpeechSpec | CloneSpec, wish: Wish) -> SpeechSpec | CloneSpec:
    if wish.expressiveness is None or isinstance(spec, SpeechSpec):
        return spec
    return spec.model_copy(update={"exaggeration": EXAGGERATION * wish.expressiveness})
