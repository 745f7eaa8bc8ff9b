"""`docs/licences.md` names everything, and the GPL's phonemizer stays in a process of its own."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from models.catalog import load_catalog
from tests.test_architecture import ROOT, sources

PAGE = (ROOT / "docs" / "licences.md").read_text()
G2P = "models/kokoro/g2p_process.py"
PHONEMES = "models/kokoro/phonemes/"
# misaki imports the other two. kokoro imports misaki, in its `__init__` alone.
GPL = {"misaki", "phonemizer", "espeakng_loader"}
KOKORO = "models/kokoro/weights.py"


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a module imports, also by name at run time."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield ast.unparse(node.args[0]).strip("'").partition(".")[0]


def importers(packages: set[str]) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in sources() if packages & set(imported(path))}


def test_every_pinned_package_is_listed() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line and not line.startswith("#")}
    listed = {canonicalize_name(name) for name in re.findall(r"`([\w.-]+)`", PAGE)}
    assert len(pinned) > 100
    assert pinned - listed == set()


def test_every_model_is_listed_with_publisher_and_licence() -> None:
    rows = {
        f"| `{model.id}`: {model.name} | {model.publisher} | {model.licence} |"
        for model in load_catalog().models.values()
    }
    assert rows <= set(PAGE.splitlines())


def modules(path: Path) -> Iterator[str]:
    """The modules that a module imports, and what it imports from them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (str(name) for name in (getattr(node, "module", None), *(alias.name for alias in node.names)))


def test_only_the_modules_of_phonemes_import_the_gpl_packages() -> None:
    found = importers(GPL)
    assert found
    assert {path for path in found if not path.startswith(PHONEMES)} == set()
    assert importers({"kokoro"}) == {KOKORO}


def test_only_the_g2p_process_imports_phonemes_and_no_module_imports_it() -> None:
    imports = {str(path.relative_to(ROOT)): set(modules(path)) for path in sources()}
    phonemes = {path for path, names in imports.items() if any("kokoro.phonemes" in name for name in names)}
    assert {path for path in phonemes if not path.startswith(PHONEMES)} == {G2P}
    assert {path for path, names in imports.items() if any("g2p_process" in name for name in names)} == set()


def test_only_the_pitch_method_pm_imports_praat() -> None:
    assert importers({"parselmouth"}) == {"models/rvc/pitch/pm.py"}


def test_the_speech_worker_runs_kokoro_without_them(models_dir: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from models.kokoro import engine, g2p
engine.Kokoro(Path({str(models_dir / "kokoro")!r})).load("cpu")
print("torch" in sys.modules, *{GPL!r} & {{*sys.modules}})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]
