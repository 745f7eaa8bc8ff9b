"""`voxhall models` and the download script, on a small catalog and a hub on loopback."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.models import app
from tests.models.loopback import LoopbackHub, entry

SCRIPT = Path(__file__).parents[2] / "scripts" / "download_models.py"
FILES = {"model.bin": b"weights", "config.json": b"{}"}


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub that has the model `tiny`, which is all of the profile cpu; `other` is in the catalog only."""
    overlay = tmp_path / "overlay.toml"
    overlay.write_text(entry("tiny", FILES) + entry("other", {"f": b"1"}) + '[profiles]\ncpu = ["tiny"]')
    monkeypatch.setenv("VOXHALL_CATALOG", str(overlay))
    monkeypatch.setenv("VOXHALL_MODELS_DIR", str(tmp_path / "models"))
    with LoopbackHub().running() as hub:
        hub.files = {f"lab/tiny/{path}": body for path, body in FILES.items()}
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def refused(result: Result, message: str) -> None:
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def state(model: str) -> str:
    rows = [line.split() for line in run("list").stdout.splitlines()]
    return next(row[-1] for row in rows if row and row[0] == model)


def test_the_way_of_a_model(tmp_path: Path) -> None:
    assert state("tiny") == "missing"
    refused(run("path", "tiny"), "`voxhall models pull tiny` mends it")
    pulled = run("pull")
    assert pulled.exit_code == 0
    assert "tiny: ready." in pulled.stdout
    assert (state("tiny"), state("other")) == ("installed", "missing")
    assert run("path", "tiny").stdout.strip() == str(tmp_path / "models" / "tiny")
    assert run("verify").stdout == "tiny: right.\n"
    assert run("pull").stdout == "tiny: already here.\n"


def test_a_broken_file_is_found_and_mended(tmp_path: Path) -> None:
    run("pull", "tiny")
    (tmp_path / "models" / "tiny" / "model.bin").write_bytes(b"WEIGHTS")
    refused(run("verify"), "The model tiny is broken: model.bin")
    (tmp_path / "models" / "tiny" / "model.bin").write_bytes(b"cut")
    assert state("tiny") == "broken"
    assert run("pull", "tiny").exit_code == 0
    assert run("verify", "tiny").exit_code == 0


def test_a_model_that_is_not_there_does_not_verify() -> None:
    refused(run("verify", "tiny"), "The model tiny is not installed")


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    assert run("pull", "tiny", "--folder", str(tmp_path / "mine")).exit_code == 0
    assert (tmp_path / "mine" / "tiny" / "model.bin").read_bytes() == b"weights"
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pull", "nope"], "There is no model 'nope'"),
        (["pull", "--profile", "nope"], "There is no profile 'nope'"),
        (["pull", "other"], "other/f cannot be had: the model hub answers HTTP 404"),
        (["path", "nope"], "There is no model 'nope'"),
        (["verify", "nope"], "There is no model 'nope'"),
    ],
)
def test_an_error_is_one_line(arguments: list[str], message: str) -> None:
    refused(run(*arguments), message)


def test_wrong_settings_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOXHALL_MODEL_DIR", "x")
    refused(run("list"), "Unknown setting VOXHALL_MODEL_DIR")
    monkeypatch.delenv("VOXHALL_MODEL_DIR")
    (tmp_path / "overlay.toml").write_text("models = 3")
    refused(run("list"), "overlay.toml: models")


def test_the_script_pulls_without_being_installed(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--profile", "cpu", "--folder", str(tmp_path / "mine")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.endswith("tiny: ready.\n")
    assert (tmp_path / "mine" / "tiny" / "config.json").read_bytes() == b"{}"


def test_the_script_fails_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "nope"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("There is no model 'nope'. There are: kokoro, ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def bound(tmp_path: Path, hub: LoopbackHub) -> str:
    """A model that is not for commercial use, in the profile gpu beside `tiny`, whose publisher has terms."""
    name = "bound"
    hub.files[f"lab/{name}/f"] = b"1"
    forbidding = entry(name, {"f": b"1"}).replace('"MIT"', '"CC-BY-NC-4.0"\n    commercial = false')
    asking = entry("tiny", FILES).replace('"MIT"', '"MIT"\n    terms = "Be kind."')
    profiles = '[profiles]\ncpu = ["tiny"]\ngpu = ["tiny", "bound"]'
    (tmp_path / "overlay.toml").write_text(forbidding + asking + profiles)
    return name


def test_a_model_that_is_not_for_commercial_use_needs_a_flag(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "CC-BY-NC-4.0, non-commercial" in run("list").stdout
    refused(run("pull", bound), "bound is not for commercial use (CC-BY-NC-4.0). `--non-commercial` fetches it")
    assert state(bound) == "missing"
    assert run("pull", bound, "--non-commercial").exit_code == 0
    assert state(bound) == "installed"


def test_a_profile_goes_on_without_it_and_says_so(bound: str) -> None:
    pulled = run("pull", "--profile", "gpu")
    assert pulled.exit_code == 0
    assert "bound is not for commercial use" in pulled.stdout
    assert (state("tiny"), state(bound)) == ("installed", "missing")
    assert run("pull", "--profile", "gpu", "--non-commercial").exit_code == 0
    assert state(bound) == "installed"


@pytest.mark.usefixtures("bound")
def test_what_a_publisher_asks_is_said_when_its_model_is_fetched() -> None:
    assert "tiny: Be kind.\n" in run("pull").stdout
