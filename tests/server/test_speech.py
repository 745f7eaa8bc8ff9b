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


def test_every_choice_is_kept(hall: Hall) -> None:
    spec = checked(hall, speed=1.5, format="wav", sample_rate=16_000, seed=7)
    assert (spec.speed, spec.format, spec.sample_rate, spec.seed) == (1.5, "wav", 16_000, 7)


@pytest.mark.parametrize(
    ("fields", "error", "param", "message"),
    [
        ({"text": ""}, InvalidRequest, "text", "at least 1 character"),
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
            "looks like German",
        ),
        ({"voice": "nobody"}, UnknownVoice, "voice", "no voice `nobody`"),
        ({"voice": ""}, UnknownVoice, "voice", "no voice"),
        ({"voice": "x" * 5_000}, UnknownVoice, "voice", "`x{60}`"),
        ({"voice": "../../etc/passwd"}, UnknownVoice, "voice", "no voice"),
        ({"voice": "jf_alpha"}, InvalidRequest, "voice", "not available yet; en-us, en-gb are"),
        ({"language": "ja"}, InvalidRequest, "voice", "not available yet"),
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


@pytest.mark.parametrize("speed", [0.25, 4.0])
def test_the_ends_of_a_range_are_in_it(hall: Hall, speed: float) -> None:
    assert checked(hall, speed=speed).speed == speed
    text = "a" * LONGEST
    assert checked(hall, text=text).text == text
