import asyncio
import io
from typing import BinaryIO

import pytest
from fastapi import UploadFile

from audio.encode import encode
from audio.formats import format_named
from jobs.errors import InvalidRequest, UnreadableUpload, UploadTooLarge, VoxhallError
from server.uploads import readable, required
from tests.server.conftest import hum

SOUND = {name: encode(hum(0.5), 24_000, format_named(name)) for name in ("mp3", "wav", "flac", "m4a")}


def upload(data: bytes, name: str = "speech.mp3") -> UploadFile:
    return UploadFile(io.BytesIO(data), filename=name, size=len(data))


def check(data: bytes, *, limit: int = 10**6, longest: float = 60.0) -> BinaryIO:
    return asyncio.run(readable(upload(data), limit=limit, longest=longest))


@pytest.mark.parametrize("name", SOUND)
def test_sound_is_taken_from_its_start_whatever_it_is_called(name: str) -> None:
    assert check(SOUND[name]).read() == SOUND[name]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", UnreadableUpload, "empty"),
        (b"This is a text that somebody called .mp3. " * 50, UnreadableUpload, "not audio"),
        (SOUND["flac"][:40], UnreadableUpload, "FLAC file is damaged"),
        (SOUND["m4a"][: len(SOUND["m4a"]) // 2], UnreadableUpload, "MP4 file is incomplete"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", UnreadableUpload, "not audio"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", UnreadableUpload, "not audio"),
        (SOUND["wav"] * 100, UploadTooLarge, "larger than 0 MB"),
    ],
)
def test_what_is_no_sound_is_refused(data: bytes, error: type[VoxhallError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        check(data, limit=500_000)
    assert caught.value.param == "file"
    assert "/" not in caught.value.message


def test_a_form_field_must_be_a_file() -> None:
    whole = upload(b"x")
    assert required(whole, "audio") is whole
    for value in (None, "text"):
        with pytest.raises(InvalidRequest, match="`audio`") as caught:
            required(value, "audio")
        assert caught.value.param == "audio"
