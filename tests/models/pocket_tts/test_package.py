"""The package beside others in one process."""

import subprocess
import sys

SCRIPT = """
import torch
torch.set_num_threads(3)
import models.pocket_tts.package
assert torch.get_num_threads() == 3
"""


def test_its_import_leaves_the_threads_of_other_models_alone() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], check=True)
