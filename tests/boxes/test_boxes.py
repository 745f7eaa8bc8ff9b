"""Two boxes with one queue: PostgreSQL and Valkey over TCP with passwords, and an S3. Their clocks differ."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.files import FileStore, job_prefix, segment_prefix, voice_prefix
from tests.boxes.box import Box
from tests.boxes.conftest import Claims
from tests.boxes.servers import Bucket
from tests.e2e.product import until
from tests.e2e.submitting import finished, submit
from tests.e2e.texts import LINES, SENTENCE
from tests.models.rvc.voices import architecture, write_pth

LINE = {"kind": "speech", "text": "All is well.", "voice": "am_onyx"}
LONG = {"kind": "speech", "text": LINES, "voice": "am_onyx"}


def segments(bucket: Bucket, job: dict[str, Any]) -> dict[Path, int]:
    """When each stored segment of the job was written."""
    found = {}
    for path in bucket.folder.glob(f"{segment_prefix(job['id'])}??????"):
        found[path] = path.stat().st_mtime_ns
    return found


def test_both_take_from_one_queue(boxes: tuple[Box, Box], first: httpx.Client, second: httpx.Client) -> None:
    jobs: list[dict[str, Any]] = []
    while not all(any(box.done(job["id"]) for job in jobs) for box in boxes):
        assert len(jobs) < 80  # one that is busy may take none of the first
        some = [submit(first, LINE) for _ in range(8)]
        # Whoever asks which box: it is one ledger.
        assert {finished(second, job)["state"] for job in some} == {"succeeded"}
        until(lambda: all(any(box.done(job["id"]) for box in boxes) for job in some))  # noqa: B023 - at once
        jobs += some
    assert [sum(box.done(job["id"]) for box in boxes) for job in jobs] == [1] * len(jobs)


def test_a_caller_follows_what_the_other_box_does(boxes: tuple[Box, Box], first: httpx.Client) -> None:
    for box in boxes:
        with box.client() as client:
            job = submit(first, LINE)
            with client.stream("GET", f"/jobs/{job['id']}/events") as events:
                told = [line for line in events.iter_lines() if line.startswith("event:")]
        assert told
        assert finished(first, job)["state"] == "succeeded"


def test_the_bucket_itself_serves_results(first: httpx.Client, bucket: Bucket) -> None:
    job = finished(first, submit(first, LINE | {"format": "mp3"}))
    url = job["result"]["url"]
    assert url.startswith(f"{bucket.endpoint}/")
    whole = httpx.get(url)  # without any key
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/mpeg")
    part = httpx.get(url, headers={"Range": "bytes=100-199"})
    # rclone's status is 200 where S3's is 206.
    assert (part.headers["content-range"], part.content) == (
        f"bytes 100-199/{len(whole.content)}",
        whole.content[100:200],
    )
    assert httpx.get(url.replace("X-Amz-Signature=", "X-Amz-Signature=0")).status_code in {400, 403}
    assert first.delete(f"/jobs/{job['id']}").status_code == 204
    assert httpx.get(url).status_code == 404
    assert list(bucket.folder.glob(f"{job_prefix(job['id'])}**/*")) == []


def test_an_answer_that_is_audio_is_not_a_redirect(second: httpx.Client) -> None:
    """Clients that follow one would send their POST to the bucket."""
    body = {"model": "kokoro", "voice": "am_onyx", "input": "All is well.", "response_format": "wav"}
    answer = second.post("/v1/audio/speech", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert (answer.content[:4], len(answer.content)) == (b"RIFF", int(answer.headers["content-length"]))


def test_recordings_and_voices_pass_through_the_bucket(
    first: httpx.Client, second: httpx.Client, files: FileStore, tmp_path: Path
) -> None:
    spoken = finished(first, submit(first, LINE | {"text": f"{SENTENCE} {SENTENCE}", "format": "wav"}))
    clip = httpx.get(spoken["result"]["url"]).content
    model = write_pth(tmp_path / "anna.pth", architecture("v2", rate=40_000)).read_bytes()
    added = first.post("/voices/rvc", data={"name": "Anna"}, files={"model": ("anna.pth", model)})
    assert added.status_code == 201, added.text
    form = {"name": "Bea", "consent": "true", "model": "pocket-tts"}
    saved = first.post("/voices/saved", data=form, files={"reference": ("clip.wav", clip)})
    assert saved.status_code == 201, saved.text
    for voice in (added.json(), saved.json()):
        assert files.list(voice_prefix(voice["id"]))
    jobs = [
        _with_audio(second, {"kind": "transcription", "model": "whisper-base"}, "audio", clip),
        _with_audio(second, {"kind": "conversion", "voice": "Anna"}, "audio", clip),
        submit(second, {"kind": "clone", "text": "All is well.", "voice": "Bea", "model": "pocket-tts"}),
    ]
    ends = [finished(second, job) for job in jobs]
    assert [(end["state"], end["error"]) for end in ends] == [("succeeded", None)] * len(jobs)
    assert "lighthouse" in httpx.get(ends[0]["result"]["url"]).text
    for path in ("/voices/rvc/Anna", "/voices/saved/Bea"):
        assert second.delete(path).status_code == 204
    for voice in (added.json(), saved.json()):
        assert files.list(voice_prefix(voice["id"])) == []


def _with_audio(client: httpx.Client, spec: dict[str, Any], field: str, content: bytes) -> dict[str, Any]:
    answer = client.post("/jobs", data={"spec": json.dumps(spec)}, files={field: ("clip.wav", content)})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def test_nobody_thought_the_other_dead(boxes: tuple[Box, Box], claimed_by: Claims, first: httpx.Client) -> None:
    """Although one clock is ten minutes ahead of the other, and leases last four seconds."""
    job = submit(first, LONG)
    owner = until(lambda: claimed_by(job["id"]))
    seen = {owner}
    end = time.monotonic() + 6
    while time.monotonic() < end and (now := claimed_by(job["id"])):
        seen.add(now)
    first.post(f"/jobs/{job['id']}/cancel")
    assert seen == {owner}
    assert all("step recovered" not in box.said() for box in boxes)


def test_a_box_dies_and_the_other_goes_on(
    boxes: tuple[Box, Box], bucket: Bucket, claimed_by: Claims, first: httpx.Client
) -> None:
    """The last test of this module: there is one box afterwards."""
    job = submit(first, LONG)
    until(lambda: len(segments(bucket, job)) >= 2)
    owner = claimed_by(job["id"])
    dead, left = boxes if owner in boxes[0].workers() else boxes[::-1]
    dead.die()
    kept = segments(bucket, job)
    assert 0 < len(kept) < len(LONG["text"].splitlines())
    until(lambda: claimed_by(job["id"]) in left.workers(), seconds=30)
    with left.client() as client:
        end = finished(client, job)
        assert end["state"] == "succeeded"
        after = segments(bucket, job)
        assert len(after) == end["result"]["segments"] == len(LONG["text"].splitlines())
        assert {path: after[path] for path in kept} == kept
        assert httpx.get(end["result"]["url"]).status_code == 200
        until(lambda: client.get("/readyz").is_success)


@pytest.mark.parametrize("number", [0, 1])
def test_nothing_is_logged_that_must_not_be(boxes: tuple[Box, Box], number: int) -> None:
    said = boxes[number].said()
    assert "Traceback" not in said
    assert SENTENCE[:20] not in said
    for secret in ("only-boxes-know-this", "a-secret-of-the-tests-bucket", "a-secret-that-all-the-boxes-share-here"):
        assert secret not in said
