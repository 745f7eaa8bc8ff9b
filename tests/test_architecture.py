"""The shape of the code, where no linter looks: what a process loads, and how long things are."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("server", "outbound", "jobs", "workers", "models", "confinement", "audio", "cli", "scripts")
ENGINES = ("torch", "ctranslate2", "faster_whisper", "kokoro", "spacy", "transformers")
ONLY_ON_DEMAND = (*ENGINES, "jobs.otlp", "opentelemetry.exporter")


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from (path for path in (ROOT / room).rglob("*.py") if "weights" not in path.parts)


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a module, nested ones included, and its length in lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("module", ["server.app", "cli.up", "workers.start", "models.language"])
def test_importing_it_loads_no_engine(module: str) -> None:
    code = f"import sys, {module}; print(*{{*{ONLY_ON_DEMAND!r}}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_functions_are_short() -> None:
    lengths = dict(found for path in sources() for found in functions(path))
    assert statistics.median(lengths.values()) <= 9
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 36
    assert [name for name, length in lengths.items() if length > 60] == []


def test_modules_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert [name for name, length in lengths.items() if length > 430] == []


def test_every_module_says_what_it_is() -> None:
    """Package markers and modules of one line need no words."""
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if len(path.read_text().splitlines()) > 3 and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_module_imports_rvc_python_as_such() -> None:
    """Its `__init__` wants fairseq; `models/rvc/package.py` takes its leaf modules alone."""
    named = [
        str(path.relative_to(ROOT)) for path in sources() if re.search(r"(import|from) rvc_python", path.read_text())
    ]
    assert named == []
