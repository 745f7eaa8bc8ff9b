"""A bundle that is made here and installed where no network is."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.packing import needed
from cli.unpacking import BundleBroken, checked, install, sha256
from models.catalog import load_catalog
from models.store import Store
from tests.conftest import ROOT

UNSHARE = ["unshare", "--map-root-user", "--net"]
allowed = (
    shutil.which("unshare") and subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
)
WHEEL = "greeting-1.0-py3-none-any.whl"


def created(folder: Path, models_dir: Path, *options: str) -> str:
    catalog = folder.with_name("small.toml")
    catalog.write_text('[profiles]\nsmall = ["ge2e"]\n')
    env = {"VOXHALL_MODELS_DIR": str(models_dir), "VOXHALL_CATALOG": str(catalog)}
    command = ["bundle", "create", str(folder), "--profile", "small", "--models-only", *options]
    done = CliRunner().invoke(app, command, env=env)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Path:
    """One model, and no packages: those are some 200 wheels."""
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    said = created(folder, models_dir)
    for name in ("bundle.json", "install.py"):
        assert f"{sha256(folder / name)}  {name}" in said
    return folder


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    """One of a test's own, with a wheel."""
    folder = shutil.copytree(made, tmp_path / "bundle")
    add_wheel(folder, "Good evening.")
    return folder


def add_wheel(bundle: Path, greeting: str) -> None:
    wheel = bundle / "wheels" / WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("greeting.py", f"print({greeting!r})\n")
        described = "greeting-1.0.dist-info"
        archive.writestr(f"{described}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        archive.writestr(f"{described}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{described}/RECORD", "greeting.py,,\n" + f"{described}/METADATA,,\n{described}/RECORD,,\n")
    packed = {"size": wheel.stat().st_size, "sha256": sha256(wheel)}
    tell(bundle, files=told(bundle)["files"] | {f"wheels/{WHEEL}": packed})


def told(bundle: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((bundle / "bundle.json").read_text())
    return manifest


def tell(bundle: Path, **values: Any) -> None:
    (bundle / "bundle.json").write_text(json.dumps(told(bundle) | values))


@pytest.mark.skipif(not allowed, reason="this system allows no network namespaces to its users")
def test_its_own_installer_needs_no_network(bundle: Path, tmp_path: Path) -> None:
    into = tmp_path / "voxhall"
    command = [*UNSHARE, sys.executable, "-I", str(bundle / "install.py"), "--into", str(into)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"VOXHALL_MODELS_DIR={into / 'models'} {into / 'bin/voxhall'} up" in done.stdout
    assert greeted(into) == "Good evening.\n"
    Store(into / "models", load_catalog()).verify("ge2e")


def test_a_later_bundle_of_the_same_version_replaces_what_is_there(bundle: Path, tmp_path: Path) -> None:
    install(bundle, tmp_path / "v", tmp_path / "m")
    add_wheel(bundle, "Good night.")
    install(bundle, tmp_path / "v", tmp_path / "m")
    assert greeted(tmp_path / "v") == "Good night.\n"


def greeted(into: Path) -> str:
    done = subprocess.run([into / "bin/python", "-m", "greeting"], capture_output=True, text=True, check=True)
    return done.stdout


def test_models_are_renewed_by_an_installed_voxhall(made: Path, tmp_path: Path) -> None:
    command = ["bundle", "install", str(made), "--into", str(tmp_path / "v"), "--models", str(tmp_path / "models")]
    for _ in range(2):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
    Store(tmp_path / "models", load_catalog()).verify("ge2e")


@pytest.mark.parametrize("name", ["models/ge2e/manifest.json", f"wheels/{WHEEL}", "install.py", "images.txt"])
def test_what_was_changed_on_the_way_is_not_installed(bundle: Path, tmp_path: Path, name: str) -> None:
    victim = bundle / name
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    with pytest.raises(BundleBroken, match=f"{victim.name} is not what was packed"):
        install(bundle, tmp_path / "v", tmp_path / "m")
    assert not (tmp_path / "v").exists()
    assert not (tmp_path / "m").exists()


def test_a_part_of_it_is_refused(bundle: Path) -> None:
    (bundle / "wheels" / WHEEL).unlink()
    with pytest.raises(BundleBroken, match="is missing"):
        checked(bundle)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"python": "3.9"}, "with Python 3.9"),
        ({"machine": "riscv64"}, "on riscv64"),
        ({"form": 2}, "of form 2"),
        ({"files": {"models/../../evil": {"size": 0, "sha256": ""}}}, "outside"),
        ({"files": {"/etc/passwd": {"size": 0, "sha256": ""}}}, "outside"),
        ({"files": []}, "cannot be read"),
        ({"files": {"models/a": 1}}, "cannot be read"),
    ],
)
def test_what_does_not_fit_is_told(made: Path, tmp_path: Path, values: dict[str, Any], said: str) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "bundle.json").write_text(json.dumps(told(made) | values))
    with pytest.raises(BundleBroken, match=said):
        checked(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 1}', "\x00"])
def test_what_is_no_manifest_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "bundle.json").write_text(text)
    with pytest.raises(BundleBroken, match="cannot be read"):
        checked(tmp_path)


def test_a_folder_that_is_there_is_left_alone(made: Path, models_dir: Path) -> None:
    env = {"VOXHALL_MODELS_DIR": str(models_dir)}
    done = CliRunner().invoke(app, ["bundle", "create", str(made), "--models-only"], env=env)
    assert done.exit_code == 1
    assert "is there already" in done.output


def test_images_are_named(made: Path) -> None:
    images = (made / "images.txt").read_text().split()
    assert "voxhall:cuda" in images
    assert any(image.startswith("postgres:") for image in images)


def test_every_package_that_the_product_asks_for_comes_along() -> None:
    names = {package.name.lower().replace("_", "-") for package in needed()}
    apart = {"rvc-python", "torchfcpe", "chatterbox-light", "qwen-tts-compat", "s3tokenizer", "torchaudio"}
    assert {
        "torch",
        "kokoro",
        "fastapi",
        "uvicorn",
        "celery",
        "opentelemetry-sdk",
        "curated-transformers",
    } | apart <= names
    assert not names & {"pytest", "mypy", "voxhall", "fairseq", "hypothesis"}
    pinned = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert names <= {name.replace("_", "-") for name in pinned} | {"setuptools", "pip", "async-timeout"}
