import io

import pytest

from audio.encode import Encoder, encode
from audio.ending import declared_seconds, has_open_size, lacks_last_page
from audio.formats import FORMATS
from audio.media import open_media
from tests.audio.recordings import RATE, chirp, recording


@pytest.mark.parametrize("name", ["flac", "mp3", "m4a"])
def test_a_promised_duration_outlives_the_end_of_the_file(name: str) -> None:
    data = encode(chirp(4), RATE, FORMATS[name])
    kept = data if name == "m4a" else data[: len(data) // 2]
    with open_media(io.BytesIO(kept)) as media:
        assert declared_seconds(media) == pytest.approx(4, abs=0.05)


def test_a_duration_guessed_from_the_size_is_no_promise() -> None:
    with open_media(io.BytesIO(encode(chirp(2), RATE, FORMATS["aac"]))) as media:
        assert declared_seconds(media) is None
    with open_media(io.BytesIO(recording("mp3", "libmp3lame", chirp(2), write_xing="0"))) as media:
        assert declared_seconds(media) is None


def test_only_a_streamed_wav_has_an_open_size() -> None:
    encoder = Encoder(FORMATS["wav"], RATE, stream=True)
    assert has_open_size(io.BytesIO(encoder.write(chirp(1)) + encoder.close()))
    assert not has_open_size(io.BytesIO(encode(chirp(1), RATE, FORMATS["wav"])))


def test_an_ogg_file_ends_with_its_last_page() -> None:
    data = encode(chirp(3), RATE, FORMATS["ogg"])
    assert not lacks_last_page(io.BytesIO(data))
    assert not any(lacks_last_page(io.BytesIO(data + tail)) for tail in (b"\x00", b"TAG" + bytes(125)))
    assert all(lacks_last_page(io.BytesIO(data[:end])) for end in (len(data) - 1, len(data) // 2, 30, 4))
