import base64
import json
import math
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from openai import APIError, OpenAI

from audio.encode import encode
from audio.formats import format_named
from jobs.files import FileStore, input_key, segment_key
from jobs.ledger import Claim, Ledger
from jobs.specs import TranscriptionSpec
from server.dialects.openai.transcript_events import Told
from tests.server.conftest import Puppet, hum

PATH = "/v1/audio/transcriptions"
SPOKEN = ("Good evening.", "Come in.", "It is cold outside.")


def sound(seconds: float, form: str = "wav") -> bytes:
    return encode(hum(seconds), 24_000, format_named(form))


WAV = sound(0.5)


def data_url(recording: bytes, kind: str = "audio/wav") -> str:
    return f"data:{kind};base64,{base64.b64encode(recording).decode()}"


def part(index: int, text: str, speaker: str | None = None) -> dict[str, Any]:
    words = [{"word": f" {word}", "start": index, "end": index + 0.5, "probability": 0.5} for word in text.split()]
    return {
        "id": index,
        "seek": 0,
        "start": float(index),
        "end": index + 0.9,
        "text": f" {text}",
        "tokens": [50_364, 1, 2],
        "temperature": 0.0,
        "avg_logprob": -0.3,
        "compression_ratio": 1.2,
        "no_speech_prob": 0.01,
        "words": words,
        "speaker": speaker,
    }


def transcript(
    *parts: dict[str, Any], language: str | None = "en", task: str = "transcribe", warnings: tuple[str, ...] = ()
) -> bytes:
    content = {
        "text": "".join(part["text"] for part in parts).strip(),
        "task": task,
        "language": language,
        "language_probability": 0.9,
        "duration": len(parts) + 0.02,
        "segments": parts,
        "speakers": sorted({part["speaker"] for part in parts if part["speaker"]}),
        "warnings": warnings,
    }
    return json.dumps(content).encode()


PARTS = [part(index, text) for index, text in enumerate(SPOKEN)]
TURNS = [part(index, text, speaker) for (index, text), speaker in zip(enumerate(SPOKEN), "ABA", strict=True)]


class Caller:
    """Asks in the background, and plays the worker."""

    def __init__(self, openai: OpenAI, puppet: Puppet, files: FileStore, pool: ThreadPoolExecutor) -> None:
        self._openai = openai
        self._puppet = puppet
        self._files = files
        self._pool = pool

    def ask(self, *, only_first: bool = False, **asked: Any) -> "tuple[Future[Any], Claim]":
        request: dict[str, Any] = {"model": "whisper-base", "file": ("a.wav", WAV)} | asked
        answer = self._pool.submit(self._whole, request, only_first)
        return answer, self.claim()

    def claim(self) -> Claim:
        return self._puppet.claim("transcription")

    def _whole(self, request: dict[str, Any], only_first: bool) -> Any:
        answer = self._openai.audio.transcriptions.create(**request)
        if not request.get("stream"):
            return answer
        with answer as events:
            return next(iter(events)) if only_first else list(events)

    def store(self, claim: Claim, parts: list[dict[str, Any]]) -> None:
        for each in parts:
            self._files.put(segment_key(claim.job_id, 0, each["id"]), json.dumps(each).encode())
            self._puppet.events.publish(claim.job_id, "segment", index=each["id"])

    def deliver(self, claim: Claim, content: bytes, **result: Any) -> None:
        self._puppet.deliver(claim, "transcript.json", content, **result)

    def answer(self, content: bytes, **asked: Any) -> Any:
        waiting, claim = self.ask(**asked)
        self.deliver(claim, content)
        return waiting.result(30)


@pytest.fixture
def caller(openai: OpenAI, puppet: Puppet, files: FileStore, pool: ThreadPoolExecutor) -> Caller:
    return Caller(openai, puppet, files, pool)


def test_json(caller: Caller) -> None:
    answer = caller.answer(transcript(*PARTS))
    assert answer.to_dict() == {"text": " ".join(SPOKEN), "usage": {"type": "duration", "seconds": 4}}


def test_logprobs_of_words(caller: Caller) -> None:
    answer = caller.answer(transcript(*PARTS), model="gpt-4o-transcribe", include=["logprobs"])
    assert "".join(entry.token for entry in answer.logprobs).strip() == answer.text
    for entry in answer.logprobs:
        assert bytes(map(int, entry.bytes)).decode() == entry.token
        assert entry.logprob == pytest.approx(math.log(0.5))


def test_an_impossible_word_has_a_logprob_too(caller: Caller) -> None:
    impossible = part(0, "What?")
    impossible["words"][0]["probability"] = 0.0
    answer = caller.answer(transcript(impossible), include=["logprobs"])
    assert math.isfinite(answer.logprobs[0].logprob)


@pytest.mark.parametrize(("language", "found"), [("en", ["en"]), (None, [])])
def test_gpt_transcribe_says_which_languages(caller: Caller, language: str | None, found: list[str]) -> None:
    answer = caller.answer(transcript(*PARTS, language=language), model="gpt-transcribe")
    assert [each.code for each in answer.languages] == found


def test_a_warning_in_any_script_is_told(client: TestClient, caller: Caller, pool: ThreadPoolExecutor) -> None:
    form, files = {"model": "whisper-1"}, {"file": ("a.wav", WAV)}
    waiting = pool.submit(client.post, "/v1/audio/transcriptions", data=form, files=files)
    caller.deliver(caller.claim(), transcript(*PARTS, warnings=("It breaks off: früh, 早.",)))
    answer = waiting.result(30)
    assert (answer.status_code, answer.headers["x-voxhall-warning"]) == (200, "It breaks off: fr?h, ?.")


def test_a_text_in_place_of_the_file(client: TestClient) -> None:
    answer = client.post("/v1/audio/transcriptions", data={"model": "whisper-1", "file": "a.wav"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "file: a file is needed here")


@pytest.mark.parametrize(("code", "name"), [("en", "english"), ("yue", "cantonese"), (None, "unknown")])
def test_verbose_json(caller: Caller, code: str | None, name: str) -> None:
    answer = caller.answer(transcript(*PARTS, language=code), response_format="verbose_json")
    assert (answer.language, answer.duration, answer.task) == (name, 3.02, "transcribe")
    assert [segment.text for segment in answer.segments] == [f" {text}" for text in SPOKEN]
    assert set(answer.segments[0].to_dict()) == set(PARTS[0]) - {"words", "speaker"}
    assert answer.words is None


def test_words_of_verbose_json(caller: Caller) -> None:
    wanted: Any = ["word"]
    answer = caller.answer(transcript(*PARTS), response_format="verbose_json", timestamp_granularities=wanted)
    assert [word.word for word in answer.words] == " ".join(SPOKEN).split()
    assert answer.segments is None


@pytest.mark.parametrize("model", ["gpt-4o-transcribe-diarize", "whisper-base"])
def test_diarized_json(caller: Caller, model: str) -> None:
    answer = caller.answer(transcript(*TURNS), model=model, response_format="diarized_json", chunking_strategy="auto")
    assert answer.to_dict() == {
        "task": "transcribe",
        "duration": 3.02,
        "text": " ".join(SPOKEN),
        "segments": [
            {
                "type": "transcript.text.segment",
                "id": f"seg_{index}",
                "start": float(index),
                "end": index + 0.9,
                "speaker": speaker,
                "text": text,
            }
            for (index, text), speaker in zip(enumerate(SPOKEN), "ABA", strict=True)
        ],
        "usage": {"type": "duration", "seconds": 4},
    }


@pytest.mark.parametrize("stored", [0, 2, 3])
def test_a_stream_is_the_text_in_pieces(caller: Caller, stored: int) -> None:
    """However many segments were seen on the way, the last word is the transcript's."""
    waiting, claim = caller.ask(model="gpt-4o-mini-transcribe-2025-12-15", stream=True, include=["logprobs"])
    caller.store(claim, PARTS[:stored])
    caller.deliver(claim, transcript(*PARTS))
    said = waiting.result(30)
    done = said[-1]
    assert [event.type for event in said] == ["transcript.text.delta"] * (len(said) - 1) + ["transcript.text.done"]
    assert "".join(event.delta for event in said[:-1]) == done.text == " ".join(SPOKEN)
    assert [event.delta for event in said[:stored]] == ["Good evening.", " Come in.", " It is cold outside."][:stored]
    assert [len(event.logprobs) for event in said[:stored]] == [2, 2, 4][:stored]
    assert len(done.logprobs) == 8
    assert (done.usage.type, done.usage.input_tokens, done.usage.output_tokens) == ("tokens", 151, 9)


def test_a_piece_comes_before_the_transcript(caller: Caller) -> None:
    waiting, claim = caller.ask(only_first=True, stream=True)
    caller.store(claim, PARTS[:1])
    assert waiting.result(30).delta == "Good evening."


@pytest.mark.parametrize("stored", [PARTS, TURNS[:2], []])
def test_a_diarized_stream_has_its_speakers(caller: Caller, stored: list[dict[str, Any]]) -> None:
    """Whether they are known on the way, or at the end only."""
    waiting, claim = caller.ask(model="gpt-4o-transcribe-diarize", response_format="diarized_json", stream=True)
    caller.store(claim, stored)
    caller.deliver(claim, transcript(*TURNS))
    said = waiting.result(30)
    assert [event.type.rpartition(".")[2] for event in said] == ["delta", "segment"] * 3 + ["done"]
    assert [(turn.speaker, turn.text, turn.id) for turn in said[1::2]] == [
        (speaker, text, f"seg_{index}") for (index, text), speaker in zip(enumerate(SPOKEN), "ABA", strict=True)
    ]
    assert [event.segment_id for event in said[:-1:2]] == ["seg_0", "seg_1", "seg_2"]
    assert "".join(event.delta for event in said[:-1:2]) == said[-1].text


OTHERWISE = [part(0, "Good morning."), *PARTS[1:]]
LATER = [TURNS[0] | {"end": 0.5}, *TURNS[1:]]


@pytest.mark.parametrize(
    ("form", "sent", "whole"),
    [
        ("json", PARTS[:1], OTHERWISE),
        ("json", PARTS, PARTS[:2]),
        ("diarized_json", TURNS[:1], [part(0, "Good morning.", "A"), *TURNS[1:]]),
        ("diarized_json", TURNS[:1], LATER),
        ("diarized_json", TURNS, TURNS[:2]),
    ],
)
def test_a_stream_that_a_second_attempt_contradicts_ends_with_an_error(
    caller: Caller, form: str, sent: list[dict[str, Any]], whole: list[dict[str, Any]]
) -> None:
    waiting, claim = caller.ask(stream=True, response_format=form)
    caller.store(claim, sent)
    caller.deliver(claim, transcript(*whole), segments=len(sent))
    with pytest.raises(APIError, match="ask again") as failed:
        waiting.result(30)
    assert failed.value.code == "heard_anew"


def test_a_stream_whose_segments_had_their_time_ends_with_an_error(caller: Caller) -> None:
    waiting, claim = caller.ask(stream=True)
    caller.store(claim, PARTS[:1])
    caller.deliver(claim, transcript(*PARTS), segments=3)
    with pytest.raises(APIError, match="no longer kept"):
        waiting.result(30)


@pytest.mark.parametrize(("form", "parts"), [("json", PARTS), ("diarized_json", TURNS)])
def test_the_last_event_has_the_warnings(caller: Caller, form: str, parts: list[dict[str, Any]]) -> None:
    content = transcript(*parts, warnings=("The file breaks off after 3 s.",))
    said = caller.answer(content, stream=True, response_format=form)
    assert said[-1].warnings == ["The file breaks off after 3 s."]
    assert not hasattr(caller.answer(transcript(*parts), stream=True, response_format=form)[-1], "warnings")


@given(st.lists(st.text(" ab\n\u3000日")), st.text(" a"))
def test_pieces_make_the_whole(texts: list[str], later: str) -> None:
    told = Told()
    pieces = [told.news(text) for text in texts]
    whole = "".join([*texts, later]).strip()
    assert "".join(pieces) + told.rest(whole) == whole


def test_silence_streams_as_nothing(caller: Caller) -> None:
    said = caller.answer(transcript(language=None), model="gpt-transcribe", stream=True)
    assert [(event.type, event.text, event.languages) for event in said] == [("transcript.text.done", "", [])]


def test_whisper_1_is_never_streamed(openai: OpenAI, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    create = openai.audio.transcriptions.with_raw_response.create
    asked = pool.submit(lambda: create(model="whisper-1", file=("a.wav", WAV), stream=True))
    puppet.deliver(puppet.claim("transcription"), "transcript.json", transcript(*PARTS))
    assert json.loads(asked.result(30).http_response.read())["text"] == " ".join(SPOKEN)


def test_a_failure_in_a_stream_reaches_the_caller(caller: Caller, puppet: Puppet) -> None:
    waiting, claim = caller.ask(stream=True)
    caller.store(claim, PARTS[:1])
    puppet.fail(claim, "internal_error", "The job failed.")
    with pytest.raises(APIError, match="The job failed") as failed:
        waiting.result(30)
    assert failed.value.code == "internal_error"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, {"vad": {"enabled": True, "threshold": 0.5, "silence_ms": 2000, "padding_ms": 400}, "hotwords": None}),
        ({"chunking_strategy": "auto"}, {"vad": {}}),
        (
            {"chunking_strategy": {"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 500}},
            {"vad": {"threshold": 0.7, "silence_ms": 500}},
        ),
        (
            {"chunking_strategy": json.dumps({"type": "server_vad", "prefix_padding_ms": 300})},
            {"vad": {"padding_ms": 300}},
        ),
        ({"keywords": ["Voxhall", " ", "Kokoro"]}, {"hotwords": "Voxhall, Kokoro"}),
        ({"languages": ["de"]}, {"language": "de"}),
        ({"languages": ["xx", "DE-at", "de"]}, {"language": "de"}),
        ({"languages": ["de", "FR-ca", "xx"]}, {"language": None, "languages": ("de", "fr")}),
        ({"languages": ["de", "fr"], "language": "it"}, {"language": "it"}),
        ({"prompt": "", "temperature": 0}, {"prompt": None, "temperature": None}),
        ({"prompt": "Once upon", "temperature": 0.4}, {"prompt": "Once upon", "temperature": 0.4}),
        ({"include": ["logprobs"]}, {"word_times": True, "diarize": False}),
        ({"model": "gpt-4o-transcribe-diarize", "response_format": "diarized_json"}, {"diarize": True}),
        ({"model": "gpt-4o-transcribe-diarize", "response_format": "text"}, {"diarize": False}),
        ({"model": "gpt-4o-mini-transcribe-2025-12-15"}, {"diarize": False}),
    ],
)
def test_what_is_asked_becomes_a_spec(
    caller: Caller, puppet: Puppet, ledger: Ledger, asked: dict[str, Any], wanted: dict[str, Any]
) -> None:
    waiting, claim = caller.ask(**asked)
    spec = ledger.get(claim.job_id).spec
    puppet.fail(claim, "internal_error", "?")
    waiting.exception(30)
    assert isinstance(spec, TranscriptionSpec)
    assert (spec.model, spec.task) == ("whisper-base", "transcribe")
    found = spec.model_dump()
    assert {name: found[name] for name in wanted if name != "vad"} == {n: v for n, v in wanted.items() if n != "vad"}
    assert {name: found["vad"][name] for name in wanted.get("vad", {})} == wanted.get("vad", {})


def test_known_speakers_become_files_of_the_job(
    caller: Caller, puppet: Puppet, ledger: Ledger, files: FileStore
) -> None:
    recordings = [sound(9.9), sound(2.1, "mp3")]
    waiting, claim = caller.ask(
        model="gpt-4o-transcribe-diarize",
        response_format="diarized_json",
        known_speaker_names=["agent", "Zoë"],
        known_speaker_references=[data_url(recordings[0]), data_url(recordings[1], "audio/mpeg")],
    )
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, TranscriptionSpec)
    assert spec.known_speakers == ("agent", "Zoë")
    assert [files.get(input_key(claim.job_id, f"speaker-{n}")) for n in range(2)] == recordings
    puppet.fail(claim, "internal_error", "?")
    waiting.exception(30)


def test_a_recording_of_a_speaker_may_be_larger_than_a_megabyte(client: TestClient) -> None:
    """It is refused for what it is, not for its size."""
    url = "data:audio/wav," + "A" * (1024 * 1024 + 10_000)
    form = {"model": "whisper-base", "known_speaker_names[]": "a", "known_speaker_references[]": url}
    answer = client.post(PATH, data=form, files={"file": ("a.wav", sound(0.1))})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "known_speaker_references[]")


SHORT, LONG, NOISE = data_url(sound(1.0)), data_url(sound(11.0)), data_url(b"This is a text." * 50)
GOOD = data_url(sound(3.0))


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        ({"model": "whisper-9"}, "model", "model_not_found"),
        ({"model": "tts-1"}, "model", "model_not_found"),
        ({"language": "xx"}, "language", "invalid_value"),
        ({"languages[]": ["xx"]}, "languages[]", "invalid_value"),
        ({"keywords[]": ["a" * 2_001]}, "keywords[]", "invalid_value"),
        ({"prompt": "a" * 2_001}, "prompt", "invalid_value"),
        ({"response_format": "yaml"}, "response_format", "invalid_value"),
        ({"temperature": "1.5"}, "temperature", "invalid_value"),
        ({"stream": "perhaps"}, "stream", "invalid_value"),
        ({"timestamp_granularities[]": "letter"}, "timestamp_granularities[]", "invalid_value"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities[]", "unsupported_value"),
        ({"include[]": "everything"}, "include[]", "invalid_value"),
        ({"include[]": "logprobs", "response_format": "text"}, "include[]", "unsupported_value"),
        ({"stream": "true", "response_format": "srt"}, "response_format", "unsupported_value"),
        ({"chunking_strategy": "never"}, "chunking_strategy", "invalid_value"),
        ({"chunking_strategy": '{"type": "client_vad"}'}, "chunking_strategy", "invalid_value"),
        ({"chunking_strategy[type]": "client_vad"}, "chunking_strategy[type]", "invalid_value"),
        ({"chunking_strategy[threshold]": "1.5"}, "chunking_strategy[threshold]", "invalid_value"),
        ({"chunking_strategy[silence_duration_ms]": "-1"}, "chunking_strategy[silence_duration_ms]", "invalid_value"),
        ({"model": "gpt-4o-transcribe-diarize", "response_format": "srt"}, "response_format", "unsupported_value"),
        ({"model": "gpt-4o-transcribe-diarize", "prompt": "Once"}, "prompt", "unsupported_value"),
        ({"model": "gpt-4o-transcribe-diarize-2025-10-15", "prompt": "Once"}, "prompt", "unsupported_value"),
        ({"model": "gpt-4o-transcribe-diarize", "include[]": "logprobs"}, "include[]", "unsupported_value"),
        ({"known_speaker_names[]": ["a"]}, "known_speaker_references[]", "invalid_value"),
        ({"known_speaker_references[]": [GOOD]}, "known_speaker_references[]", "invalid_value"),
        (
            {"known_speaker_names[]": ["a", "a"], "known_speaker_references[]": [GOOD, GOOD]},
            "known_speaker_names[]",
            "invalid_value",
        ),
        (
            {"known_speaker_names[]": ["a" * 101], "known_speaker_references[]": [GOOD]},
            "known_speaker_names[]",
            "invalid_value",
        ),
        (
            {"known_speaker_names[]": list("abcde"), "known_speaker_references[]": [GOOD] * 5},
            "known_speaker_names[]",
            "invalid_value",
        ),
        *(
            ({"known_speaker_names[]": ["a"], "known_speaker_references[]": [url]}, "known_speaker_references[]", code)
            for url, code in [
                ("https://example.org/a.wav", "invalid_value"),
                ("data:audio/wav,abc", "invalid_value"),
                ("data:audio/wav;base64,a!b", "invalid_value"),
                ("data:audio/wav;base64,é", "invalid_value"),
                ("data:audio/wav;base64,", "unreadable_audio"),
                (NOISE, "unreadable_audio"),
                (SHORT, "unreadable_audio"),
                (LONG, "unreadable_audio"),
            ]
        ),
    ],
)
def test_refusals(client: TestClient, ledger: Ledger, wrong: dict[str, Any], param: str, code: str) -> None:
    form: dict[str, Any] = {"model": "whisper-base"} | wrong
    answer = client.post(PATH, data=form, files={"file": ("a.wav", WAV)})
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, code), error["message"]
    assert answer.status_code == (404 if code == "model_not_found" else 400)
    assert len(error["message"]) < 300
    assert ledger.waiting() == {}


def test_a_form_with_too_many_fields_is_refused(client: TestClient) -> None:
    form = {"model": "whisper-base", "keywords[]": ["a"] * 300}
    answer = client.post(PATH, data=form, files={"file": ("a.wav", WAV)})
    assert answer.status_code == 400
    assert "200" in answer.json()["error"]["message"]
