import io
from pathlib import Path

import pytest

from audio.encode import encode
from audio.errors import UnreadableAudio
from audio.formats import FORMATS
from audio.media import open_media
from tests.audio.recordings import RATE, chirp


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile {path}\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{path}\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 49170 RTP/AVP 0\n",
        '<?xml version="1.0"?><MPD type="static"><Period><BaseURL>file://{path}</BaseURL></Period></MPD>',
    ],
    ids=["concat", "hls", "sdp", "dash"],
)
def test_a_file_cannot_make_us_open_another(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.wav").write_bytes(encode(chirp(1), RATE, FORMATS["wav"]))
    monkeypatch.chdir(tmp_path)
    for path in ("secret.wav", tmp_path / "secret.wav"):
        with pytest.raises(UnreadableAudio, match="not audio"), open_media(io.BytesIO(text.format(path=path).encode())):
            pass


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        (b"fLaC", "the FLAC file is damaged"),
        (b"OggS", "the Ogg file is damaged"),
        (b"RIFF", "the WAV file is damaged"),
        (b"\x1aE\xdf\xa3", "the Matroska or WebM file is damaged"),
        (b"\x00\x00\x00\x18ftypM4A ", "index is missing"),
        (b"GIF89a", "not audio"),
    ],
)
def test_the_complaint_names_what_the_file_pretends_to_be(head: bytes, complaint: str) -> None:
    with pytest.raises(UnreadableAudio, match=complaint), open_media(io.BytesIO(head + bytes(200))):
        pass


def test_the_source_is_left_open_and_a_path_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(encode(chirp(1), RATE, FORMATS["flac"]))
    with path.open("rb") as file:
        with open_media(file) as media:
            assert media.track.codec_context.name == "flac"
        assert not file.closed
    with open_media(path) as media:
        own = media.file
    assert own.closed
