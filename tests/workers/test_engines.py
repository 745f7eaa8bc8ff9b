import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jobs.settings import Settings
from models.catalog import NoSuchModel, load_catalog
from models.device import DeviceError
from models.store import ModelMissing
from tests.models.openvoice import checkpoints as openvoice
from tests.models.pocket_tts import checkpoints as pocket_tts
from tests.overlays import overlay
from tests.workers.conftest import engines_of
from workers.engines import Engines
from workers.roles import RoleName
from workers.speech import SpeechRunner

Build = Callable[..., Engines]


@pytest.fixture
def engines(settings: Settings) -> Build:
    def of(name: RoleName, models: Path, *, device: str = "cpu", budget: int = 0) -> Engines:
        wanted = settings.model_copy(update={"device": device, "model_budget_bytes": budget})
        return engines_of(name, wanted, models)

    return of


def test_a_speech_worker_speaks_and_has_nothing_of_rvc_before_its_first_conversion(
    engines: Build, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "workers.conversion", None)  # to import it fails
    found = engines("speech", models_dir)
    runner = found.runners["speech"]
    assert isinstance(runner, SpeechRunner)
    runner._phonemizer.close()
    assert (found.device, found.residency.loaded()) == ("cpu", [])
    with pytest.raises(ModuleNotFoundError, match="conversion"):
        found.runners["conversion"].run(None, None)  # type: ignore[arg-type]


def test_a_worker_has_the_runners_of_its_queues(engines: Build, models_dir: Path) -> None:
    listening = {"transcription", "clone", "change", "enrolment"}
    assert set(engines("transcription", models_dir).runners) == listening
    assert set(engines("io", models_dir, device="auto").runners) == {"voice", "transcription", "enrolment"}
    runners = engines("speech", models_dir).runners
    assert set(runners) == {"speech", "conversion", "clone", "change", "embedding"}
    speech = runners["speech"]
    assert isinstance(speech, SpeechRunner)
    speech._phonemizer.close()


@pytest.mark.parametrize("model_id", [model.id for model in load_catalog().of_kind("cloning")])
def test_a_cloning_model_that_is_not_installed_is_said(engines: Build, tmp_path: Path, model_id: str) -> None:
    residency = engines("transcription", tmp_path).residency
    with pytest.raises(ModelMissing, match=f"`voxhall models pull {model_id}`"), residency.use(model_id):
        pass


def test_a_cloning_model_is_loaded_from_its_folder(settings: Settings, tmp_path: Path) -> None:
    models = tmp_path / "models"
    folders = {"pocket-tts": pocket_tts.tiny(models / "pocket-tts"), "openvoice": openvoice.tiny(models / "openvoice")}
    wanted = settings.model_copy(update={"device": "cpu", "catalog": overlay(tmp_path / "catalog.toml", folders)})
    residency = engines_of("transcription", wanted, models).residency
    with residency.use_all("pocket-tts", "openvoice") as (speaker, changer):
        assert (speaker.sample_rate, changer.sample_rate) == (24_000, 22_050)


def test_pitch_methods_that_come_with_a_package_are_no_models_of_the_catalog(engines: Build, models_dir: Path) -> None:
    residency = engines("transcription", models_dir).residency
    with residency.use("fcpe") as pitch:
        assert pitch.f0(np.zeros(16_000, np.float32)).shape == (100,)


def test_a_model_that_is_not_installed_is_said(engines: Build, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="`voxhall models pull spacy-en`"):
        engines("speech", tmp_path)
    residency = engines("transcription", tmp_path).residency
    with pytest.raises(ModelMissing, match="`voxhall models pull whisper-base`"), residency.use("whisper-base"):
        pass
    with pytest.raises(ModelMissing, match="`voxhall models pull contentvec`"), residency.use("contentvec"):
        pass
    with pytest.raises(NoSuchModel, match="nobody"), residency.use("nobody"):
        pass
    assert residency.loaded() == []


def test_a_card_that_is_not_there_is_said(engines: Build, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="no cuda:77"):
        engines("speech", tmp_path, device="cuda:77")


def test_a_budget_of_the_settings_counts(engines: Build, models_dir: Path) -> None:
    residency = engines("transcription", models_dir, budget=1).residency
    for model_id in ("whisper-tiny.en", "whisper-base"):
        with residency.use(model_id):
            assert residency.loaded() == [model_id]
