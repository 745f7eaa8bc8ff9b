# ruff: noqa: RUF001 - phonemes
from typing import Any

import pytest

from jobs.errors import InvalidRequest, TextTooLong, UnknownModel, UnknownVoice
from jobs.specs import SpeechSpec
from server.asked import asked
from server.hall import Hall
from server.speech import checked_speech

GOOD: dict[str, Any] = {"text": "Good evening.", "voice": "af_heart"}
LONGEST = 100_000


def checked(hall: Hall, *, longest: int | None = None, **fields: Any) -> SpeechSpec:
    with asked():
        spec = SpeechSpec(**{**GOOD, **fields})
    return checked_speech(hall, spec, longest=longest)


def test_a_request_becomes_a_spec_in_the_voices_language(hall: Hall) -> None:
    spec = checked(hall)
    assert spec.model_dump() == {
        "kind": "speech",
        "text": "Good evening.",
        "voice": "af_heart",
        "model": "kokoro",
        "asked_voice": None,
        "language": "en-us",
        "speed": 1.0,
        "format": "mp3",
        "sample_rate": None,
        "seed": None,
        "pronunciations": {},
        "loudness": None,
        "trim_silence": False,
    }
    assert checked(hall, voice="bm_george").language == "en-gb"
    assert checked(hall, language="en-gb").language == "en-gb"


@pytest.mark.parametrize(
    ("voice", "language", "text", "spoken"),
    [
        ("pf_dora", None, "Bom dia a todos, como vocês estão hoje?", "pt-br"),
        ("jf_alpha", None, "会議は夜八時に始まります。", "ja"),
        ("zf_xiaoni", "z", "你好，你好吗？", "zh"),
        ("hm_psi", "hi-IN", "सभी को सुप्रभात।", "hi"),
        ("af_heart", "en", "Good evening.", "en-us"),
        ("bm_george", "en", "Good evening.", "en-gb"),
        ("ff_siwis", "en", "The weather will be lovely for the rest of the week.", "en-us"),
        ("af_heart", "es-MX", "El perro corre por el parque todos los días.", "es"),
        ("em_alex+pf_dora", None, "El perro corre por el parque todos los días.", "es"),
    ],
)
def test_a_voice_speaks_its_own_language_or_the_one_asked_for(
    hall: Hall, voice: str, language: str | None, text: str, spoken: str
) -> None:
    assert checked(hall, voice=voice, language=language, text=text).language == spoken


def test_every_choice_is_kept(hall: Hall) -> None:
    spec = checked(hall, speed=1.5, format="wav", sample_rate=16_000, seed=7)
    assert (spec.speed, spec.format, spec.sample_rate, spec.seed) == (1.5, "wav", 16_000, 7)


@pytest.mark.parametrize(
    ("fields", "error", "param", "message"),
    [
        ({"text": ""}, InvalidRequest, "text", "empty"),
        ({"text": " \n\t\u00a0"}, InvalidRequest, "text", "empty"),
        ({"text": "…!"}, InvalidRequest, "text", "nothing to speak"),
        ({"text": "x" * (LONGEST + 1)}, TextTooLong, "text", "at most 100000"),
        ({"text": "x" * 11, "longest": 10}, TextTooLong, "text", "11 characters; 10"),
        ({"text": "Привет, как дела?"}, InvalidRequest, "text", "Cyrillic"),
        ({"text": "这是一个测试"}, InvalidRequest, "text", "Chinese"),
        (
            {"text": "Das ist ein ganz gewöhnlicher deutscher Satz, den keine englische Stimme sprechen kann."},
            InvalidRequest,
            "text",
            "looks like German. No installed model speaks German",
        ),
        ({"voice": "nobody"}, UnknownVoice, "voice", "no voice `nobody`"),
        ({"voice": ""}, UnknownVoice, "voice", "no voice"),
        ({"voice": "x" * 5_000}, UnknownVoice, "voice", "`x{60}`"),
        ({"voice": "../../etc/passwd"}, UnknownVoice, "voice", "no voice"),
        ({"voice": "af_sky(2)+nobody"}, UnknownVoice, "voice", "no voice `nobody`"),
        ({"voice": "af_sky+alloy", "language": "en-us"}, UnknownVoice, "voice", "no voice `alloy`"),
        ({"voice": "af_sky(0)+af_bella"}, InvalidRequest, "voice", "weights above 0"),
        ({"voice": "af_sky(2"}, InvalidRequest, "voice", "Write a blend"),
        ({"voice": "+".join(["af_sky"] * 9)}, InvalidRequest, "voice", "at most 8 voices"),
        ({"text": "One [pause:99h] two."}, InvalidRequest, "text", "The pause at character 5 is '99h'"),
        ({"text": "One [pause:1s two."}, InvalidRequest, "text", "not closed"),
        ({"text": "One [two](/tˈu."}, InvalidRequest, "text", "not closed"),
        ({"text": "a" + "[pause:1s]" * 9_999}, InvalidRequest, "text", "More than 500 pauses"),
        ({"text": "[pause:1s] … [pause:2s]"}, InvalidRequest, "text", "nothing to speak"),
        ({"pronunciations": {"a": "/€/"}}, InvalidRequest, "pronunciations", "The pronunciation of 'a': '€' is not"),
        ({"pronunciations": {"": "b"}}, InvalidRequest, "pronunciations", "empty"),
        ({"loudness": -3}, InvalidRequest, "loudness", "less than or equal to -5"),
        ({"text": "안녕하세요", "voice": "jf_alpha"}, InvalidRequest, "text", "No installed model speaks Korean"),
        ({"text": "مرحبا بالعالم", "voice": "hf_alpha"}, InvalidRequest, "text", "No installed model speaks Arabic"),
        ({"text": "Привет", "voice": "em_alex"}, InvalidRequest, "text", "No installed model speaks Russian"),
        (
            {"text": "Hello.", "voice": "zf_xiaoni", "language": "de"},
            InvalidRequest,
            "language",
            "speak `de`. It speaks",
        ),
        ({"language": "x" * 5_000}, InvalidRequest, "language", "does not speak `x{60}`"),
        ({"text": "こんにちは", "voice": "zf_xiaoni"}, InvalidRequest, "text", "speaks Japanese, such as `jf_alpha`"),
        ({"model": "nobody"}, UnknownModel, "model", "Models: kokoro"),
        ({"model": "whisper-base"}, UnknownModel, "model", "no speech model `whisper-base`"),
        ({"speed": 0.24}, InvalidRequest, "speed", "greater than or equal to 0.25"),
        ({"speed": 4.01}, InvalidRequest, "speed", "less than or equal to 4"),
        ({"speed": float("nan")}, InvalidRequest, "speed", "greater than or equal|finite|less than"),
        ({"speed": float("inf")}, InvalidRequest, "speed", "less than or equal to 4"),
        (
            {"format": "opus", "sample_rate": 44_100},
            InvalidRequest,
            "sample_rate",
            "opus cannot be made at 44100",
        ),
        ({"format": "pcm", "sample_rate": 16_000}, InvalidRequest, "sample_rate", "pcm cannot be made"),
    ],
)
def test_every_refusal_names_what_is_wrong(
    hall: Hall, fields: dict[str, Any], error: type[InvalidRequest], param: str, message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        checked(hall, **fields)
    assert type(caught.value) is error
    assert caught.value.param == param
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("voice", "language"),
    [("bf_emma(2)+af_sky(1)", "en-gb"), ("af_sky + bf_emma", "en-us"), ("af_sky(3)", "en-us")],
)
def test_a_blend_speaks_its_first_voices_language(hall: Hall, voice: str, language: str) -> None:
    spec = checked(hall, voice=voice)
    assert (spec.voice, spec.language) == (voice, language)
    assert checked(hall, voice=voice, language="en-gb").language == "en-gb"


def test_markup_is_no_part_of_the_language(hall: Hall) -> None:
    text = "A [tomato](/təmˈɑːtəʊ/)[pause:1.5s], please: [1] and [see below](https://example.org)."
    assert checked(hall, text=text).text == text


@pytest.mark.parametrize("speed", [0.25, 4.0])
def test_the_ends_of_a_range_are_in_it(hall: Hall, speed: float) -> None:
    assert checked(hall, speed=speed).speed == speed
    text = "a" * LONGEST
    assert checked(hall, text=text).text == text
