"""The samples of the vendors' own pages, with only host and key changed.

TTS.ai's page contradicts itself: its samples for speech write the answer to a file as if it were audio, and its text
says that it is a job to be polled. The job is the contract (docs/compatibility.md). Its samples of the audio tools
reach what is not offered.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from audio.probe import probe
from tests.conftest import ROOT
from tests.e2e.product import KEY, Product, until

PAGE = (ROOT / "tests" / "e2e" / "samples" / "ttsai.md").read_text()
SAMPLE = re.compile(r"^## (.+?)\n\n```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SAMPLES = {title: (language, code) for title, language, code in SAMPLE.findall(PAGE)}
SAID = "The harbour lies quiet this morning, and the first boats come in with their nets full of silver fish."

# What the samples leave to their reader: a file that was picked, and a browser's player.
BROWSER = """
import {readFileSync} from 'node:fs';
const audioFile = new Blob([readFileSync('recording.mp3')]);
globalThis.Audio = class { constructor(url) { this.url = url } play() { console.log(audioBlob.type) } };
"""


DIRECT = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
"""No proxy of this machine stands between the samples and the product."""


def has_node() -> bool:
    """One that has `fetch`, too."""
    if not (node := shutil.which("node")):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    return int(version.lstrip("v").split(".")[0]) >= 18


needs_node = pytest.mark.skipif(not has_node(), reason="node 18 or newer is not installed")


@pytest.fixture(scope="module")
def clip(openai: OpenAI) -> bytes:
    return openai.audio.speech.create(model="kokoro", voice="af_heart", input=SAID, response_format="wav").content


@pytest.fixture
def folder(tmp_path: Path, clip: bytes) -> Path:
    """Where the samples find their files."""
    for name in ("recording.mp3", "reference.wav", "source_audio.mp3", "noisy_audio.mp3"):
        (tmp_path / name).write_bytes(clip)
    return tmp_path


def run(title: str, product: Product, folder: Path, **other: str) -> str:
    """What the sample prints. `other` are words of it, and what stands in their place."""
    language, code = SAMPLES[title]
    for word, instead in other.items():
        code = code.replace(word, instead)
    code = re.sub(r"https://(api\.)?tts\.ai", product.url, code)
    code = re.sub(r"sk-tts-(your-key|\.\.\.)", KEY, code)
    command = {
        "bash": ["bash", "-euc", code],
        "python": [sys.executable, "-c", code],
        "javascript": ["node", "--input-type=module", "--eval", BROWSER + code],
    }[language]
    answer = subprocess.run(
        command, cwd=folder, env=os.environ | DIRECT, capture_output=True, text=True, timeout=240, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def completed(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        now: dict[str, Any] = client.get("/v1/speech/results/", params={"uuid": job["uuid"]}).json()
        return None if now["status"] in ("queued", "processing") else now

    state = until(look)
    assert state["status"] == "completed", state
    return state


@pytest.mark.parametrize("title", ["submit", "speech by curl", "speech in python"])
def test_what_samples_take_for_audio_is_the_job(
    title: str, product: Product, client: httpx.Client, folder: Path
) -> None:
    printed = run(title, product, folder)
    job = json.loads((folder / "output.mp3").read_text())
    assert completed(client, job)["result_url"].startswith(product.url)
    if title == "speech in python":
        assert re.fullmatch(r"Credits used: \d+\n", printed)


def test_a_job_is_polled_and_downloaded(product: Product, folder: Path) -> None:
    run("submit, poll, download", product, folder)
    assert probe(folder / "output.mp3").codec.startswith("mp3")


@pytest.mark.parametrize(
    "title",
    ["transcript in python", "transcript by curl", pytest.param("transcript in javascript", marks=needs_node)],
)
def test_a_recording_is_transcribed(title: str, product: Product, folder: Path) -> None:
    assert "silver fish" in run(title, product, folder).lower()


@needs_node
def test_javascript_gets_the_job_too(product: Product, folder: Path) -> None:
    assert run("speech in javascript", product, folder).startswith("application/json")


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("clone in python", "cloned_output.mp3"),
        ("clone by curl", "cloned.mp3"),
        ("change by curl", "converted.wav"),
    ],
)
def test_clones_and_changed_voices_are_audio(title: str, made: str, product: Product, folder: Path) -> None:
    run(title, product, folder)
    found = probe(folder / made)
    assert found.duration
    assert found.container == made.rsplit(".", 1)[1]


def test_what_is_not_offered_says_so(product: Product, folder: Path) -> None:
    run("enhance by curl", product, folder)
    error = json.loads((folder / "enhanced.mp3").read_text())["error"]
    assert error["type"] == "not_offered"


def test_a_voice_is_saved_and_speaks(product: Product, client: httpx.Client, folder: Path) -> None:
    voice = json.loads(run("save a voice", product, folder))
    try:
        assert voice["storage_status"] == "active"
        printed = run("speak in a saved voice", product, folder, uv_a1b2c3d4e5f6=voice["public_id"])
        assert completed(client, json.loads(printed))["result_url"]
    finally:
        client.delete("/api/v1/user-voices/", params={"public_id": voice["public_id"]})


def test_the_python_client_speaks(product: Product, folder: Path) -> None:
    """It takes its hosts as arguments, and has no `save`, which the page goes on to call."""
    here = f'TTSClient(base_url="{product.url}", gpu_url="{product.url}", '
    kept = '"kokoro"\n)\nopen("output.wav", "wb").write(audio)\n'
    run("the python client", product, folder, **{"TTSClient(": here, '"kokoro"\n)\n': kept})
    assert probe(folder / "output.wav").duration
