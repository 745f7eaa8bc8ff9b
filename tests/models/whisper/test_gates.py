import pytest

from models.whisper.gates import says_something, verdict


@pytest.mark.parametrize(
    ("avg_logprob", "compression_ratio", "no_speech_prob", "expected"),
    [
        (-0.3, 1.0, 0.02, "speech"),
        (-0.9, 1.0, 0.53, "speech"),  # one quiet word
        (-0.4, 1.0, 0.9, "speech"),  # after a long silence
        (-0.71, 0.27, 0.93, "silence"),  # "You"
        (-0.1, 30.0, 0.99, "silence"),  # a loop on noise
        (-1.1, 1.0, 0.3, "doubtful"),
        (-0.1, 9.0, 0.3, "doubtful"),  # a loop on speech
    ],
)
def test_what_is_believed(avg_logprob: float, compression_ratio: float, no_speech_prob: float, expected: str) -> None:
    found = verdict(avg_logprob=avg_logprob, compression_ratio=compression_ratio, no_speech_prob=no_speech_prob)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "expected"), [(" Yes.", True), (" 7", True), ("नमस्ते", True), (" . . .", False), ("", False)]
)
def test_dots_say_nothing(text: str, expected: bool) -> None:
    assert says_something(text) is expected
