from pathlib import Path

import pytest

from jobs.errors import InvalidRequest, Unavailable, UnknownModel
from jobs.specs import TranscriptionSpec
from server.hall import Hall
from server.transcription import best_transcriber, checked_transcription


def without_models(hall: Hall, folder: Path) -> Path:
    """Points the hall at a folder that has no model."""
    settings = hall.settings.model_copy(update={"models_dir": folder})
    object.__setattr__(hall, "settings", settings)
    return folder


def test_a_request_becomes_a_spec(hall: Hall) -> None:
    spec = checked_transcription(
        hall, TranscriptionSpec(model="whisper-base", language="DE-at", word_times=True, prompt="Wien", temperature=0.2)
    )
    assert (spec.language, spec.word_times, spec.prompt, spec.temperature) == ("de", True, "Wien", 0.2)
    assert checked_transcription(hall, TranscriptionSpec(model="whisper-base", language="")).language is None


@pytest.mark.parametrize(
    ("model", "language", "error", "param"),
    [
        ("nobody", None, UnknownModel, "model"),
        ("kokoro", None, UnknownModel, "model"),
        ("x" * 5_000, None, UnknownModel, "model"),
        ("whisper-base", "klingon", InvalidRequest, "language"),
        ("whisper-tiny.en", "de", InvalidRequest, "language"),
    ],
)
def test_every_refusal_names_what_is_wrong(
    hall: Hall, model: str, language: str | None, error: type[InvalidRequest], param: str
) -> None:
    with pytest.raises(error) as caught:
        checked_transcription(hall, TranscriptionSpec(model=model, language=language))
    assert caught.value.param == param
    assert len(caught.value.message) < 300


def test_a_language_is_detected_among_some(hall: Hall) -> None:
    asked = TranscriptionSpec(model="whisper-base", languages=("DE-at", "fr", "de"))
    assert checked_transcription(hall, asked).languages == ("de", "fr")
    with pytest.raises(InvalidRequest, match="klingon") as caught:
        checked_transcription(hall, TranscriptionSpec(model="whisper-base", languages=("de", "klingon")))
    assert caught.value.param == "languages"


def test_a_model_that_is_not_installed_is_said_with_the_remedy(hall: Hall, tmp_path: Path) -> None:
    without_models(hall, tmp_path)
    with pytest.raises(Unavailable, match="`voxhall models pull whisper-base`"):
        checked_transcription(hall, TranscriptionSpec(model="whisper-base"))
    assert best_transcriber(hall) == "whisper-base"


def test_speakers_need_a_model_of_their_own(hall: Hall, models_dir: Path, tmp_path: Path) -> None:
    spec = TranscriptionSpec(model="whisper-base", diarize=True)
    assert checked_transcription(hall, spec).diarize
    without_models(hall, tmp_path)
    (tmp_path / "whisper-base").symlink_to(models_dir / "whisper-base")
    with pytest.raises(Unavailable, match="`voxhall models pull campplus`"):
        checked_transcription(hall, spec)


@pytest.mark.parametrize("model", ["whisper-tiny.en", "whisper-large-v3-turbo"])
def test_not_every_model_translates(hall: Hall, models_dir: Path, tmp_path: Path, model: str) -> None:
    """Turbo would repeat what it hears; an installed base is preferred to it."""
    without_models(hall, tmp_path)
    (tmp_path / model).mkdir()
    for file in hall.catalog.model(model).files:
        (tmp_path / model / file.path).touch()
    assert best_transcriber(hall, task="translate") == model
    with pytest.raises(InvalidRequest, match="cannot translate") as caught:
        checked_transcription(hall, TranscriptionSpec(model=model, task="translate"))
    assert caught.value.param == "model"
    (tmp_path / "whisper-base").symlink_to(models_dir / "whisper-base")
    assert best_transcriber(hall, task="translate") == "whisper-base"
    assert best_transcriber(hall) == (model if model.endswith("turbo") else "whisper-base")


def test_the_best_that_is_installed_is_taken(hall: Hall, models_dir: Path, tmp_path: Path) -> None:
    assert best_transcriber(hall) == "whisper-base"
    without_models(hall, tmp_path)
    (tmp_path / "whisper-tiny.en").symlink_to(models_dir / "whisper-tiny.en")
    assert best_transcriber(hall) == "whisper-tiny.en"
