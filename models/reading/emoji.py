"""Emoji: they are not read aloud."""

import re

from models.reading.traced import Traced

# Pictographs, flags, skin tones, the dingbats and symbols that are shown as pictures, and what joins them.
# Arrows, ©, ® and ™ are none here.
_EMOJI = re.compile(
    " ?(?:[\U0001f000-\U0001faff\U000e0020-\U000e007f\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b\u23e9-\u23fa]"
    "[\ufe0f\u200d\u20e3]*)+|\ufe0f\u20e3?|\u20e3"
)


def dropped(text: Traced) -> Traced:
    """`text` without its emoji and the space before them; a space is left between words that only they set apart."""
    return text.sub(_EMOJI, _gap)


def _gap(match: re.Match[str]) -> str:
    before, after = match.string[max(0, match.start() - 1) : match.start()], match.string[match.end() : match.end() + 1]
    return " " if before.isalnum() and after.isalnum() else ""
