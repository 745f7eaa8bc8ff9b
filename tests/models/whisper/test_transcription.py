"""From windows to segments: the order of things with made-up answers, and what comes out with the real model."""

from collections.abc import Sequence
from itertools import chain

import jiwer
import numpy as np
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from models.whisper.decoder import Heard, Piece, Sound
from models.whisper.engine import Whisper
from models.whisper.gates import LADDER
from models.whisper.options import Decoding, Vad
from models.whisper.speech import SAMPLE_RATE, Samples, Speech
from models.whisper.transcription import Transcription, Window
from tests.e2e.texts import STORY
from tests.models.whisper.conftest import TEXT, Say
from tests.models.whisper.hearing import NO_VAD, hear, text
from tests.models.whisper.sounds import hum, music, pink, white

NONE = Sound(np.zeros((80, 3000), np.float32), 3000)
SECOND = SAMPLE_RATE


def recording(*stretches: tuple[int, int], temperature: float | None = None) -> Transcription:
    """Stretches in seconds of one recording that is all speech."""
    end = stretches[-1][1] * SECOND
    speech = Speech(np.zeros(end, np.float32), ((0, end),))
    cuts = [(first * SECOND, last * SECOND) for first, last in stretches]
    return Transcription(speech, cuts, Decoding("en"), hear=lambda _: NONE, temperature=temperature)


def said(words: str, *, until: float = 30.0, avg_logprob: float = -0.2, no_speech_prob: float = 0.0) -> Heard:
    piece = Piece(0.0, until, words, (1, 2))
    return Heard((piece,), int(100 * until), 0.0, avg_logprob, 1.0, no_speech_prob)


def handed(transcription: Transcription) -> list[Window]:
    windows = []
    while window := transcription.next():
        windows.append(window)
    return windows


def test_a_stretch_is_heard_window_by_window() -> None:
    transcription = recording((0, 70))
    (first,) = handed(transcription)
    assert (first.start, first.end) == (0, 30 * SECOND)
    assert [one.text for one in transcription.take(first, said(" One.", until=20.0))] == [" One."]
    assert transcription.progress == pytest.approx(20 / 70)
    (second,) = handed(transcription)
    assert (second.start, second.end) == (20 * SECOND, 50 * SECOND)
    (segment,) = transcription.take(second, said(" Two."))
    assert (segment.id, segment.seek, segment.start, segment.end) == (1, 2000, 20.0, 50.0)
    (third,) = handed(transcription)
    transcription.take(third, said(" Three."))
    assert (transcription.finished, transcription.progress) == (True, 1.0)


def test_stretches_are_handed_out_together_and_told_in_order() -> None:
    transcription = recording((0, 25), (25, 50), (50, 75))
    first, second, third = handed(transcription)
    assert transcription.take(third, said(" Three.", until=25.0)) == []
    assert transcription.take(second, said(" Two.", until=25.0)) == []
    told = transcription.take(first, said(" One.", until=25.0))
    assert [(one.id, one.text) for one in told] == [(0, " One."), (1, " Two."), (2, " Three.")]
    assert transcription.finished


def test_a_part_that_was_not_ended_is_heard_again() -> None:
    transcription = recording((0, 25), (25, 50))
    first, _ = handed(transcription)
    transcription.take(first, said(" One.", until=12.0))
    (rest,) = handed(transcription)
    assert (rest.start, rest.end) == (12 * SECOND, 25 * SECOND)


def test_doubtful_text_climbs_the_ladder_and_is_dropped_at_its_end() -> None:
    transcription = recording((0, 5))
    seen = []
    while not transcription.finished:
        (window,) = handed(transcription)
        seen.append(window.decoding.temperature)
        assert transcription.take(window, said(" Maybe.", avg_logprob=-1.5)) == []
    assert tuple(seen) == LADDER
    assert (transcription.progress, transcription.dropped) == (1.0, 5.0)


def test_doubtful_text_is_believed_where_a_higher_temperature_makes_it_better() -> None:
    transcription = recording((0, 5))
    (window,) = handed(transcription)
    transcription.take(window, said(" Maybe.", avg_logprob=-1.5))
    (window,) = handed(transcription)
    assert [one.text for one in transcription.take(window, said(" Yes."))] == [" Yes."]
    assert transcription.dropped == 0.0


def test_a_temperature_that_was_asked_for_is_the_only_one() -> None:
    transcription = recording((0, 5), temperature=0.4)
    (window,) = handed(transcription)
    assert window.decoding.temperature == 0.4
    transcription.take(window, said(" Maybe.", avg_logprob=-1.5))
    assert transcription.finished


def test_a_long_window_that_fails_is_heard_again_in_short_ones() -> None:
    transcription = recording((0, 40), temperature=0.0)
    (window,) = handed(transcription)
    assert transcription.take(window, said(" Maybe.", avg_logprob=-1.5)) == []
    (short,) = handed(transcription)
    assert (short.start, short.decoding.temperature) == (0, 0.0)
    assert 3 * SECOND < short.end <= 5 * SECOND
    assert [one.text for one in transcription.take(short, said(" Yes.", until=3.0))] == [" Yes."]
    while short.end < 30 * SECOND:
        (short,) = handed(transcription)
        assert short.end - short.start <= 5 * SECOND
        transcription.take(short, said(" Yes."))
    (rest,) = handed(transcription)
    assert (rest.start, rest.end) == (short.end, 40 * SECOND)


def test_silence_is_not_tried_again() -> None:
    transcription = recording((0, 10))
    (window,) = handed(transcription)
    assert transcription.take(window, said(" You", avg_logprob=-0.7, no_speech_prob=0.9)) == []
    assert (transcription.finished, transcription.dropped) == (True, 0.0)


SOUNDS = {
    "silence": np.zeros(30 * SECOND, np.float32),
    "faint noise": white(1, 0.001),
    "noise": white(2, 0.05),
    "loud noise": white(2, 0.3),  # Silero takes a second of it for speech
    "pink noise": pink(1),
    "hum": hum(),
    **{f"music {seed}": music(seed) for seed in (1, 2, 3)},
}


@pytest.mark.parametrize("vad", [Vad(), NO_VAD], ids=["vad", "no vad"])
@pytest.mark.parametrize("model", ["whisper", "english_only"])
def test_nothing_is_invented_where_nobody_speaks(model: str, vad: Vad, request: pytest.FixtureRequest) -> None:
    found = hear(request.getfixturevalue(model), list(SOUNDS.values()), vad=vad)
    assert dict(zip(SOUNDS, map(text, found), strict=True)) == dict.fromkeys(SOUNDS, "")


@pytest.mark.parametrize("batched", [False, True], ids=["sequential", "batched"])
def test_only_speech_is_kept_between_silences_and_at_its_time(whisper: Whisper, speech: Samples, batched: bool) -> None:
    gap, seconds = np.zeros(14 * SECOND, np.float32), speech.size / SECOND
    sound = np.concatenate([gap, speech, gap, speech, gap])
    (segments,) = hear(whisper, [sound], batched=batched)
    assert text(segments) == f"{TEXT} {TEXT}"
    for start in (14.0, 28.0 + seconds):
        spoken = [one for one in segments if start - 0.6 <= one.start and one.end <= start + seconds + 0.6]
        assert text(spoken) == TEXT
        assert spoken[0].start < start + 0.6
        assert spoken[-1].end > start + seconds - 1.0


@pytest.fixture(scope="module")
def story(say: Say) -> Samples:
    """A little over a minute."""
    return say(STORY[:1_150].rpartition(".")[0] + ".", "af_heart", "en-us")


def test_somebody_who_repeats_himself_is_no_loop(english_only: Whisper, say: Say) -> None:
    spoken = say("Nobody had told the new teacher about the fire alarm.", "af_heart", "en-us")
    times = 28 * SECOND // spoken.size
    (segments,) = hear(english_only, [np.tile(spoken, times)], temperature=0.0)
    heard = text(segments).lower()
    assert heard.count("nobody") == heard.count("teacher") == heard.count("fire alarm") == times


def test_both_pipelines_hear_the_same(whisper: Whisper, story: Samples) -> None:
    """Of about 210 words at most four may differ."""
    assert story.size > 60 * SECOND
    (one,), (other,) = (hear(whisper, [story], Decoding("en", word_times=True), batched=way) for way in (False, True))
    normalize = EnglishTextNormalizer()
    said_of_it = normalize(STORY[:1_150].rpartition(".")[0])
    assert jiwer.wer(normalize(text(one)), normalize(text(other))) <= 0.02
    assert jiwer.wer(said_of_it, normalize(text(other))) <= 0.03
    _check_times(other, story.size / SECOND)


def test_files_in_one_batch_are_heard_as_alone(whisper: Whisper, story: Samples, speech: Samples) -> None:
    """To the last digit: text, times, words and probabilities."""
    timed = Decoding("en", word_times=True)
    recordings = [story[: 33 * SECOND], speech]
    alone = [hear(whisper, [one], timed, batched=True)[0] for one in recordings]
    assert hear(whisper, recordings, timed, batched=True) == alone


def _check_times(segments: Sequence[object], seconds: float) -> None:
    words = list(chain.from_iterable(segment.words for segment in segments))  # type: ignore[attr-defined]
    assert "".join(word.word for word in words) == "".join(segment.text for segment in segments)  # type: ignore[attr-defined]
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= seconds for word in words)
    assert starts[-1] > seconds - 3
