"""Voxhall's conversion beside that of rvc-python itself: the same weights, the same seeds, the same samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.rvc.options import FULL, Options, Span
from tests.models.rvc.oracle import Nets, ours, reference
from tests.models.rvc.sounds import voiced
from tests.models.rvc.voices import architecture, architectures, name

CHUNKED = Span(pad=1, query=1, center=2, longest=3)
"""Cuts what is longer than three seconds in two."""

ASKED = [
    (Options(index_rate=0, protect=0.33, f0_up_key=0), FULL, 0.25),
    (Options(index_rate=0.75, protect=0.2, f0_up_key=3, speaker=2), CHUNKED, 1),
    (Options(index_rate=0.5, protect=0.5, f0_up_key=-4.5, seed=3), CHUNKED, 0),
    (Options(index_rate=1, protect=0, f0_up_key=12), FULL, 0.8),
]


@pytest.fixture(scope="module", params=architectures(), ids=name)
def nets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Nets:
    return Nets.made(request.param, tmp_path_factory.mktemp("nets"))


@pytest.mark.parametrize(("options", "span", "rms_mix_rate"), ASKED)
def test_one_bit_of_sixteen_at_most_is_another(nets: Nets, options: Options, span: Span, rms_mix_rate: float) -> None:
    agrees(nets, options, span, rms_mix_rate, seconds=3.2 if span is CHUNKED else 1.5)


def test_of_full_size_too(tmp_path: Path) -> None:
    nets = Nets.made(architecture("v2", rate=40_000, small=False), tmp_path)
    agrees(nets, Options(f0_up_key=3), FULL, 0.25, seconds=2)


def agrees(nets: Nets, options: Options, span: Span, rms_mix_rate: float, seconds: float) -> None:
    audio, options = voiced(seconds), replace(options, filter_as="reference")
    expected = reference(nets, audio, options, span, rms_mix_rate)
    converted = ours(nets, audio, options, span, rms_mix_rate)
    assert expected.std() > 100
    assert len(converted) == len(expected)
    assert np.abs(converted.astype(int) - expected).max() <= 1
