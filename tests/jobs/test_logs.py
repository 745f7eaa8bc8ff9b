import json
import subprocess
import sys

from tests.conftest import ROOT

SECRET = "the treasure lies under the old oak"


def logged(code: str) -> list[dict[str, str]]:
    """What a process of its own logs: the configuration is the whole process's."""
    script = (
        f"import logging\nfrom jobs import logs\nlogs.configure('tests', as_json=True)\nsecret = {SECRET!r}\n{code}"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_has_its_process_and_its_fields() -> None:
    (line,) = logged("logging.getLogger('workers').info('step done', extra={'job': 'abc'})")
    assert (line["event"], line["process"], line["level"], line["job"]) == ("step done", "tests", "info", "abc")
    assert line["timestamp"].endswith("Z")


def test_libraries_are_quiet() -> None:
    assert logged("logging.getLogger('uvicorn.access').info('GET /'); logging.getLogger('jobs').debug('?')") == []


def test_an_exception_is_logged_without_its_words() -> None:
    (line,) = logged(
        """
def read(text):
    raise LookupError(text)
try:
    try:
        read(secret)
    except LookupError as error:
        raise RuntimeError(f"not read: {secret}") from error
except RuntimeError:
    logging.getLogger('uvicorn.error').exception('Exception in ASGI application')
"""
    )
    assert line["event"] == "Exception in ASGI application"
    assert all(word in line["exception"] for word in ("in read", "LookupError", "RuntimeError"))
    assert SECRET not in str(line)


def test_nothing_in_a_line_looks_like_another() -> None:
    """Whatever gets into a line by mistake: a line's end, colours, the cursor, the reading order."""
    forged = "x\r\n2026-11-22T02:00:00Z [info     ] forged\x1b[2J\x9b31m\u202edne\u2028next\x00"
    code = (
        "import logging\nfrom jobs import logs\nlogs.configure('tests', as_json=False)\n"
        f"logging.getLogger('jobs').warning({forged!r}, extra={{'reason': {forged!r}}})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stderr.split("\n")
    assert len([line for line in lines if line and not line.startswith("    ")]) == 1
    assert all(character.isprintable() for line in lines for character in line)
    [line] = logged(f"logging.getLogger('jobs').warning({forged!r})")
    assert line["event"] == forged
