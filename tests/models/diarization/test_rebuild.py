"""What is refused; the graph itself is compared with torch's network in `test_network`."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.diarization.rebuild import RebuildError, read, rebuild


def test_a_checkpoint_is_read_as_arrays(tmp_path: Path) -> None:
    torch.save({"head.conv1.weight": torch.ones(2, 3)}, tmp_path / "checkpoint.pt")
    state = read(tmp_path / "checkpoint.pt")
    np.testing.assert_array_equal(state["head.conv1.weight"], np.ones((2, 3)))


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing of the kind")
    with pytest.raises(RebuildError, match="cannot be read"):
        read(tmp_path / "checkpoint.pt")


def test_a_missing_weight_is_named() -> None:
    with pytest.raises(RebuildError, match=r"lacks head\.conv1\.weight"):
        rebuild({})
