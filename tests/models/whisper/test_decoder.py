"""One pass of real Whisper over windows of real speech."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.whisper.decoder import Heard
from models.whisper.engine import Whisper
from models.whisper.options import Decoding
from models.whisper.speech import Samples
from tests.models.whisper.conftest import TEXT, Say

ENGLISH = Decoding("en")
LONG = "Paul said that the garden is green. " * 55
"""Nearly 2,000 characters, far more tokens than Whisper's context holds."""


def decoded(whisper: Whisper, speech: Samples, decoding: Decoding) -> Heard:
    (heard,) = whisper.decode([whisper.hear(speech)], decoding)
    return heard


def text(heard: Heard) -> str:
    return "".join(piece.text for piece in heard.pieces).strip()


def test_words_have_times_and_make_the_text(whisper: Whisper, speech: Samples) -> None:
    heard = decoded(whisper, speech, replace(ENGLISH, word_times=True))
    assert text(heard) == TEXT
    words = [word for piece in heard.pieces for word in piece.words]
    assert "".join(word.word for word in words).strip() == TEXT
    seconds = len(speech) / 16000
    assert all(0 <= word.start <= word.end <= seconds + 0.1 and 0 <= word.probability <= 1 for word in words)
    assert [word.start for word in words] == sorted(word.start for word in words)


def test_word_times_never_change_the_text(whisper: Whisper, speech: Samples) -> None:
    plain, timed = (decoded(whisper, speech, replace(ENGLISH, word_times=way)) for way in (False, True))
    assert text(plain) == text(timed)
    assert all(piece.words == () for piece in plain.pieces)


def test_a_silent_window_among_others_does_not_disturb_them(whisper: Whisper, speech: Samples) -> None:
    timed = replace(ENGLISH, word_times=True)
    sounds = [whisper.hear(np.zeros(480_000, np.float32)), whisper.hear(speech)]
    assert whisper.decode(sounds, timed)[1] == decoded(whisper, speech, timed)


def test_another_language_is_translated(whisper: Whisper, say: Say) -> None:
    spanish = say("Buenos días. Me llamo Carlos y vivo en Madrid con mi familia.", "ef_dora", "es")
    assert whisper.language(whisper.hear(spanish))[0] == "es"
    assert "vivo en Madrid" in text(decoded(whisper, spanish, Decoding("es")))
    translated = text(decoded(whisper, spanish, Decoding("es", task="translate")))
    assert "Madrid" in translated
    assert "my family" in translated
    assert "vivo" not in translated


@pytest.mark.parametrize(
    "names", [{"hotwords": "Kathryn, Jon"}, {"prompt": "Kathryn, Jon"}], ids=["hotwords", "prompt"]
)
def test_names_are_spelled_as_they_were_given(whisper: Whisper, say: Say, names: dict[str, Any]) -> None:
    speech = say("Then Kathryn and Jon walked home.", "af_heart", "en-us")
    assert "Kathryn" not in text(decoded(whisper, speech, ENGLISH))
    assert "Kathryn" in text(decoded(whisper, speech, replace(ENGLISH, **names)))


def test_a_long_context_is_cut(whisper: Whisper, speech: Samples) -> None:
    heard = decoded(whisper, speech, replace(ENGLISH, prompt=LONG, hotwords=LONG))
    assert "London" in text(heard)


def test_a_temperature_samples(whisper: Whisper, speech: Samples) -> None:
    heard = decoded(whisper, speech, replace(ENGLISH, temperature=0.2))
    assert heard.temperature == 0.2
    assert "London" in text(heard)
