from pathlib import Path

import pytest

from jobs.settings import Settings
from models.catalog import NoSuchModel, load_catalog
from models.device import DeviceError
from models.store import ModelMissing, Store
from workers.engines import Engines, build
from workers.roles import RoleName, role_named
from workers.speech import SpeechRunner


def engines(name: RoleName, folder: Path, *, device: str = "cpu", budget: int = 0) -> Engines:
    settings = Settings(data_dir=folder, device=device, model_budget_bytes=budget)
    catalog = load_catalog()
    return build(role_named(name, settings), settings, store=Store(folder, catalog), catalog=catalog)


def test_a_speech_worker_speaks(models_dir: Path) -> None:
    found = engines("speech", models_dir)
    runner = found.runners["speech"]
    assert isinstance(runner, SpeechRunner)
    runner._phonemizer.close()
    assert (found.device, found.residency.loaded()) == ("cpu", [])


def test_an_io_worker_has_no_engine(tmp_path: Path) -> None:
    assert engines("io", tmp_path, device="auto").runners == {}


def test_a_model_that_is_not_installed_is_said(models_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="`voxhall models pull spacy-en`"):
        engines("speech", tmp_path)
    residency = engines("transcription", tmp_path).residency
    with pytest.raises(ModelMissing, match="`voxhall models pull whisper-base`"), residency.use("whisper-base"):
        pass
    with pytest.raises(NoSuchModel, match="nobody"), residency.use("nobody"):
        pass
    assert residency.loaded() == []


def test_a_card_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="no cuda:77"):
        engines("speech", tmp_path, device="cuda:77")


def test_a_budget_of_the_settings_counts(models_dir: Path) -> None:
    residency = engines("transcription", models_dir, budget=1).residency
    for model_id in ("whisper-tiny.en", "whisper-base"):
        with residency.use(model_id):
            assert residency.loaded() == [model_id]
