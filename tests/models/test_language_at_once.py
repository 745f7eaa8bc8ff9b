"""The detector's model is 80 MB: callers that come at once to a new process must not each read one."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import time
from concurrent.futures import ThreadPoolExecutor
from py3langid.langid import LanguageIdentifier
from models.language import detect

read = LanguageIdentifier.from_model_file
times = []

def counted(*given, **options):
    times.append(1)
    time.sleep(0.2)
    return read(*given, **options)

LanguageIdentifier.from_model_file = counted
with ThreadPoolExecutor(8) as pool:
    found = list(pool.map(detect, ["Der Zug nach Berlin hat heute leider wieder etwas Verspätung."] * 8))
print(len(times), *set(found))
"""


def test_it_is_read_once() -> None:
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout == "1 de\n"
