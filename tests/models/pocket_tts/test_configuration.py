"""What the package is told: files of the model's folder, and nothing else."""

from pathlib import Path

import pytest
import yaml

from models.catalog import load_catalog
from models.errors import ModelUnreadable
from models.files import HubSource
from models.pocket_tts.configuration import DESCRIPTION, DESCRIPTIONS, configuration
from models.pocket_tts.package import CONFIGS


@pytest.mark.parametrize("model_id", DESCRIPTIONS)
def test_the_package_reads_only_the_folder(tmp_path: Path, model_id: str) -> None:
    folder = tmp_path / model_id
    written = yaml.safe_dump(configuration(folder).model_dump(mode="json"))
    assert "hf://" not in written
    assert written.count(str(folder)) == 2


def test_a_description_in_the_folder_wins_and_its_paths_are_not_followed(tmp_path: Path) -> None:
    described = yaml.safe_load((CONFIGS / "english_2m_2026-10.yaml").read_text())
    described["mimi"]["weights_path"] = described["flow_lm"]["weights_path"] = "https://example.org/other.safetensors"
    (tmp_path / DESCRIPTION).write_text(yaml.safe_dump(described))
    config = configuration(tmp_path)
    assert config.flow_lm.transformer.d_model == 112
    assert config.mimi.weights_path is None
    assert config.flow_lm.weights_path is None


def test_a_model_that_nobody_describes(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=r"has no config\.yaml"):
        configuration(tmp_path / "pocket-tts-klingon")


@pytest.mark.parametrize("model_id", DESCRIPTIONS)
def test_the_catalog_has_the_files_that_the_package_wants(model_id: str) -> None:
    described = yaml.safe_load((CONFIGS / f"{DESCRIPTIONS[model_id]}.yaml").read_text())
    wanted = {
        "model.safetensors": described["weights_path"],
        "tokenizer.json": described["flow_lm"]["lookup_table"]["tokenizer_path"],
    }
    files = load_catalog().model(model_id).files
    assert {file.path: address(file.sources[0]) for file in files} == wanted


def address(source: object) -> str:
    assert isinstance(source, HubSource)
    return f"hf://{source.repo}/{source.path}@{source.revision}"
