"""What is wrong with a request is said in OpenAI's shape, and nothing of the request stays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIStatusError, AuthenticationError, BadRequestError, NotFoundError, OpenAI

from audio.encode import encode
from audio.formats import format_named
from tests.audio.recordings import RATE, babble
from tests.e2e.processes import peak_memory
from tests.e2e.product import UPLOAD_LIMIT, Product
from tests.e2e.texts import GERMAN, RUSSIAN

SPEECH = "/v1/audio/speech"
TRANSCRIPTIONS = "/v1/audio/transcriptions"
GOOD: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": "Good morning."}


@pytest.fixture(autouse=True)
def leaves_nothing(product: Product, client: httpx.Client) -> Iterator[None]:
    """No job and no file comes of a refused request."""

    def total() -> int:
        return int(client.get("/jobs", params={"size": 1}).json()["total"])

    jobs, files = total(), product.files()
    yield
    assert total() == jobs
    assert product.files() <= files


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        ({"input": ""}, "input", "invalid_value"),
        ({"input": " \n\t "}, "input", "invalid_value"),
        ({"input": "a" * 4097}, "input", "text_too_long"),
        ({"input": "Wait. [pause:99h]"}, "input", "invalid_value"),
        ({"input": RUSSIAN}, "input", "no_voice_for_language"),
        ({"input": GERMAN}, "input", "no_voice_for_language"),
        ({"voice": "nobody"}, "voice", "unknown_voice"),
        ({"voice": "../../secret"}, "voice", "unknown_voice"),
        ({"voice": "af_bella(2)+nobody(1)"}, "voice", "unknown_voice"),
        ({"model": "no-such-model"}, "model", "model_not_found"),
        ({"model": "whisper-1"}, "model", "model_not_found"),
        ({"response_format": "mp4"}, "response_format", "invalid_value"),
        ({"speed": 0.2}, "speed", "invalid_value"),
        ({"speed": 4.01}, "speed", "invalid_value"),
        ({"stream_format": "video"}, "stream_format", "invalid_value"),
    ],
)
def test_refused_speech(openai: OpenAI, wrong: dict[str, Any], param: str, code: str) -> None:
    missing = code in ("model_not_found", "no_voice_for_language")
    with pytest.raises(NotFoundError if missing else BadRequestError) as refused:
        openai.audio.speech.create(**(GOOD | wrong))
    assert (refused.value.param, refused.value.code) == (param, code)
    assert refused.value.type == "invalid_request_error"
    assert isinstance(refused.value.body, dict)
    assert refused.value.body.keys() == {"message", "type", "param", "code"}


def test_the_fault_is_found_before_a_whole_text_is_quoted(openai: OpenAI) -> None:
    with pytest.raises(BadRequestError) as refused:
        openai.audio.speech.create(**(GOOD | {"voice": "x" * 5000}))
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("speech.mp3", b"This is a text, whatever its name says.\n" * 100),
        ("empty.wav", b""),
        ("page.html", b"<!doctype html><title>404</title>"),
        ("playlist.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
    ],
)
def test_refused_upload(openai: OpenAI, name: str, content: bytes) -> None:
    _refuses(openai, name, content)


@pytest.mark.parametrize(("name", "kept"), [("flac", 60), ("m4a", 300)])
def test_refused_broken_upload(openai: OpenAI, name: str, kept: int) -> None:
    """A header is there, and not one frame."""
    _refuses(openai, f"broken.{name}", _encoded(name)[:kept])
    _refuses(openai, f"damaged.{name}", _encoded(name)[:kept] + b"\0" * 3000)


def test_a_form_without_a_file(client: httpx.Client) -> None:
    answer = client.post(TRANSCRIPTIONS, data={"model": "whisper-1"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"model": "whisper-9"}, "model"),
        ({"model": "tts-1"}, "model"),
        ({"language": "xx"}, "language"),
        ({"response_format": "yaml"}, "response_format"),
        ({"temperature": 1.5}, "temperature"),
        ({"timestamp_granularities": ["letter"]}, "timestamp_granularities"),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities"),
        ({"include": ["logprobs"], "response_format": "srt"}, "include"),
        ({"chunking_strategy": {"type": "server_vad", "threshold": 2}}, "chunking_strategy[threshold]"),
        ({"known_speaker_names": ["Ann"]}, "known_speaker_references"),
    ],
)
def test_refused_transcription(openai: OpenAI, recording: Path, wrong: dict[str, Any], param: str) -> None:
    good: dict[str, Any] = {"model": "whisper-1", "file": recording}
    with pytest.raises(NotFoundError if param == "model" else BadRequestError) as refused:
        openai.audio.transcriptions.create(**(good | wrong))
    assert (refused.value.param or "").startswith(param)


@pytest.mark.parametrize("size", [UPLOAD_LIMIT + 100_000, 20 * UPLOAD_LIMIT])
def test_an_upload_over_the_limit(openai: OpenAI, size: int) -> None:
    with pytest.raises(APIStatusError) as refused:
        openai.audio.transcriptions.create(model="whisper-1", file=("long.wav", bytes(size)))
    assert refused.value.status_code == 413
    assert refused.value.code == "upload_too_large"


def test_an_upload_over_the_limit_is_never_held(product: Product, client: httpx.Client) -> None:
    """A body that does not say how long it is."""

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'
        for _ in range(2_000):
            yield bytes(128 * 1024)

    api = product.pid("cli api")
    assert api
    before = peak_memory(api)
    answer = client.post(TRANSCRIPTIONS, content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")
    assert peak_memory(api) - before < 10 * UPLOAD_LIMIT


def test_a_large_json_body(client: httpx.Client) -> None:
    answer = client.post(SPEECH, json=GOOD | {"input": "a" * (UPLOAD_LIMIT + 100_000)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")


def test_a_wrong_key(product: Product) -> None:
    with OpenAI(base_url=f"{product.url}/v1", api_key="not-a-key-of-this-server") as openai:
        with pytest.raises(AuthenticationError) as refused:
            openai.audio.speech.create(**GOOD)
        assert refused.value.response.headers["www-authenticate"] == "Bearer"
        with pytest.raises(AuthenticationError):
            openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF"))
        with pytest.raises(AuthenticationError):
            openai.models.list()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}])
def test_no_key(product: Product, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{product.url}{SPEECH}", json=GOOD, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_an_unknown_model_is_not_found(openai: OpenAI) -> None:
    with pytest.raises(NotFoundError):
        openai.models.retrieve("gpt-9")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/audio/nonsense", 404),
        ("POST", "/v1/audio/speech/", 404),
        ("GET", "/v1/audio/speech", 405),
        ("DELETE", "/v1/audio/transcriptions", 405),
    ],
)
def test_unknown_ways(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [b'{"model": "tts-1", ', b"", b"[]", b'"text"', b"\xff\xfe"])
def test_malformed_json(client: httpx.Client, body: bytes) -> None:
    answer = client.post(SPEECH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"


def _refuses(openai: OpenAI, name: str, content: bytes) -> None:
    with pytest.raises(BadRequestError) as refused:
        openai.audio.transcriptions.create(model="whisper-1", file=(name, content))
    assert (refused.value.param, refused.value.code) == ("file", "unreadable_audio")


def _encoded(name: str) -> bytes:
    return encode(babble(2), RATE, format_named(name))
