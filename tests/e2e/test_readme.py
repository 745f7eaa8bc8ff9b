"""The examples of the README and of docs/, as a reader would paste them: with the real key, at the tests' address."""

import json
import re
import subprocess
import sys
from pathlib import Path

from openai import OpenAI

from audio.probe import probe
from tests.conftest import ROOT
from tests.e2e.product import KEY, Product, voxhall
from tests.e2e.texts import SENTENCE

BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(language: str, product: Product, page: str = "README.md") -> str:
    text = (ROOT / page).read_text()
    code = "\n".join(block for kind, block in BLOCK.findall(text) if kind == language)
    here = code.replace("http://127.0.0.1:8080", product.url).replace(".venv/bin/voxhall", f"{sys.executable} -m cli")
    return re.sub(r"vox-….*", KEY, here)


def run(command: list[str], product: Product, folder: Path) -> str:
    env = product.env | {"VOXHALL_PORT": product.url.rsplit(":", 1)[1], "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_shell_examples_work_when_pasted(product: Product, tmp_path: Path) -> None:
    out = run(["bash", "-euc", blocks("bash", product)], product, tmp_path)
    assert probe(tmp_path / "evening.mp3").codec.startswith("mp3")
    assert probe(tmp_path / "chapter.flac").codec == "flac"
    assert "shall we begin" in out.lower()
    assert "first chapter" in out.lower()
    assert "succeeded" in out


def test_the_python_example_works_when_pasted(product: Product, tmp_path: Path) -> None:
    out = run([sys.executable, "-c", blocks("python", product)], product, tmp_path)
    assert "machine" in out.lower()
    assert (tmp_path / "hello.mp3").stat().st_size > 5_000


def test_the_example_of_a_job_works_when_pasted(product: Product, tmp_path: Path) -> None:
    job = json.loads(run(["bash", "-euc", blocks("bash", product, "docs/speech.md")], product, tmp_path))
    assert (job["kind"], job["state"]) == ("speech", "queued")


def test_the_examples_of_cloning_work_when_pasted(product: Product, openai: OpenAI, tmp_path: Path) -> None:
    said = f"{SENTENCE} Then he went down to the harbour, and told the boats."
    clip = openai.audio.speech.create(model="kokoro", voice="af_heart", input=said, response_format="wav")
    (tmp_path / "me.wav").write_bytes(clip.content)
    try:
        run(["bash", "-euc", blocks("bash", product, "docs/cloning.md")], product, tmp_path)
    finally:
        voxhall(product, "voices", "remove", "anna")
    for name in ("evening.mp3", "anna.mp3", "changed.wav"):
        assert probe(tmp_path / name).duration
