"""TwinTune's voice conversion: every status and body; a test plays the worker."""

import re
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from jobs.database import Database
from jobs.files import FileStore, input_key
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE, Settings
from jobs.specs import ConversionSpec
from server.app import create_app, largest_upload
from server.body_limit import FORM_OVERHEAD
from tests.audio.recordings import babble, recording, silent_film
from tests.server.conftest import Puppet, RvcVoices

PATH = "/v1/inferences-vc"
WRONG_FILE = {"message": "Invalid file type, use: ['audio/x-wav', 'audio/mpeg', 'audio/flac']"}
MISSING = {"msg": "field required", "type": "value_error.missing"}
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} \+00:00"
VOICE = babble(0.3, 48_000)
WAV = recording("wav", "pcm_s16le", VOICE, 48_000)


def post(client: TestClient, audio: bytes | None = WAV, kind: str = "audio/x-wav", **query: Any) -> Any:
    files = {} if audio is None else {"audioInfer": ("song.wav", audio, kind)}
    return client.post(PATH, params=query, files=files)


@pytest.fixture(autouse=True)
def anna(rvc: RvcVoices) -> str:
    return rvc.add("Anna")


def test_a_new_inference_runs_and_is_answered_as_documented(
    client: TestClient, ledger: Ledger, files: FileStore, anna: str
) -> None:
    answer = post(client, modelId="Anna")
    body = answer.json()
    assert answer.status_code == 200
    assert re.fullmatch(TIME, body["jobStartTime"])
    assert body == {
        "inferenceId": body["inferenceId"],
        "modelId": "Anna",
        "status": "RUNNING",
        "type": "VC",
        "inferenceUrl": None,
        "jobStartTime": body["jobStartTime"],
        "jobEndTime": None,
    }
    assert client.get(f"{PATH}/{body['inferenceId']}").json() == body
    job = ledger.get(body["inferenceId"])
    assert job.spec == ConversionSpec(
        voice=anna, asked_voice="Anna", index_rate=0.76, rms_mix_rate=1.0, filter_radius=3
    )
    assert isinstance(job.spec, ConversionSpec)
    assert (job.spec.filter_as, job.spec.f0_up_key, job.spec.format) == ("median", 0, "mp3")
    assert files.get(input_key(job.id, "audio")) == WAV


def test_the_query_is_followed(client: TestClient, ledger: Ledger, anna: str) -> None:
    body = post(client, modelId=anna, indexRate=0, rmsMixRate="0.5", filterRadius=7).json()
    assert body["modelId"] == anna
    spec = ledger.get(body["inferenceId"]).spec
    assert isinstance(spec, ConversionSpec)
    assert (spec.index_rate, spec.rms_mix_rate, spec.filter_radius) == (0.0, 0.5, 7)


@pytest.mark.parametrize(
    ("audio", "kind"),
    [
        (recording("wav", "pcm_s16le", babble(0.3, 8_000), 8_000), "audio/x-wav"),
        (recording("wav", "pcm_s16le", np.stack([VOICE, VOICE]), 48_000), "audio/wav"),
        (recording("wav", "pcm_s24le", VOICE, 48_000), "audio/wave"),
        (recording("mp3", "libmp3lame", VOICE, 48_000), "audio/mpeg"),
        (recording("flac", "flac", VOICE, 48_000), "audio/x-flac"),
        (recording("flac", "flac", VOICE, 48_000), "audio/x-wav"),
        (WAV, "application/octet-stream"),
    ],
    ids=["8 kHz", "stereo", "24 bit", "mp3", "flac", "flac as wav", "no type"],
)
def test_wav_mp3_and_flac_are_taken_whatever_they_are_called(client: TestClient, audio: bytes, kind: str) -> None:
    assert post(client, audio, kind, modelId="Anna").status_code == 200


@pytest.mark.parametrize(
    "audio",
    [
        b"This is a text that somebody called .wav. " * 50,
        b"",
        WAV[:20],
        recording("ogg", "libopus", VOICE, 48_000),
        recording("mp4", "aac", VOICE, 48_000, film=True),
        encode(VOICE, 48_000, format_named("m4a")),
        silent_film(0.2),
    ],
    ids=["text", "empty", "cut", "ogg", "film", "m4a", "silent film"],
)
def test_402_whatever_else_it_is_and_whatever_it_is_called(client: TestClient, files: FileStore, audio: bytes) -> None:
    for kind in ("audio/x-wav", "audio/mpeg"):
        answer = post(client, audio, kind, modelId="Anna")
        assert (answer.status_code, answer.json()) == (402, WRONG_FILE)
    assert files.list("jobs/") == []


def test_403_without_the_key_in_its_own_header(client: TestClient, secret: str) -> None:
    for headers in ({b"x-api-key": b""}, {b"x-api-key": b"wrong"}):
        for method, path in (("POST", PATH), ("GET", PATH), ("GET", f"{PATH}/1"), ("GET", "/v1/models-vc")):
            answer = client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize("size", [MEBIBYTE + 1, MEBIBYTE + FORM_OVERHEAD + 1])
def test_413(client: TestClient, files: FileStore, size: int) -> None:
    answer = post(client, WAV.ljust(size, b"\0"), modelId="Anna")
    assert (answer.status_code, answer.json()) == (413, {"message": "Payload Too Large"})
    assert files.list("jobs/") == []


def test_413_begins_at_50_mb_while_it_arrives_though_the_server_takes_more(
    settings: Settings, database: Database, secret: str
) -> None:
    large = settings.model_copy(update={"max_upload_bytes": 100 * MEBIBYTE})
    assert [largest_upload(large, path) // MEBIBYTE for path in (PATH, "/jobs")] == [50, 100]
    announced = {"Content-Length": str(51 * MEBIBYTE), "Content-Type": "multipart/form-data; boundary=xx"}
    with TestClient(create_app(large), headers={"x-api-key": secret} | announced) as client:
        assert client.post(PATH, content=b"--xx").status_code == 413
        assert client.post("/jobs", content=b"--xx").status_code == 400


def test_422_for_what_is_missing(client: TestClient) -> None:
    answer = post(client, None)
    model, audio = {"loc": ["query", "modelId"]} | MISSING, {"loc": ["body", "audioInfer"]} | MISSING
    assert (answer.status_code, answer.json()) == (422, {"detail": [model, audio]})
    assert post(client).json() == {"detail": [model]}
    assert post(client, None, modelId="Anna").json() == {"detail": [audio]}
    assert client.post(PATH, params={"modelId": "Anna"}, json={}).json() == {"detail": [audio]}


def test_422_for_a_text_in_place_of_the_file(client: TestClient) -> None:
    answer = client.post(PATH, params={"modelId": "Anna"}, data={"audioInfer": "song.wav"})
    [problem] = answer.json()["detail"]
    assert (answer.status_code, problem["loc"], problem["type"]) == (422, ["body", "audioInfer"], "value_error")
    assert problem["msg"] == "Expected UploadFile, received: <class 'str'>"


@pytest.mark.parametrize(
    ("name", "value", "kind", "message", "limit"),
    [
        ("indexRate", "1.01", "number.not_le", "ensure this value is less than or equal to 1", 1),
        ("indexRate", "-0.1", "number.not_ge", "ensure this value is greater than or equal to 0", 0),
        ("rmsMixRate", "inf", "number.not_le", "ensure this value is less than or equal to 1", 1),
        ("filterRadius", "8", "number.not_le", "ensure this value is less than or equal to 7", 7),
        ("filterRadius", "-1", "number.not_ge", "ensure this value is greater than or equal to 0", 0),
        ("modelId", "", "any_str.min_length", "ensure this value has at least 1 characters", 1),
        ("modelId", "x" * 101, "any_str.max_length", "ensure this value has at most 100 characters", 100),
    ],
)
def test_422_for_what_is_out_of_range(
    client: TestClient, name: str, value: str, kind: str, message: str, limit: int
) -> None:
    problem = {"loc": ["query", name], "msg": message, "type": f"value_error.{kind}", "ctx": {"limit_value": limit}}
    query: dict[str, Any] = {"modelId": "Anna", name: value}
    answer = post(client, **query)
    assert (answer.status_code, answer.json()) == (422, {"detail": [problem]})


@pytest.mark.parametrize(
    ("name", "value", "kind", "message"),
    [
        ("indexRate", "much", "type_error.float", "value is not a valid float"),
        ("rmsMixRate", "", "type_error.float", "value is not a valid float"),
        ("filterRadius", "1.5", "type_error.integer", "value is not a valid integer"),
    ],
)
def test_422_for_what_is_no_number(client: TestClient, name: str, value: str, kind: str, message: str) -> None:
    problem = {"loc": ["query", name], "msg": message, "type": kind}
    query: dict[str, Any] = {"modelId": "Anna", name: value}
    answer = post(client, **query)
    assert (answer.status_code, answer.json()) == (422, {"detail": [problem]})


def test_nan_is_no_rate(client: TestClient) -> None:
    assert post(client, modelId="Anna", indexRate="nan").status_code == 422


@pytest.mark.parametrize("model", ["Bert", "a\0"])
def test_422_for_an_unknown_model_as_for_an_unknown_tts_voice(client: TestClient, files: FileStore, model: str) -> None:
    answer = post(client, modelId=model)
    problem = {
        "loc": ["query", "modelId"],
        "msg": f"There is no model `{model}`. `GET /v1/models-vc` lists them.",
        "type": "value_error",
    }
    assert (answer.status_code, answer.json()) == (422, {"detail": [problem]})
    assert files.list("jobs/") == []


def test_503_where_the_server_cannot_convert(client: TestClient, hall: Any) -> None:
    for file in hall.catalog.model("contentvec").files:
        (hall.settings.models_dir / "contentvec" / file.path).unlink()
    answer = post(client, modelId="Anna")
    assert answer.status_code == 503
    assert answer.json().keys() == {"message"}
    assert "voxhall models pull contentvec" in answer.json()["message"]


def test_success_has_a_link_of_five_hours_to_an_mp3_that_needs_no_key(client: TestClient, puppet: Puppet) -> None:
    inference = post(client, modelId="Anna").json()["inferenceId"]
    claim = puppet.claim("conversion")
    assert client.get(f"{PATH}/{inference}").json()["status"] == "RUNNING"
    puppet.deliver(claim, "conversion.mp3", b"sound", voice="Anna", duration=0.3, warnings=[])
    body = client.get(f"{PATH}/{inference}").json()
    assert body["status"] == "SUCCESS"
    assert re.fullmatch(TIME, body["jobEndTime"])
    answer = client.get(body["inferenceUrl"], headers={"x-api-key": "", "Authorization": ""})
    assert (answer.content, answer.headers["content-type"]) == (b"sound", "audio/mpeg")


def test_failed_and_cancelled_are_failed(client: TestClient, puppet: Puppet) -> None:
    failed, canceled = (post(client, modelId="Anna").json()["inferenceId"] for _ in range(2))
    puppet.fail(puppet.claim("conversion"), "unknown_voice", "The voice was removed.")
    client.post(f"/jobs/{canceled}/cancel")
    for inference in (failed, canceled):
        body = client.get(f"{PATH}/{inference}").json()
        assert (body["status"], body["inferenceUrl"]) == ("FAILED", None)
        assert re.fullmatch(TIME, body["jobEndTime"])


def test_pages_hold_conversions_of_this_api_and_key_alone(
    client: TestClient, database: Database, rvc: RvcVoices
) -> None:
    rvc.install("kokoro")
    ids = [post(client, modelId="Anna").json()["inferenceId"] for _ in range(3)]
    spoken = client.post("/v1/inferences-tts", json={"tts_text": "Hello.", "tts_voice": "af_heart"}).json()
    assert spoken["type"] == "TTS"
    own = client.post("/jobs", data={"spec": '{"kind": "conversion", "voice": "Anna"}'}, files={"audio": WAV}).json()
    page = client.get(PATH, params={"perPage": 2}).json()
    assert [inference["inferenceId"] for inference in page["data"]] == [ids[2], ids[1]]
    base = f"http://testserver{PATH}?page="
    assert page["meta"] == {
        "total": 3,
        "perPage": 2,
        "currentPage": 1,
        "lastPage": 2,
        "firstPage": 1,
        "firstPageUrl": f"{base}1&perPage=2",
        "lastPageUrl": f"{base}2&perPage=2",
        "nextPageUrl": f"{base}2&perPage=2",
        "previousPageUrl": None,
    }
    assert [one["inferenceId"] for one in client.get(page["meta"]["nextPageUrl"]).json()["data"]] == [ids[0]]
    stranger = {"x-api-key": Keys(database).create("other")[1]}
    assert client.get(PATH, headers=stranger).json()["data"] == []
    for path, headers in ((f"{PATH}/{own['id']}", {}), (f"{PATH}/{ids[0]}", stranger), (f"{PATH}/nothing", {})):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    assert client.get(f"/v1/inferences-tts/{ids[0]}").status_code == 404


def test_models_are_the_voices_that_the_key_may_use(
    client: TestClient, rvc: RvcVoices, database: Database, anna: str
) -> None:
    rvc.add("Strange", key_id=Keys(database).create("other")[0].id)
    rvc.add("Cloned", kind="clone")
    bert = rvc.add("Bert")
    page = client.get("/v1/models-vc", params={"perPage": 1}).json()
    assert [(model["modelId"], model["name"]) for model in page["data"]] == [(bert, "Bert")]
    assert re.fullmatch(TIME, page["data"][0]["createdAt"])
    assert (page["meta"]["total"], page["meta"]["lastPage"]) == (2, 2)
    following = client.get(page["meta"]["nextPageUrl"]).json()
    assert [model["modelId"] for model in following["data"]] == [anna]
    assert following["meta"]["nextPageUrl"] is None


def test_errors_of_the_models_are_twintunes_and_not_openais(client: TestClient) -> None:
    answer = client.get("/v1/models-vc", params={"page": 0})
    limit = {"type": "value_error.number.not_ge", "ctx": {"limit_value": 1}}
    problem = {"loc": ["query", "page"], "msg": "ensure this value is greater than or equal to 1"} | limit
    assert (answer.status_code, answer.json()) == (422, {"detail": [problem]})
    assert client.get("/v1/models-vc/").json() == {"message": "Not Found"}
    assert client.get("/v1/models/nothing").json()["error"]["code"] == "not_found"
