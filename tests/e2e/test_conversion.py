"""A voice is added, used through both APIs that convert, and removed. Small random nets; all else is real."""

import io
import os
import signal
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch

from audio.decode import decode
from audio.pcm import to_s16
from models.rvc.frames import SAMPLE_RATE
from tests.e2e.product import KEY, Product, until, voxhall
from tests.e2e.submitting import finished, view
from tests.models.rvc.sounds import voiced
from tests.models.rvc.voices import architecture, write_pth

Answer = dict[str, Any]


def wav(samples: Any, *, rate: int = SAMPLE_RATE) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(to_s16(samples))
    return file.getvalue()


def seconds_of(content: bytes) -> float:
    return decode(io.BytesIO(content), SAMPLE_RATE).samples.size / SAMPLE_RATE


@pytest.fixture(scope="module")
def anna(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A voice, added with the command."""
    model = write_pth(tmp_path_factory.mktemp("voice") / "anna.pth", architecture("v2", rate=40_000))
    added = voxhall(product, "voices", "add", "Anna", str(model))
    assert added.returncode == 0, added.stderr
    assert "40" in added.stdout
    yield "Anna"
    removed = voxhall(product, "voices", "remove", "Anna")
    assert removed.returncode == 0, removed.stderr


@pytest.fixture(scope="module")
def twintune(product: Product) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=product.url, headers={"x-api-key": KEY}, timeout=60) as client:
        yield client


def submitted(client: httpx.Client, sound: bytes, **spec: Any) -> Answer:
    answer = client.post("/jobs", data={"spec": _json(spec)}, files={"audio": ("sound.wav", sound)})
    assert answer.status_code == 202, answer.text
    job: Answer = answer.json()
    return job


def _json(spec: Answer) -> str:
    return httpx.Request("POST", "http://x", json={"kind": "conversion"} | spec).content.decode()


def test_the_added_voice_is_told_of(client: httpx.Client, product: Product, anna: str) -> None:
    voice = client.get(f"/voices/rvc/{anna}").json()
    assert (voice["version"], voice["f0"], voice["sample_rate"], voice["speakers"]) == ("v2", True, 40_000, 3)
    assert "Anna" in voxhall(product, "voices", "list").stdout


def test_a_job_converts_with_every_parameter(client: httpx.Client, anna: str) -> None:
    spec = {
        "voice": anna,
        "f0_up_key": 3.5,
        "f0_method": "fcpe",
        "index_rate": 0.2,
        "filter_radius": 5,
        "rms_mix_rate": 0.4,
        "protect": 0.1,
        "resample_sr": 16_000,
        "speaker": 2,
        "seed": 7,
        "format": "wav",
    }
    jobs = [finished(client, submitted(client, wav(voiced(2.5)), **spec)) for _ in range(2)]
    assert [job["state"] for job in jobs] == ["succeeded", "succeeded"], jobs
    result = jobs[0]["result"]
    assert (result["f0_method"], result["seed"], result["sample_rate"]) == ("fcpe", 7, 16_000)
    contents = [httpx.get(job["result"]["url"]).content for job in jobs]
    with wave.open(io.BytesIO(contents[0])) as file:
        assert (file.getframerate(), file.getnframes()) == (16_000, 40_000)
    assert contents[0] == contents[1]


def test_twintune_converts(twintune: httpx.Client, anna: str) -> None:
    answer = twintune.post(
        "/v1/inferences-vc",
        params={"modelId": anna, "indexRate": 0.5, "rmsMixRate": 0.5, "filterRadius": 7},
        files={"audioInfer": ("sound.wav", wav(voiced(1.5)), "audio/x-wav")},
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["type"], answer.json()["status"], answer.json()["modelId"]) == ("VC", "RUNNING", anna)

    def look() -> Answer | None:
        body: Answer = twintune.get(f"/v1/inferences-vc/{answer.json()['inferenceId']}").json()
        return body if body["status"] != "RUNNING" else None

    ended = until(look)
    assert ended["status"] == "SUCCESS"
    assert seconds_of(httpx.get(ended["inferenceUrl"]).content) == pytest.approx(1.5, abs=0.06)
    assert [model["name"] for model in twintune.get("/v1/models-vc").json()["data"]] == [anna]
    assert twintune.get("/v1/inferences-vc").json()["data"][0]["inferenceId"] == ended["inferenceId"]


def test_the_command_converts(product: Product, anna: str, tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.flac"
    source.write_bytes(wav(voiced(1.0)))
    done = voxhall(product, "convert", str(source), "--voice", anna, "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert seconds_of(output.read_bytes()) == pytest.approx(1.0, abs=0.001)


def test_speech_is_answered_while_a_long_recording_is_converted_and_a_dead_worker_s_work_goes_on(
    product: Product, client: httpx.Client, anna: str
) -> None:
    long = submitted(client, wav(voiced(45.0), rate=8_000), voice=anna, f0_method="fcpe", format="flac")
    until(lambda: view(client, long)["progress"] > 0)
    answer = client.post("/v1/audio/speech", json={"model": "kokoro", "voice": "af_heart", "input": "Hello."})
    assert answer.is_success
    assert view(client, long)["state"] == "running"
    worker = product.pid("worker speech")
    assert worker
    os.kill(worker, signal.SIGKILL)
    ended = finished(client, long)
    assert ended["state"] == "succeeded", ended["error"]
    assert seconds_of(httpx.get(ended["result"]["url"]).content) == pytest.approx(90.0, abs=1e-3)
    client.delete(f"/jobs/{long['id']}").raise_for_status()
    assert not [path for path in product.files() if path.is_relative_to(product.data_dir / "tmp")]


def test_a_pickle_with_code_does_not_run(product: Product, client: httpx.Client, tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return subprocess.check_call, (["touch", str(marker)],)

    torch.save({"weight": Hostile(), "config": [], "sr": "40k"}, tmp_path / "hostile.pth")
    before = product.files()
    with (tmp_path / "hostile.pth").open("rb") as file:
        answer = client.post("/voices/rvc", data={"name": "Hostile"}, files={"model": file})
    assert answer.status_code == 400, answer.text
    assert "code" in answer.json()["error"]["message"]
    assert not marker.exists()
    assert product.files() <= before


def test_a_removed_voice_is_unknown(product: Product, client: httpx.Client, tmp_path: Path) -> None:
    before = product.files()
    model = write_pth(tmp_path / "b.pth", architecture("v1", f0=False, rate=32_000))
    with model.open("rb") as file:
        client.post("/voices/rvc", data={"name": "Bert"}, files={"model": file}).raise_for_status()
    assert product.files() > before
    assert client.delete("/voices/rvc/Bert").status_code == 204
    assert product.files() <= before
    answer = client.post("/jobs", data={"spec": _json({"voice": "Bert"})}, files={"audio": wav(voiced(1.0))})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "unknown_voice"


@pytest.mark.parametrize("samples", [np.zeros(800, np.float32), np.zeros(32_000, np.float32), voiced(0.05)])
def test_the_shortest_and_the_silent_are_as_long_as_they_were(client: httpx.Client, anna: str, samples: Any) -> None:
    job = finished(client, submitted(client, wav(samples), voice=anna, format="flac"))
    assert job["state"] == "succeeded", job
    assert seconds_of(httpx.get(job["result"]["url"]).content) == pytest.approx(len(samples) / SAMPLE_RATE, abs=1e-4)
