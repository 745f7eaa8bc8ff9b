"""Which conversions are taken on, and what is said to the others."""

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

import pytest

from jobs.database import Database
from jobs.errors import InvalidRequest, Unavailable, UnknownVoice
from jobs.keys import Keys
from jobs.specs import ConversionSpec
from server.conversion import checked_conversion
from server.hall import Hall
from tests.server.conftest import RvcVoices

Check = Callable[..., ConversionSpec]


@pytest.fixture
def check(hall: Hall, rvc: RvcVoices) -> Check:
    def check(voice: str = "Anna", **fields: Any) -> ConversionSpec:
        return checked_conversion(hall, ConversionSpec(voice=voice, **fields), rvc.key_id)

    return check


def test_name_and_id_lead_to_the_voice(check: Check, rvc: RvcVoices) -> None:
    voice = rvc.add("Anna")
    for asked in ("Anna", voice):
        spec = check(asked, f0_up_key=-3.5, seed=7)
        assert (spec.voice, spec.asked_voice, spec.f0_up_key, spec.seed) == (voice, asked, -3.5, 7)
    assert check(asked_voice="Bert").asked_voice == "Anna"
    assert check().seed is None


def test_a_voice_of_nobody_of_another_key_or_of_another_kind_is_unknown(
    check: Check, rvc: RvcVoices, database: Database
) -> None:
    strange = rvc.add("Strange", key_id=Keys(database).create("other")[0].id)
    rvc.add("Cloned", kind="clone")
    for voice in ("Anna", "Strange", strange, "Cloned", "x" * 100, "a\0"):
        with pytest.raises(UnknownVoice, match="`GET /voices/rvc`") as caught:
            check(voice)
        assert caught.value.param == "voice"
        assert len(caught.value.message) < 200


def test_the_pitch_method_is_fixed_when_the_job_is_taken_on(check: Check, rvc: RvcVoices) -> None:
    """Unless rmvpe is missing: then the worker shall know that fcpe was not asked for."""
    rvc.add("Anna")
    assert check().f0_method is None
    rvc.install("rmvpe")
    assert check().f0_method == "rmvpe"
    assert check(f0_method="fcpe").f0_method == "fcpe"


def test_a_voice_without_f0_has_no_pitch_method(check: Check, rvc: RvcVoices) -> None:
    rvc.add("Flat", f0=False)
    assert check("Flat").f0_method is None
    assert check("Flat", f0_method="rmvpe").f0_method is None


def test_rmvpe_is_a_model_that_must_be_there(check: Check, rvc: RvcVoices) -> None:
    rvc.add("Anna")
    with pytest.raises(Unavailable, match="`voxhall models pull rmvpe`"):
        check(f0_method="rmvpe")


@pytest.mark.parametrize(("method", "module"), [("pm", "parselmouth"), ("crepe", "torchcrepe"), ("harvest", "pyworld")])
def test_the_extras_are_packages_that_must_be_there(
    check: Check, rvc: RvcVoices, monkeypatch: pytest.MonkeyPatch, method: str, module: str
) -> None:
    rvc.add("Anna")
    found = importlib.util.find_spec

    def pretend(there: bool) -> None:
        def find(name: str) -> ModuleSpec | None:
            return found(name) if name != module else ModuleSpec(name, None) if there else None

        monkeypatch.setattr("server.conversion.find_spec", find)

    pretend(True)
    assert check(f0_method=method).f0_method == method
    pretend(False)
    with pytest.raises(InvalidRequest, match=rf"`scripts/install.sh .venv {method}`") as caught:
        check(f0_method=method)
    assert caught.value.param == "f0_method"
    assert check().f0_method is None


def test_nothing_is_converted_without_contentvec(check: Check, rvc: RvcVoices, hall: Hall) -> None:
    rvc.add("Anna")
    for file in hall.catalog.model("contentvec").files:
        (hall.settings.models_dir / "contentvec" / file.path).unlink()
    with pytest.raises(Unavailable, match="`voxhall models pull contentvec`"):
        check()


def test_a_speaker_is_one_that_the_voice_has(check: Check, rvc: RvcVoices) -> None:
    rvc.add("Anna", speakers=2)
    assert check(speaker=1).speaker == 1
    with pytest.raises(InvalidRequest, match="has 2 speakers") as caught:
        check(speaker=2)
    assert caught.value.param == "speaker"


@pytest.mark.parametrize(
    ("form", "rate", "possible"),
    [
        ("opus", 0, True),  # a voice at 40 kHz, which Opus has not, becomes one at 48
        ("opus", 48_000, True),
        ("opus", 44_100, False),
        ("mp3", 0, True),
        ("mp3", 40_000, False),
        ("pcm", 0, True),
        ("pcm", 40_000, False),
        ("wav", 40_000, True),
    ],
)
def test_the_format_can_hold_the_rate(check: Check, rvc: RvcVoices, form: str, rate: int, possible: bool) -> None:
    rvc.add("Anna")
    if possible:
        assert check(format=form, resample_sr=rate).resample_sr == rate
        return
    with pytest.raises(InvalidRequest, match=f"{form} cannot be made at {rate} Hz") as caught:
        check(format=form, resample_sr=rate)
    assert caught.value.param == "resample_sr"


def test_an_index_rate_is_fine_for_a_voice_without_an_index(check: Check, rvc: RvcVoices) -> None:
    rvc.add("Anna", vectors=0)
    assert check(index_rate=1).index_rate == 1
