from typing import Any

import pytest

from jobs.errors import InvalidRequest, TextTooLong, UnknownModel, UnknownVoice
from models.catalog import load_catalog
from server.speech import LONGEST, speech_spec

CATALOG = load_catalog()
GOOD: dict[str, Any] = {"text": "Good evening.", "voice": "af_heart"}


def test_a_request_becomes_a_spec_in_the_voices_language() -> None:
    spec = speech_spec(CATALOG, **GOOD)
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
    }
    assert speech_spec(CATALOG, text="Good evening.", voice="bm_george").language == "en-gb"
    assert speech_spec(CATALOG, **GOOD, language="en-gb").language == "en-gb"


def test_every_choice_is_kept() -> None:
    spec = speech_spec(CATALOG, **GOOD, speed=1.5, audio_format="wav", sample_rate=16_000, seed=7)
    assert (spec.speed, spec.format, spec.sample_rate, spec.seed) == (1.5, "wav", 16_000, 7)


@pytest.mark.parametrize(
    ("fields", "error", "param", "message"),
    [
        ({"text": ""}, InvalidRequest, "text", "empty"),
        ({"text": " \n\t\u00a0"}, InvalidRequest, "text", "empty"),
        ({"text": "…!"}, InvalidRequest, "text", "nothing to speak"),
        ({"text": "x" * (LONGEST + 1)}, TextTooLong, "text", f"{LONGEST + 1} characters; {LONGEST}"),
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
        ({"speed": 0.24}, InvalidRequest, "speed", "must be"),
        ({"speed": 4.01}, InvalidRequest, "speed", "must be"),
        ({"speed": float("nan")}, InvalidRequest, "speed", "must be"),
        ({"speed": float("inf")}, InvalidRequest, "speed", "must be"),
        (
            {"audio_format": "opus", "sample_rate": 44_100},
            InvalidRequest,
            "sample_rate",
            "opus cannot be made at 44100",
        ),
        ({"audio_format": "pcm", "sample_rate": 16_000}, InvalidRequest, "sample_rate", "pcm cannot be made"),
    ],
)
def test_every_refusal_names_what_is_wrong(
    fields: dict[str, Any], error: type[InvalidRequest], param: str, message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        speech_spec(CATALOG, **{**GOOD, **fields})
    assert type(caught.value) is error
    assert caught.value.param == param
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("speed", [0.25, 4.0])
def test_the_ends_of_a_range_are_in_it(speed: float) -> None:
    assert speech_spec(CATALOG, **GOOD, speed=speed).speed == speed
    text = "a" * LONGEST
    assert speech_spec(CATALOG, text=text, voice="af_heart").text == text
