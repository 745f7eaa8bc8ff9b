"""Which text of Whisper's is believed.

Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", section 4.5: a window is decoded
again at a higher temperature, 0 to 1 in steps of 0.2, while its text repeats itself (it compresses by more than 2.4) or
is improbable (an average log probability below -1); an improbable one that has more than 0.6 for "no speech" is
silence. Here the rules are stricter, because on sounds without speech the paper's let text through:

- The paper believes the last attempt whatever it is. Here a window that fails at every temperature is heard again in
  windows of at most 5 s, for it may hold a refrain; one of those that fails at every temperature gives no text.
- Where "no speech" has more than 0.6, text that repeats itself, or that has less than -0.5, is silence at once:
  Whisper's "You" on digital silence has -0.7. Speech of one word, quiet or in noise, had at most 0.53 for "no speech",
  noise, hum and music had 0.65 and more (Whisper base and tiny.en).

Text without a letter or a digit (" . . .") is none.
"""

from typing import Literal

LADDER = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

MOST_COMPRESSION = 2.4
LEAST_LOG_PROBABILITY = -1.0
MOST_NO_SPEECH = 0.6
LEAST_LOG_PROBABILITY_OF_SILENCE = -0.5

Verdict = Literal["speech", "silence", "doubtful"]


def verdict(*, avg_logprob: float, compression_ratio: float, no_speech_prob: float) -> Verdict:
    """Doubtful: try a higher temperature, then a shorter window; after that, it is not believed."""
    repeats = compression_ratio > MOST_COMPRESSION
    if no_speech_prob > MOST_NO_SPEECH and (repeats or avg_logprob < LEAST_LOG_PROBABILITY_OF_SILENCE):
        return "silence"
    return "doubtful" if repeats or avg_logprob < LEAST_LOG_PROBABILITY else "speech"


def says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)
