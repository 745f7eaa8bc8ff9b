"""The `voxhall` command, as it is typed beside a running server, and what it says when it cannot."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from audio.decode import decode
from tests.e2e.processes import descendants, mapped
from tests.e2e.product import KEY, Product, run, voxhall
from tests.e2e.texts import LINES

SAID = "Tell me the time, please."


def lines(ran: subprocess.CompletedProcess[str]) -> list[str]:
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def refusal(ran: subprocess.CompletedProcess[str]) -> str:
    """The one line that a command says when it cannot."""
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stdout == ""
    [line] = ran.stderr.strip().splitlines()
    assert line.startswith("voxhall: ")
    return line


@pytest.fixture
def env(product: Product, tmp_path: Path) -> dict[str, str]:
    """Settings for a `voxhall up` that never comes to be: its own data folder, a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return product.env | {"VOXHALL_DATA_DIR": str(tmp_path / "data"), "VOXHALL_PORT": str(port), "COLUMNS": "200"}


@pytest.mark.parametrize("name", ["mp3", "wav"])
def test_say(product: Product, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"said.{name}"
    ran = voxhall(product, "say", SAID, "-o", str(path), "--voice", "am_michael", "--speed", "1.2")
    assert lines(ran) == []
    assert str(path) in ran.stderr
    assert decode(path, 24_000).samples.size > 12_000


@pytest.mark.parametrize("form", ["srt", "json"])
def test_say_with_captions(product: Product, tmp_path: Path, form: str) -> None:
    path = tmp_path / "said.opus"
    options = ("--captions", form, "--loudness", "-20", "--trim-silence", "--pronounce", "time=tyme")
    ran = voxhall(product, "say", SAID, "-o", str(path), "--voice", "af_sky+am_michael(2)", *options)
    assert lines(ran) == []
    assert "-20.0 LUFS" in ran.stderr
    captions = path.with_suffix(f".{form}").read_text()
    assert SAID in captions if form == "srt" else json.loads(captions)["words"][2]["word"] == "the"


def test_pronunciations(product: Product) -> None:
    assert lines(voxhall(product, "pronunciations", "set", "kubernetes", "koo ber net ease"))
    listed = "\n".join(lines(voxhall(product, "pronunciations", "list")))
    assert re.search(r"kubernetes +koo ber net ease", listed)
    assert lines(voxhall(product, "pronunciations", "remove", "kubernetes"))
    assert "kubernetes" not in voxhall(product, "pronunciations", "list").stdout
    assert "no pronunciation of" in refusal(voxhall(product, "pronunciations", "remove", "kubernetes"))
    assert "is not a phoneme" in refusal(voxhall(product, "pronunciations", "set", "a", "/€/"))


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("text", r"The old lighthouse .+"),
        ("srt", r"1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nThe old .+"),
        ("vtt", r"WEBVTT\n\n.+ --> .+\nThe old .+"),
    ],
)
def test_transcribe(product: Product, recording: Path, form: str, pattern: str) -> None:
    out = "\n".join(lines(voxhall(product, "transcribe", str(recording), "--format", form)))
    assert re.fullmatch(pattern, out)


def test_transcribe_as_json(product: Product, recording: Path) -> None:
    out = "\n".join(lines(voxhall(product, "transcribe", str(recording), "--format", "json", "--language", "en")))
    transcript = json.loads(out)
    assert transcript["language"] == "en"
    assert transcript["segments"][0]["words"]


def test_jobs(product: Product, client: httpx.Client) -> None:
    job = client.post("/jobs", json={"kind": "speech", "text": LINES, "voice": "af_sky"}).json()["id"]
    assert job in "\n".join(lines(voxhall(product, "jobs", "list")))
    assert lines(voxhall(product, "jobs", "cancel", job)) == [f"{job} is cancelled."]
    assert json.loads(voxhall(product, "jobs", "show", job).stdout)["state"] == "canceled"
    assert "already ended" in refusal(voxhall(product, "jobs", "cancel", job))
    assert job in "\n".join(lines(voxhall(product, "jobs", "list", "--state", "canceled")))
    assert lines(voxhall(product, "jobs", "delete", job)) == [f"{job} and its files are deleted."]
    assert "no such job" in refusal(voxhall(product, "jobs", "show", job))


def test_keys(product: Product) -> None:
    [secret] = lines(voxhall(product, "keys", "create", "guest"))
    with product.client(secret) as guest:
        assert guest.get("/jobs").is_success
        [row] = [line for line in lines(voxhall(product, "keys", "list")) if " guest " in line]
        assert secret not in row
        assert row.split()[-2:] == ["unlimited", "live"]
        assert lines(voxhall(product, "keys", "revoke", row.split()[0]))
        assert guest.get("/jobs").status_code == 401
    assert "no such key" in refusal(voxhall(product, "keys", "revoke", row.split()[0]))


def test_doctor(product: Product) -> None:
    strict = voxhall(product, "doctor")
    assert strict.returncode == 1
    (bad,) = [line for line in strict.stdout.splitlines() if line.split()[-1:] == ["bad"]]
    assert "model contentvec" in bad  # the tests' own is none
    out = "\n".join(lines(voxhall(product, "doctor", VOXHALL_CATALOG="")))
    for word in ("python", "torch", "kokoro", "whisper-base", "disk", "port", "device"):
        assert word in out
    assert not re.search(r"\bbad\b", out)
    assert "VOXHALL_DATA_DIR" in voxhall(product, "doctor", "--settings").stdout


def test_the_api_process_holds_no_engine(product: Product) -> None:
    pid = product.pid("cli api")
    assert pid
    names = mapped(pid)
    assert "/av" in names
    assert not re.search(r"torch|ctranslate2", names)


def test_the_data_folder_is_its_owners(product: Product, recording: Path) -> None:
    assert product.data_dir.stat().st_mode & 0o777 == 0o700
    open_to_others = [path for path in product.data_dir.rglob("*") if path.lstat().st_mode & 0o077]
    assert open_to_others == []


def test_no_secret_in_a_command_line(product: Product) -> None:
    for pid in {product.process.pid, *descendants(product.process.pid)}:
        assert KEY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_refused_speech(product: Product, tmp_path: Path) -> None:
    path = str(tmp_path / "said.mp3")
    assert "voice" in refusal(voxhall(product, "say", SAID, "-o", path, "--voice", "nobody"))
    assert "must end in" in refusal(voxhall(product, "say", SAID, "-o", str(tmp_path / "said.txt")))
    assert "text" in refusal(voxhall(product, "say", "-", "-o", path))
    assert "WORD=SPOKEN" in refusal(voxhall(product, "say", SAID, "-o", path, "--pronounce", "time"))
    assert not list(tmp_path.iterdir())


def test_refused_transcription(product: Product, tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no audio")
    assert "not audio" in refusal(voxhall(product, "transcribe", str(tmp_path / "text.mp3")))


def test_no_server(product: Product, env: dict[str, str]) -> None:
    assert "No server answers" in refusal(run("jobs", "list", env=env))


def test_a_wrong_key_and_none(product: Product, env: dict[str, str]) -> None:
    assert "key is missing or wrong" in refusal(voxhall(product, "jobs", "list", "--key", "no-key-of-this-server"))
    assert "VOXHALL_API_KEY" in refusal(run("jobs", "list", env=env | {"VOXHALL_API_KEY": ""}))


def test_a_port_in_use(product: Product, env: dict[str, str]) -> None:
    port = product.url.rpartition(":")[2]
    assert f"127.0.0.1:{port}" in refusal(run("up", "--port", port, env=env))


def test_a_data_folder_in_use(product: Product, env: dict[str, str]) -> None:
    assert "Another Voxhall" in refusal(run("up", "--data-dir", str(product.data_dir), env=env))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("VOXHALL_PROT", "8080", "Unknown setting VOXHALL_PROT"),
        ("VOXHALL_PORT", "http", "VOXHALL_PORT"),
        ("VOXHALL_API_KEY", "short", "VOXHALL_API_KEY"),
        ("VOXHALL_CATALOG", "/no/such/catalog.toml", "/no/such/catalog.toml"),
        ("VOXHALL_DEVICE", "cuda:99", "cuda:99"),
    ],
)
def test_wrong_settings(env: dict[str, str], name: str, value: str, said: str) -> None:
    assert said in refusal(run("up", env=env | {name: value}))


def test_no_models(env: dict[str, str], tmp_path: Path) -> None:
    line = refusal(run("up", env=env | {"VOXHALL_MODELS_DIR": str(tmp_path / "nowhere")}))
    assert "voxhall models pull kokoro" in line


@pytest.fixture
def broken_models(models_dir: Path, tmp_path: Path) -> Path:
    """The models folder, with one weight file cut short."""
    folder = tmp_path / "models"
    shutil.copytree(models_dir, folder, copy_function=os.symlink)
    weights = folder / "kokoro" / "kokoro-v1_0.pth"
    with weights.open("rb") as whole:
        head = whole.read(1_000_000)
    weights.unlink()
    weights.write_bytes(head)
    return folder


def test_a_weight_file_cut_short(env: dict[str, str], broken_models: Path) -> None:
    line = refusal(run("up", env=env | {"VOXHALL_MODELS_DIR": str(broken_models)}))
    assert "kokoro-v1_0.pth" in line
    assert "voxhall models pull kokoro" in line


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("this system lets its users mount nothing")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(env: dict[str, str], full_disk: Path) -> None:
    assert "MB free" in refusal(run("up", "--data-dir", str(full_disk), env=env))


def test_a_data_folder_that_cannot_be(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--data-dir" in refusal(run("up", "--data-dir", str(tmp_path / "file" / "data"), env=env))
