from pathlib import Path

import numpy as np
import pytest

from audio.encode import encode_file
from audio.errors import UnreadableAudio
from audio.formats import FORMATS
from audio.measure import measure


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seconds", [0.3, 7.25])
def test_every_format_is_as_long_as_what_went_in(name: str, seconds: float, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    tone = 0.3 * np.sin(np.arange(int(seconds * 24_000)) * 0.05).astype(np.float32)
    encode_file([tone], path, FORMATS[name], 24_000)
    assert measure(path, FORMATS[name], 24_000) == pytest.approx(seconds, abs=0.14)


def test_what_is_no_audio_is_not_measured(tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_text("no audio at all")
    with pytest.raises(UnreadableAudio):
        measure(path, FORMATS["mp3"], 24_000)
