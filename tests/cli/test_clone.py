"""`voxhall clone` and `voxhall change` beside a real server; a test plays the worker that speaks."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from jobs.database import Database
from jobs.files import FileStore, input_key
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import AnySpec, ChangeSpec, CloneSpec
from server.app import create_app
from tests.audio.recordings import babble, recording
from tests.server.conftest import Puppet, SavedVoices, listening

MULTILINGUAL = "chatterbox-multilingual"
REPORT: dict[str, Any] = {"duration": 0.5, "seed": 7, "warnings": ["It [hums]."]}
Play = Callable[[], "Future[AnySpec]"]


@pytest.fixture
def saved(database: Database, files: FileStore, tmp_path: Path) -> SavedVoices:
    saved = SavedVoices(database, files, Keys(database).create("caller")[0].id, tmp_path / "models")
    saved.install(MULTILINGUAL)
    return saved


@pytest.fixture
def server(
    settings: Settings, database: Database, saved: SavedVoices, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The API, which the commands find by the settings."""
    key, secret = Keys(database).create("shell")
    saved.key_id = key.id
    with listening(create_app(settings.model_copy(update={"models_dir": saved.models}))) as address:
        monkeypatch.setenv("VOXHALL_PUBLIC_URL", address)
        monkeypatch.setenv("VOXHALL_API_KEY", secret)
        yield address


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.wav"
    path.write_bytes(recording("wav", "pcm_s16le", babble(8.0)))
    return path


@pytest.fixture
def play(puppet: Puppet, ledger: Ledger) -> Iterator[Play]:
    """Does the next job; what it was."""

    def act() -> AnySpec:
        claim = puppet.claim("clone")
        puppet.deliver(claim, "clone.flac", b"sound", **REPORT)
        return ledger.get(claim.job_id).spec

    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(act)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def refused(result: Result, message: str) -> None:
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in re.sub(r"\s+", " ", result.stderr)


@pytest.mark.usefixtures("server")
def test_a_text_is_spoken_in_a_saved_voice(saved: SavedVoices, play: Play, tmp_path: Path) -> None:
    voice, output = saved.add("Anna"), tmp_path / "out.flac"
    done = play()
    result = run("clone", "Good evening.", "--voice", "Anna", "--model", "tortoise", "--seed", 7, "-o", output)
    spec = done.result(30)
    assert (result.exit_code, result.stdout, output.read_bytes()) == (0, "", b"sound")
    assert isinstance(spec, CloneSpec)
    assert (spec.voice, spec.asked_model, spec.seed, spec.format) == (voice, "tortoise", 7, "flac")
    said = re.sub(r"\s*\n", " ", result.stderr)
    assert "Note: It [hums]." in said
    assert f"0.5 s, by {MULTILINGUAL} (for tortoise), seed 7" in said


@pytest.mark.usefixtures("server")
def test_a_clip_goes_along(puppet: Puppet, clip: Path, tmp_path: Path, play: Play, files: FileStore) -> None:
    with ThreadPoolExecutor(1) as pool:
        options = ("--ref-text", "Hello.", "--language", "de", "--denoise", "--no-watermark")
        running = pool.submit(run, "clone", "Guten Tag.", "--reference", clip, *options, "-o", tmp_path / "a.wav")
        claim = puppet.claim("transcription")
        assert files.get(input_key(claim.job_id, "reference")) == clip.read_bytes()
        spec = puppet.ledger.get(claim.job_id).spec
        assert isinstance(spec, CloneSpec)
        assert (spec.ref_text, spec.language, spec.denoise) == ("Hello.", "de", True)
        puppet.fail(claim, "bad_reference", "Two people speak.")
        refused(running.result(30), "Two people speak.")


@pytest.mark.usefixtures("server")
def test_a_recording_is_changed(saved: SavedVoices, play: Play, clip: Path, tmp_path: Path) -> None:
    voice, output = saved.add("Anna"), tmp_path / "out.flac"
    done = play()
    result = run("change", clip, "--voice", "Anna", "-o", output)
    spec = done.result(30)
    assert (result.exit_code, output.read_bytes()) == (0, b"sound")
    assert isinstance(spec, ChangeSpec)
    assert (spec.voice, spec.model) == (voice, MULTILINGUAL)


@pytest.mark.usefixtures("server")
def test_what_cannot_be_done_is_said_in_one_line(saved: SavedVoices, clip: Path) -> None:
    refused(run("clone", "Hello."), "Give --reference CLIP, --voice NAME or --describe WORDS.")
    refused(run("change", clip), "Give --reference CLIP or --voice NAME.")
    refused(run("clone", "Hello.", "--voice", "Bert"), "There is no voice `Bert`.")
    refused(run("clone", "Hello.", "--voice", "Bert", "-o", "out.doc"), "must end in one of: mp3")
    refused(run("clone", "Hello.", "--describe", "Old."), "`voxhall models pull qwen3-tts-design`")
    saved.add("Anna")
    refused(run("clone", "Hello.", "--voice", "Anna", "--model", "spark", "--strict"), "`spark` itself is not run here")
