"""Voices cloned, saved, designed and put into recordings, by the APIs' own clients.

kokoro-match speaks with real weights. The other engines are the real code of their libraries over small random nets:
what they say is not looked at, but that it is the same voice's each time, and nobody else's.
"""

import io
import json
import os
import signal
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from tts_ai import TTSClient

from audio.decode import decode
from audio.pcm import Samples, to_s16
from tests.e2e.product import KEY, Product, until, voxhall
from tests.e2e.submitting import finished

Answer = dict[str, Any]

SAID = "The harbour lies quiet this morning, and the first boats come in with their nets full of silver fish."
TEXT = "One boat."
RATE = 24_000
POCKET = "pocket-tts"


def wav(samples: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE)
        target.writeframes(to_s16(samples))
    return file.getvalue()


def heard(content: bytes) -> Samples:
    return decode(io.BytesIO(content), RATE).samples


def spoken(openai: OpenAI, voice: str) -> bytes:
    return openai.audio.speech.create(model="kokoro", voice=voice, input=SAID, response_format="wav").content


@pytest.fixture(scope="module")
def clip(openai: OpenAI) -> bytes:
    """A woman speaks for some six seconds."""
    return spoken(openai, "af_heart")


@pytest.fixture(scope="module")
def other(openai: OpenAI) -> bytes:
    """A man."""
    return spoken(openai, "am_michael")


@pytest.fixture(scope="module")
def anna(client: httpx.Client, clip: bytes) -> Iterator[Answer]:
    """A saved voice."""
    answer = saved(client, clip, name="Anna", model=POCKET)
    assert answer.status_code == 201, answer.text
    yield answer.json()
    client.delete(f"/voices/saved/{answer.json()['id']}")


@pytest.fixture(scope="module")
def stranger(product: Product) -> Iterator[httpx.Client]:
    """Somebody with another key."""
    made = voxhall(product, "keys", "create", "stranger")
    assert made.returncode == 0, made.stderr
    key = next(word for word in made.stdout.split() if word.startswith("vox-"))
    with product.client(key) as client:
        yield client


def saved(client: httpx.Client, clip: bytes, **form: str) -> httpx.Response:
    return client.post("/voices/saved", data={"consent": "true"} | form, files={"reference": ("clip.wav", clip)})


def cloned(client: httpx.Client, clip: bytes, **spec: Any) -> Answer:
    """The job, once it has succeeded."""
    wanted = {"kind": "clone", "text": TEXT, "model": POCKET, "format": "wav", "seed": 7} | spec
    answer = client.post("/jobs", data={"spec": json.dumps(wanted)}, files={"reference": ("clip.wav", clip)})
    assert answer.status_code == 202, answer.text
    return succeeded(client, answer.json())


def succeeded(client: httpx.Client, job: Answer) -> Answer:
    job = finished(client, job)
    assert job["state"] == "succeeded", job
    return job


def audio_of(job: Answer) -> bytes:
    return httpx.get(job["result"]["url"]).raise_for_status().content


def refused(answer: httpx.Response, status: int, *words: str) -> str:
    assert answer.status_code == status, answer.text
    assert all(word in answer.text for word in words), answer.text
    return answer.text


def test_the_nearest_stock_voice_is_understood(client: httpx.Client, openai: OpenAI, other: bytes) -> None:
    job = cloned(client, other, model="kokoro-match", text="Seven brown horses walk along the river.")
    assert job["result"]["model"] == "kokoro-match"
    text = openai.audio.transcriptions.create(model="whisper-1", file=("said.wav", audio_of(job))).text.lower()
    assert "horses" in text
    assert "river" in text


def test_the_engine_that_spoke_is_named_and_a_stand_in_may_be_forbidden(client: httpx.Client, clip: bytes) -> None:
    job = cloned(client, clip, model="cosyvoice2")
    assert (job["result"]["model"], job["result"]["asked_model"]) == ("qwen3-tts-base", "cosyvoice2")
    spec = {"kind": "clone", "text": TEXT, "model": "cosyvoice2"}
    form, clip_file = {"spec": json.dumps(spec)}, {"reference": ("clip.wav", clip)}
    refused(client.post("/jobs", params={"strict_models": "true"}, data=form, files=clip_file), 404, "cosyvoice2")
    spec["model"] = "chatterbox-turbo"
    missing = client.post("/jobs", data={"spec": json.dumps(spec)}, files=clip_file)
    refused(missing, 503, "voxhall models pull chatterbox-turbo")


def test_voices_never_mix(client: httpx.Client, clip: bytes, other: bytes) -> None:
    """Four at once, of two people: each is what it is alone, bit for bit."""
    alone = [audio_of(cloned(client, voice)) for voice in (clip, other)]
    assert alone[0] != alone[1]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda voice: audio_of(cloned(client, voice)), [clip, other, clip, other]))
    assert together == [*alone, *alone]


def test_a_saved_voice_speaks_by_every_api(
    client: httpx.Client, openai: OpenAI, product: Product, anna: Answer
) -> None:
    whole = openai.audio.speech.create(model="tts-1", voice="Anna", input=TEXT, response_format="wav")
    assert whole.response.headers["x-voxhall-model"] == POCKET
    assert heard(whole.content).size
    with openai.audio.speech.with_streaming_response.create(
        model="tts-1", voice=anna["id"], input=TEXT, response_format="pcm"
    ) as stream:
        assert sum(map(len, stream.iter_bytes())) > RATE // 10
    with TTSClient(api_key=KEY, base_url=product.url, gpu_url=product.url) as ttsai:
        queued = ttsai.generate_async(TEXT, user_voice_id=f"uv_{anna['id']}", format="wav")
        assert heard(ttsai.poll_result(queued.uuid)).size
        assert heard(ttsai.generate(TEXT, voice=f"uv_{anna['id']}")).size
    twintune = httpx.post(
        f"{product.url}/v1/inferences-tts", headers={"x-api-key": KEY}, json={"tts_text": TEXT, "tts_voice": "Anna"}
    )
    assert twintune.status_code == 200, twintune.text
    job = succeeded(client, {"id": twintune.json()["inferenceId"]})
    assert job["result"]["voice"] == anna["id"]


def test_the_ttsai_client_clones(product: Product, clip: bytes) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    with TTSClient(api_key=KEY, base_url=product.url, gpu_url=product.url) as ttsai:
        queued = ttsai.clone_voice("Anna once", clip, text=TEXT)

    def result() -> Answer | None:
        found = httpx.get(f"{product.url}/v1/speech/results/", params={"uuid": queued.uuid}, headers=headers).json()
        return None if found["status"] in ("queued", "processing") else dict(found)

    done = until(result)
    assert done["status"] == "completed", done
    assert heard(httpx.get(done["result_url"]).content).size
    direct = httpx.post(
        f"{product.url}/v1/tts/clone/",
        headers=headers,
        data={"text": TEXT, "format": "flac"},
        files={"reference_audio": ("clip.wav", clip)},
        timeout=120,
    )
    assert direct.status_code == 200, direct.text
    assert direct.headers["content-type"] == "audio/flac"
    assert heard(direct.content).size


def test_a_voice_is_made_of_words(client: httpx.Client) -> None:
    spec = {
        "kind": "clone",
        "text": SAID,
        "instruct": "An old sailor, hoarse",
        "format": "wav",
        "model": "qwen3-tts-design",
    }
    answer = client.post("/jobs", json=spec)
    assert answer.status_code == 202, answer.text
    result = succeeded(client, answer.json())["result"]
    assert (result["model"], result["voice"]) == ("qwen3-tts-design", None)
    assert heard(httpx.get(result["url"]).content).size


def test_the_voice_of_a_finished_job_is_kept(client: httpx.Client, other: bytes) -> None:
    job = cloned(client, other, model="kokoro-match", text=SAID)
    kept = client.post("/voices/saved", data={"consent": "true", "name": "Once more", "job": job["id"]})
    assert kept.status_code == 201, kept.text
    assert (kept.json()["text"], kept.json()["model"]) == (SAID, "kokoro-match")
    spoken = client.post("/jobs", json={"kind": "speech", "text": TEXT, "voice": "Once more"})
    assert succeeded(client, spoken.json())["result"]["model"] == "kokoro-match"
    assert client.delete("/voices/saved/Once more").status_code == 204


def test_a_recording_changes_its_voice_and_keeps_its_length(client: httpx.Client, clip: bytes, anna: Answer) -> None:
    for target in ("am_michael", anna["id"]):
        spec = {"kind": "change", "voice": target, "model": "openvoice", "format": "wav", "sample_rate": RATE}
        answer = client.post("/jobs", data={"spec": json.dumps(spec)}, files={"audio": ("speech.wav", clip)})
        assert answer.status_code == 202, answer.text
        job = succeeded(client, answer.json())
        assert abs(job["result"]["duration"] - heard(clip).size / RATE) < 0.002


SILENCE = np.zeros(8 * RATE, np.float32)
CHORD = sum(
    (0.2 * np.sin(2 * np.pi * pitch * np.arange(8 * RATE) / RATE) for pitch in (220.0, 277.2, 329.6)), np.zeros(1)
).astype(np.float32)


def test_bad_clips_are_refused_and_nothing_is_kept(
    client: httpx.Client, product: Product, clip: bytes, other: bytes
) -> None:
    before = product.files()
    two = wav(np.concatenate([heard(clip), heard(other)]))
    bad = {
        "silent": wav(SILENCE),
        "music": wav(CHORD),
        "short": wav(heard(clip)[: 2 * RATE]),
        "corrupt": b"RIFF" + os.urandom(5_000),
        "two": two,
        "long": wav(np.tile(heard(clip), 8)),
        "empty": b"",
    }
    for name, content in bad.items():
        text = refused(saved(client, content, name=f"bad {name}"), 400)
        assert "internal" not in text
    refused(client.post("/voices/saved", data={"name": "x"}, files={"reference": ("clip.wav", clip)}), 400, "consent")
    refused(saved(client, bytes(21 * 1024 * 1024), name="large"), 413)
    assert [voice["name"] for voice in client.get("/voices/saved").json()["voices"] if "bad" in voice["name"]] == []
    assert {path for path in product.files() - before if "input" in path.parts} == set()


def test_another_keys_voice_does_not_exist(
    stranger: httpx.Client, client: httpx.Client, product: Product, anna: Answer
) -> None:
    assert stranger.get(f"/voices/saved/{anna['id']}").status_code == 404
    assert stranger.delete(f"/voices/saved/{anna['id']}").status_code == 404
    assert stranger.post(f"/voices/saved/{anna['id']}/preload").status_code == 404
    theirs = stranger.post("/jobs", json={"kind": "clone", "text": TEXT, "voice": anna["id"]})
    nobodys = stranger.post("/jobs", json={"kind": "clone", "text": TEXT, "voice": "0" * 32})
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert theirs.json()["error"]["code"] == nobodys.json()["error"]["code"] == "unknown_voice"
    key = stranger.headers["authorization"].removeprefix("Bearer ")
    with OpenAI(base_url=f"{product.url}/v1", api_key=key) as openai, pytest.raises(NotFoundError):
        openai.audio.speech.create(model="tts-1", voice=anna["id"], input=TEXT)


def test_a_voice_survives_the_death_of_its_worker(client: httpx.Client, product: Product, clip: bytes) -> None:
    """Killed while somebody waits for the embedding; then what is stored of it is spoiled, as by another version."""
    voice = saved(client, clip, name="Bea", model=POCKET).json()
    for path in _embeddings(product, voice):
        path.unlink()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.post, f"/voices/saved/{voice['id']}/preload", params={"model": POCKET}, timeout=90)
        os.kill(until(lambda: product.pid("worker speech")), signal.SIGKILL)
        answer = waiting.result(90)
    assert answer.status_code == 200, answer.text
    assert _embeddings(product, voice)
    spec = {"kind": "clone", "text": TEXT, "voice": "Bea", "format": "wav", "seed": 7}
    first = audio_of(succeeded(client, client.post("/jobs", json=spec).json()))
    for path in _embeddings(product, voice):
        path.write_bytes(b"of another version")
    assert audio_of(succeeded(client, client.post("/jobs", json=spec).json())) == first
    assert client.delete("/voices/saved/Bea").status_code == 204
    assert not (product.data_dir / "files" / "voices" / voice["id"]).exists()
    refused(client.post("/jobs", json=spec), 404, "Bea")


def _embeddings(product: Product, voice: Answer) -> list[Path]:
    return list((product.data_dir / "files" / "voices" / voice["id"] / "embeddings").glob("*.safetensors"))


def test_an_archived_voice_is_put_aside(client: httpx.Client, openai: OpenAI, clip: bytes) -> None:
    voice = saved(client, clip, name="Cleo", model=POCKET).json()
    assert client.post("/voices/saved/Cleo/archive").status_code == 200
    with pytest.raises(BadRequestError, match="Cleo"):
        openai.audio.speech.create(model="tts-1", voice="Cleo", input=TEXT)
    assert client.post("/voices/saved/Cleo/reactivate").status_code == 200
    assert openai.audio.speech.create(model="tts-1", voice="Cleo", input=TEXT).content
    assert client.delete(f"/voices/saved/{voice['id']}").status_code == 204


def test_the_commands(product: Product, clip: bytes, tmp_path: Path) -> None:
    path, said, changed = tmp_path / "me.wav", tmp_path / "said.flac", tmp_path / "changed.flac"
    path.write_bytes(clip)
    kept = voxhall(product, "voices", "save", "dora", str(path), "--consent")
    assert kept.returncode == 0, kept.stderr
    assert "dora" in voxhall(product, "voices", "list").stdout
    spoke = voxhall(product, "clone", TEXT, "--voice", "dora", "--output", str(said))
    assert spoke.returncode == 0, spoke.stderr
    assert heard(said.read_bytes()).size
    turned = voxhall(product, "change", str(path), "--voice", "dora", "--model", "openvoice", "--output", str(changed))
    assert turned.returncode == 0, turned.stderr
    assert abs(heard(changed.read_bytes()).size - heard(clip).size) < 100
    assert voxhall(product, "voices", "remove", "dora").returncode == 0
