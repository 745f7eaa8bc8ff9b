"""`voxhall convert` beside a real server; a test plays the worker that converts."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Claim, Ledger
from jobs.settings import Settings
from jobs.specs import ConversionSpec
from server.app import create_app
from tests.audio.recordings import babble, recording
from tests.server.conftest import Puppet, RvcVoices, listening

NAME = "Anna [bold] 100%"
REPORT = {"voice": "a" * 32, "duration": 0.5, "f0_method": "fcpe", "seed": 7, "warnings": ["It [has] no index."]}
Play = Callable[[Callable[[Claim], None]], "Future[None]"]


@pytest.fixture
def voices(database: Database, tmp_path: Path) -> RvcVoices:
    voices = RvcVoices(database, Keys(database).create("caller")[0].id, tmp_path / "models")
    voices.install("contentvec", "rmvpe")
    return voices


@pytest.fixture
def server(settings: Settings, database: Database, voices: RvcVoices, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The API, which the commands find by the settings."""
    key, secret = Keys(database).create("shell")
    voices.key_id = key.id
    with listening(create_app(settings.model_copy(update={"models_dir": voices.models}))) as address:
        monkeypatch.setenv("VOXHALL_PUBLIC_URL", address)
        monkeypatch.setenv("VOXHALL_API_KEY", secret)
        yield address


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    path.write_bytes(recording("wav", "pcm_s16le", babble(0.5)))
    return path


@pytest.fixture
def play(puppet: Puppet) -> Iterator[Play]:
    """Does what is told with the next conversion."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda act: pool.submit(lambda: act(puppet.claim("conversion")))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["convert", *map(str, arguments)])


def refused(result: Result, message: str) -> None:
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("voxhall: ")
    assert message in result.stderr
    assert result.stderr.strip().count("\n") == 0


@pytest.mark.usefixtures("server")
def test_a_song_is_converted_into_a_file(
    voices: RvcVoices, song: Path, puppet: Puppet, play: Play, ledger: Ledger
) -> None:
    voice, output = voices.add(NAME), song.with_name("out.flac")

    def act(claim: Claim) -> None:
        puppet.deliver(claim, "conversion.flac", b"sound", **REPORT)

    working = play(act)
    result = run(song, "--voice", NAME, "--output", output)
    working.result()
    assert (result.exit_code, result.stdout, output.read_bytes()) == (0, "", b"sound")
    said = re.sub(r"\s*\n", "\n", result.stderr)
    assert "Note: It [has] no index." in said
    assert f"{output}: 0.5 s, f0_method fcpe, seed 7\n" in said
    [job] = ledger.page(key_id=voices.key_id).jobs
    assert job.spec == ConversionSpec(voice=voice, asked_voice=NAME, format="flac", f0_method="rmvpe")


@pytest.mark.usefixtures("server")
def test_every_option_is_in_the_spec(voices: RvcVoices, song: Path, puppet: Puppet, play: Play, ledger: Ledger) -> None:
    voice = voices.add(NAME)
    working = play(lambda claim: puppet.fail(claim, "invalid_request", "The voice was removed."))
    options = {
        "--transpose": -2.5,
        "--method": "fcpe",
        "--index-rate": 0,
        "--filter-radius": 0,
        "--rms-mix-rate": 0,
        "--protect": 0,
        "--sample-rate": 32_000,
        "--speaker": 1,
        "--seed": 0,
    }
    given = [word for pair in options.items() for word in pair]
    refused(run(song, "--voice", voice, "-o", song.with_name("out.wav"), *given), "The voice was removed.")
    working.result()
    [job] = ledger.page(key_id=voices.key_id).jobs
    assert job.spec == ConversionSpec(
        voice=voice,
        asked_voice=voice,
        format="wav",
        f0_up_key=-2.5,
        f0_method="fcpe",
        index_rate=0,
        filter_radius=0,
        rms_mix_rate=0,
        protect=0,
        resample_sr=32_000,
        speaker=1,
        seed=0,
    )


@pytest.mark.usefixtures("server")
def test_what_cannot_be_done_is_said_in_one_line(voices: RvcVoices, song: Path) -> None:
    refused(run(song, "--voice", "Bert"), "no voice `Bert`")
    refused(run(song, "--voice", "Bert", "-o", "out.doc"), "must end in one of: mp3")
    refused(run(song, "--voice", "Bert", "-o", "nowhere/out.wav"), "cannot be written")
    voices.add(NAME)
    refused(run(song, "--voice", NAME, "--speaker", 9), "has 2 speakers")
    song.write_text("This is a text.")
    refused(run(song, "--voice", NAME), "not audio")
