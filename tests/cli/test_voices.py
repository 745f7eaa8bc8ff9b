"""`voxhall voices` beside a real server; a test plays the worker that imports."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from cli.main import app
from cli.upload import uploading
from jobs.database import Database
from jobs.files import input_key
from jobs.keys import Keys
from jobs.ledger import Claim
from jobs.settings import Settings
from jobs.specs import EnrolmentSpec, VoiceSpec
from jobs.voices import Voices
from server.app import create_app
from tests.audio.recordings import babble, recording
from tests.server.conftest import Puppet, listening

VOICE = "a" * 32
NAME = "Anna [bold] 100%"
DETAILS = {"version": "v2", "f0": True, "sample_rate": 40_000, "speakers": 3, "vectors": 12_345, "size": 55_200_000}
NOTED = {"info": "200epoch", "epochs": 200}
Play = Callable[[Callable[[Claim], None]], "Future[None]"]


@pytest.fixture
def secret(database: Database) -> str:
    return Keys(database).create("caller")[1]


@pytest.fixture
def server(settings: Settings, secret: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The API, which the commands find by the settings."""
    with listening(create_app(settings)) as address:
        monkeypatch.setenv("VOXHALL_PUBLIC_URL", address)
        monkeypatch.setenv("VOXHALL_API_KEY", secret)
        monkeypatch.setenv("COLUMNS", "200")
        yield address


@pytest.fixture
def play(puppet: Puppet) -> Iterator[Play]:
    """Does what is told with the next import."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda act: pool.submit(lambda: act(puppet.claim("tools")))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "anna.pth"
    path.write_bytes(b"weights " * 100_000)
    return path


@pytest.fixture
def keep(database: Database, secret: str) -> Callable[..., None]:
    key_id = Keys(database).check(secret).id

    def keep(voice: str = VOICE, *, key_id: str = key_id, shared: bool = False, **details: object) -> None:
        own = DETAILS | NOTED | details
        Voices(database).add(voice, key_id=key_id, name=NAME, kind="rvc", shared=shared, details=own)

    return keep


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["voices", *arguments])


def rows(result: Result) -> list[list[str]]:
    """The table, by cells."""
    assert result.exit_code == 0, result.stderr
    return [[cell for cell in line.strip().split("  ") if cell] for line in result.stdout.splitlines()]


def refused(result: Result, message: str) -> None:
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("voxhall: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("server")
def test_a_model_is_added_and_the_server_says_what_it_is(
    play: Play, puppet: Puppet, model: Path, keep: Callable[..., None]
) -> None:
    index = model.with_suffix(".index")
    index.write_bytes(b"vectors")

    def act(claim: Claim) -> None:
        assert puppet.ledger.get(claim.job_id).spec == VoiceSpec(name=NAME, shared=True)
        assert puppet.files.get(input_key(claim.job_id, "model")) == model.read_bytes()
        assert puppet.files.get(input_key(claim.job_id, "index")) == b"vectors"
        keep(shared=True)
        puppet.finish(claim, voice=VOICE)

    played = play(act)
    added = run("add", NAME, str(model), str(index), "--shared")
    played.result(30)
    assert [[cell.strip() for cell in row] for row in rows(added)] == [
        ["name", NAME],
        ["id", VOICE],
        ["architecture", "RVC v2, with pitch"],
        ["sample rate", "40,000 Hz"],
        ["speakers", "3"],
        ["index", "12,345 vectors"],
        ["training", "200epoch"],
        ["size", "55.2 MB"],
        ["shared", "yes"],
    ]
    assert run("show", NAME).stdout == run("show", VOICE).stdout == added.stdout


@pytest.mark.usefixtures("server")
def test_voices_are_listed_and_removed(keep: Callable[..., None], database: Database) -> None:
    keep(version="v1", f0=False, vectors=0, info="", epochs=None)
    keep("b" * 32, key_id=Keys(database).create("other")[0].id, shared=True)
    header, *found = [[cell.strip() for cell in row] for row in rows(run("list"))]
    assert header == ["name", "id", "kind", "what it is", "shared"]
    assert found == [
        [NAME, "b" * 32, "rvc", "v2 with pitch, 40000 Hz, 12,345 vectors", "by another key"],
        [NAME, VOICE, "rvc", "v1 without pitch, 40000 Hz, 0 vectors", "no"],
    ]
    shown = dict(row for row in rows(run("show", NAME)) if len(row) == 2)
    assert [shown[fact].strip() for fact in ("architecture", "index", "training")] == [
        "RVC v1, without pitch",
        "none",
        "not noted",
    ]
    assert run("remove", NAME).stdout == f"{NAME} is removed.\n"
    refused(run("remove", NAME), "There is no such voice.")


@pytest.mark.usefixtures("server")
def test_what_the_server_refuses_is_one_line(
    play: Play, puppet: Puppet, model: Path, keep: Callable[..., None]
) -> None:
    sentence = "This is a training checkpoint."
    played = play(lambda claim: puppet.fail(claim, "not_a_voice", sentence))
    refused(run("add", NAME, str(model)), sentence)
    played.result(30)
    keep()
    refused(run("add", NAME, str(model)), f"There is a voice named `{NAME}` already.")
    refused(run("add", "a/b", str(model)), "name has 1 to 100 characters")
    for name in ("nobody", "..", "a/b"):
        refused(run("show", name), "There is no such voice.")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.wav"
    path.write_bytes(recording("wav", "pcm_s16le", babble(6.0)))
    return path


@pytest.fixture
def listener(puppet: Puppet, database: Database) -> Iterator[Callable[[], "Future[EnrolmentSpec]"]]:
    """The worker that saves the next voice; what it was told."""

    def act() -> EnrolmentSpec:
        claim = puppet.claim("transcription")
        job = puppet.ledger.get(claim.job_id)
        assert isinstance(job.spec, EnrolmentSpec)
        details = {"text": "Hello.", "language": "en", "seconds": 6.0, "model": job.spec.model, "consent_at": 1.0}
        name, shared = job.spec.name, job.spec.shared
        Voices(database).add(job.id, key_id=job.key_id, name=name, kind="clone", shared=shared, details=details)
        puppet.finish(claim, voice=job.id, warnings=["It [hums]."])
        return job.spec

    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(act)


@pytest.mark.usefixtures("server")
def test_a_clip_is_saved_as_a_voice_and_put_aside(
    clip: Path, listener: Callable[[], "Future[EnrolmentSpec]"], keep: Callable[..., None]
) -> None:
    heard = listener()
    saved = run("save", "Bert", str(clip), "--consent", "--language", "en", "--text", "Hello.", "--denoise")
    spec = EnrolmentSpec(name="Bert", consent=True, language="en", text="Hello.", denoise=True)
    assert heard.result(30) == spec
    assert "Note: It [hums]." in saved.stderr
    shown = dict([cell.strip() for cell in row] for row in rows(saved))
    voice = shown.pop("id")
    assert shown == {
        "name": "Bert",
        "language": "en",
        "clip": "6.0 s",
        "text": "Hello.",
        "speaks by": "the server's default",
        "archived": "no",
        "shared": "no",
    }
    keep()
    assert run("archive", "Bert").stdout == "Bert is archived.\n"
    _, *found = [[cell.strip() for cell in row] for row in rows(run("list"))]
    assert [row[1:4] for row in found] == [
        [voice, "clone", "en, 6.0 s, archived"],
        [VOICE, "rvc", "v2 with pitch, 40000 Hz, 12,345 vectors"],
    ]
    assert run("reactivate", voice).stdout == f"{voice} is in use.\n"
    refused(run("archive", NAME), "Only saved voices are archived")
    assert run("remove", "Bert").exit_code == 0
    assert len(rows(run("list"))) == 2


@pytest.mark.usefixtures("server")
def test_a_voice_is_not_saved_without_consent(clip: Path) -> None:
    refused(run("save", "Bert", str(clip)), "--consent")
    refused(run("save", "Bert", "--consent"), "Send a file `reference`")
    refused(run("save", "Bert", "--consent", "--job", "a" * 32), "There is no such job.")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXHALL_API_KEY", "x" * 16)
    gone = str(tmp_path / "gone.pth")
    refused(run("add", "Anna", gone), f"{gone} cannot be read: No such file or directory.")
    refused(run("add", "Anna", str(model), gone), f"{gone} cannot be read: No such file or directory.")
    refused(run("add", "Anna", str(tmp_path)), f"{tmp_path} cannot be read: Is a directory.")


def test_without_a_server_it_is_one_line(model: Path, dead_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXHALL_API_KEY", "x" * 16)
    refused(run("add", "Anna", str(model), "--server", f"http://127.0.0.1:{dead_port}"), "No server answers")


def test_a_terminal_sees_the_upload_and_then_what_the_server_does(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=80)
    monkeypatch.setattr("cli.upload.errors", terminal)
    with uploading({"model": model, "index": model}, then="Converting") as files:
        assert "Converting" not in shown.getvalue()
        for file in files.values():
            while file.read(100_000):
                assert "Uploading" in shown.getvalue()
        terminal.print("It is refused.")
    assert "Converting" in shown.getvalue()
    assert "It is refused.\n" in shown.getvalue()
