# ruff: noqa: RUF001 - phonemes
"""Voxhall's own API: any spec as a job, and all that can be done with one."""

import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from audio.decode import decode
from tests.e2e.product import KEY, Product, until, voxhall
from tests.e2e.submitting import finished, submit, view
from tests.e2e.texts import GERMAN, LINES

GREETING = {"kind": "speech", "text": "A very good morning to you.", "voice": "am_adam"}
LONG = {"kind": "speech", "text": LINES, "voice": "bm_daniel"}
FIELDS = {
    "id", "kind", "state", "model", "asked_model", "progress", "position", "result", "error",
    "created_at", "started_at", "finished_at", "expired_at",
}  # fmt: skip


def events(client: httpx.Client, job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    with client.stream("GET", f"/jobs/{job['id']}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


@pytest.fixture(scope="module")
def spoken(client: httpx.Client) -> dict[str, Any]:
    return finished(client, submit(client, GREETING))


def test_a_job_from_start_to_end(client: httpx.Client) -> None:
    job = submit(client, LONG)
    assert job.keys() == FIELDS
    assert (job["kind"], job["state"], job["progress"], job["result"]) == ("speech", "queued", 0, None)
    told = list(events(client, job))
    parts = [part["index"] for name, part in told if name == "segment"]
    assert parts == list(range(len(parts)))
    assert len(parts) >= 2
    told = [(name, now) for name, now in told if name != "segment"]
    assert [name for name, _ in told] == ["progress"] * (len(told) - 1) + ["done"]
    progress = [now["progress"] for _, now in told]
    assert progress == sorted(progress)
    assert len({value for value in progress if 0 < value < 1}) >= 2
    last = told[-1][1]
    assert (last["state"], last["progress"], last["position"], last["error"]) == ("succeeded", 1, None, None)
    assert last["created_at"] <= last["started_at"] <= last["finished_at"]
    assert last["result"]["segments"] == len(LINES.splitlines())


def test_events_of_a_finished_job(client: httpx.Client, spoken: dict[str, Any]) -> None:
    assert [name for name, _ in events(client, spoken)] == ["done"]


def test_a_result_has_no_path(spoken: dict[str, Any]) -> None:
    assert spoken["result"].keys() == {
        "media_type", "format", "size", "duration", "sample_rate", "segments", "model", "voice", "url", "captions",
    }  # fmt: skip


def test_captions_lie_beside_the_speech(spoken: dict[str, Any]) -> None:
    captions = {form: httpx.get(url).raise_for_status() for form, url in spoken["result"]["captions"].items()}
    words = captions["words"].json()["words"]
    assert [word["word"] for word in words] == ["A", "very", "good", "morning", "to", "you"]
    assert words[-1]["end"] <= spoken["result"]["duration"]
    assert "A very good morning to you." in captions["srt"].text
    assert captions["vtt"].text.startswith("WEBVTT")


def test_markup_blends_pronunciations_loudness(client: httpx.Client) -> None:
    spec = {
        "kind": "speech", "text": "[pause:1s] A [tomato](/təmˈɑto/), please. [pause:1s]", "format": "wav",
        "voice": "af_bella(2)+af_sky(1)", "pronunciations": {"please": "pleeze"},
        "loudness": -20, "trim_silence": True,
    }  # fmt: skip
    result = finished(client, submit(client, spec))["result"]
    assert result["loudness"] == pytest.approx(-20, abs=0.2)
    assert result["duration"] < 2
    words = httpx.get(result["captions"]["words"]).json()["words"]
    assert [word["word"] for word in words] == ["A", "tomato", "please"]


def test_a_transcription(client: httpx.Client, recording: Path) -> None:
    spec = {"kind": "transcription", "language": "en", "word_times": True}
    with recording.open("rb") as audio:
        answer = client.post("/jobs", data={"spec": json.dumps(spec)}, files={"audio": audio})
    assert answer.status_code == 202, answer.text
    job = finished(client, answer.json())
    assert job["state"] == "succeeded", job
    transcript = httpx.get(job["result"]["url"]).json()
    assert "lighthouse" in transcript["text"]
    assert transcript["segments"][0]["words"]


def test_every_option_of_speech(client: httpx.Client) -> None:
    spec = GREETING | {"format": "wav", "sample_rate": 16_000, "seed": 7, "language": "en-gb", "model": "kokoro"}
    jobs = [submit(client, spec | change) for change in ({}, {}, {"speed": 2.0})]
    results = [finished(client, job)["result"] for job in jobs]
    first, second, fast = (httpx.get(result["url"]).content for result in results)
    assert first == second
    with wave.open(io.BytesIO(first)) as file:
        assert (file.getframerate(), file.getnchannels()) == (16_000, 1)
        assert file.getnframes() / 16_000 == pytest.approx(results[0]["duration"], abs=1e-3)
    assert len(fast) < 0.75 * len(first)


@pytest.mark.parametrize("name", ["ogg", "m4a"])
def test_formats_beyond_those_of_openai(client: httpx.Client, name: str) -> None:
    result = finished(client, submit(client, GREETING | {"format": name}))["result"]
    content = httpx.get(result["url"]).content
    assert len(content) == result["size"]
    assert len(decode(io.BytesIO(content), 24_000).samples) / 24_000 == pytest.approx(result["duration"], abs=0.15)


def test_lists(client: httpx.Client, spoken: dict[str, Any]) -> None:
    newest = client.get("/jobs", params={"size": 3}).json()
    assert newest.keys() == {"jobs", "total", "page", "size"}
    assert len(newest["jobs"]) == 3
    times = [job["created_at"] for job in newest["jobs"]]
    assert times == sorted(times, reverse=True)
    succeeded = client.get("/jobs", params={"state": "succeeded", "kind": "speech", "size": 100}).json()
    assert {(job["state"], job["kind"]) for job in succeeded["jobs"]} == {("succeeded", "speech")}
    assert spoken["id"] in {job["id"] for job in succeeded["jobs"]}
    assert client.get("/jobs", params={"page": 1000}).json()["jobs"] == []


def test_cancel(client: httpx.Client) -> None:
    """One that runs, and one that waits behind those that do."""
    jobs = [submit(client, LONG) for _ in range(4)]
    until(lambda: view(client, jobs[0])["progress"])
    waiting = view(client, jobs[-1])
    assert (waiting["state"], waiting["position"]) == ("queued", 0)
    for job in reversed(jobs):
        answer = client.post(f"/jobs/{job['id']}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "canceled")
    again = client.post(f"/jobs/{jobs[0]['id']}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    assert finished(client, submit(client, GREETING))["state"] == "succeeded"
    views = [view(client, job) for job in jobs]
    assert [(now["state"], now["result"]) for now in views] == [("canceled", None)] * 4


def test_delete(client: httpx.Client, product: Product) -> None:
    job = finished(client, submit(client, GREETING))
    folder = product.data_dir / "files/jobs" / job["id"]
    assert folder.is_dir()
    assert client.delete(f"/jobs/{job['id']}").status_code == 204
    assert not folder.exists()
    assert httpx.get(job["result"]["url"]).status_code == 404
    assert client.get(f"/jobs/{job['id']}").status_code == 404
    assert client.delete(f"/jobs/{job['id']}").status_code == 404


def test_delete_while_it_runs(client: httpx.Client, product: Product) -> None:
    job = submit(client, LONG)
    folder = product.data_dir / "files/jobs" / job["id"]
    told = events(client, job)
    while next(told)[0] != "segment":
        pass
    assert client.delete(f"/jobs/{job['id']}").status_code == 204
    assert [(name, now["state"]) for name, now in told][-1] == ("done", "canceled")
    # Its worker finishes the segment that it is at before it sees that the job is gone.
    assert finished(client, submit(client, GREETING))["state"] == "succeeded"
    until(lambda: not folder.exists())


def test_a_stranger_sees_nothing(product: Product, client: httpx.Client, spoken: dict[str, Any]) -> None:
    key = voxhall(product, "keys", "create", "stranger").stdout.strip()
    with product.client(key) as stranger:
        assert stranger.get("/jobs").json()["total"] == 0
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/events")):
            answer = stranger.request(method, f"/jobs/{spoken['id']}{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert view(client, spoken)["state"] == "succeeded"


def test_a_part_of_a_file(spoken: dict[str, Any]) -> None:
    url, size = spoken["result"]["url"], spoken["result"]["size"]
    whole = httpx.get(url)
    assert (whole.headers["accept-ranges"], len(whole.content)) == ("bytes", size)
    part = httpx.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 100-199/{size}")
    assert part.content == whole.content[100:200]
    assert httpx.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416


def test_a_forged_link(spoken: dict[str, Any], product: Product) -> None:
    head, token, name = spoken["result"]["url"].rsplit("/", 2)
    middle = len(token) // 2
    forged = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for wrong in (f"{head}/{forged}/{name}", f"{head}/{token[:-2]}/{name}", f"{product.url}/files/jobs/{name}"):
        answer = httpx.get(wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_voices(client: httpx.Client) -> None:
    voices = client.get("/voices").json()
    assert voices["total"] == len({voice["id"] for voice in voices["voices"]})
    assert len([voice for voice in voices["voices"] if voice["model"] == "kokoro"]) == 54
    british = client.get("/voices", params={"language": "en-gb"}).json()["voices"]
    assert len(british) == 8
    assert all(voice["available"] for voice in british)
    assert all(voice["available"] for voice in client.get("/voices?language=ja-JP").json()["voices"])


def test_models(client: httpx.Client) -> None:
    models = {model["id"]: model for model in client.get("/models").json()["models"]}
    assert models["kokoro"]["installed"]
    assert models["kokoro"]["licence"] == "Apache-2.0"
    assert models["whisper-base"]["kind"] == "transcription"


@pytest.mark.parametrize(
    ("spec", "status", "code", "param"),
    [
        (GREETING | {"text": ""}, 400, "invalid_request", "text"),
        (GREETING | {"text": "a" * 100_001}, 400, "text_too_long", "text"),
        (GREETING | {"text": GERMAN}, 400, "invalid_request", "text"),
        (GREETING | {"voice": "nobody"}, 400, "unknown_voice", "voice"),
        (GREETING | {"model": "nothing"}, 400, "unknown_model", "model"),
        (GREETING | {"model": "whisper-base"}, 400, "unknown_model", "model"),
        (GREETING | {"format": "mp4"}, 400, "invalid_request", "format"),
        (GREETING | {"speed": 9}, 400, "invalid_request", "speed"),
        (GREETING | {"sample_rate": 44_101}, 400, "invalid_request", "sample_rate"),
        (GREETING | {"format": "pcm", "sample_rate": 16_000}, 400, "invalid_request", "sample_rate"),
        (GREETING | {"seed": -1}, 400, "invalid_request", "seed"),
        (GREETING | {"colour": "red"}, 400, "invalid_request", "colour"),
        ({"kind": "dance"}, 400, "invalid_request", "kind"),
        ({"kind": "transcription"}, 400, "invalid_request", "audio"),
        ({}, 400, "invalid_request", "kind"),
    ],
)
def test_refused_specs(
    client: httpx.Client, product: Product, spec: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    files = product.files()
    answer = client.post("/jobs", json=spec)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert product.files() <= files


def test_refused_uploads(client: httpx.Client, product: Product) -> None:
    files, total = product.files(), client.get("/jobs").json()["total"]
    spec = {"spec": json.dumps({"kind": "transcription"})}
    for content in (b"", b"text\n" * 99):
        answer = client.post("/jobs", data=spec, files={"audio": ("a.mp3", content)})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unreadable_audio")
    form = {"spec": (None, spec["spec"])}
    assert client.post("/jobs", files=form).json()["error"]["param"] == "audio"
    assert client.get("/jobs").json()["total"] == total
    assert product.files() <= files


def test_keys_are_asked_for(product: Product) -> None:
    for path in ("/jobs", "/jobs/1", "/voices", "/models"):
        answer = httpx.get(f"{product.url}{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    for headers in ({"x-api-key": KEY}, {"Authorization": f"Bearer {KEY}"}):
        assert httpx.get(f"{product.url}/voices", headers=headers).is_success


def test_unknown_ways(client: httpx.Client) -> None:
    assert client.get("/nothing").json()["error"]["code"] == "not_found"
    assert client.put("/jobs").status_code == 405
    assert client.get("/jobs", params={"state": "lost"}).status_code == 400


def test_pages_without_a_key(product: Product) -> None:
    assert httpx.get(f"{product.url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{product.url}/readyz").json()
    assert (ready["status"], ready["problems"]) == ("ready", [])
    assert {worker["role"] for worker in ready["workers"]} == {"speech", "transcription", "io"}
    assert "swagger" in httpx.get(f"{product.url}/docs").text
    assert httpx.get(f"{product.url}/docs/assets/swagger-ui-bundle.js").is_success
    assert "/jobs" in httpx.get(f"{product.url}/openapi.json").json()["paths"]
