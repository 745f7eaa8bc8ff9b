"""The fast way, on a card, beside the plain one."""

from pathlib import Path

import pytest
import torch

from models.cloning.engine import Reference, Runaway
from models.qwen3_tts import graphs
from models.qwen3_tts.engine import Qwen3Base
from tests.models.qwen3_tts.checkpoints import endless, tiny_base
from tests.models.qwen3_tts.speech import spoken

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not (torch.cuda.is_available() and graphs.installed()), reason="needs a CUDA card and faster-qwen3-tts"
    ),
]


def test_speaks_by_graphs(base: Qwen3Base, high: Reference) -> None:
    calls: list[None] = []
    audio = spoken(base, base.voice(base.embed(high)), between=lambda: calls.append(None))
    assert len(audio) > 0.1 * base.sample_rate
    assert calls


def test_a_piece_without_an_end_is_no_speech(tmp_path: Path, high: Reference) -> None:
    engine = Qwen3Base(endless(tiny_base(tmp_path / "endless")))
    engine.load("cuda")
    with pytest.raises(Runaway):
        spoken(engine, engine.voice(engine.embed(high)))
