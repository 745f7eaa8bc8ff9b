"""Which Whisper listens."""

from pathlib import Path

import pytest

from jobs.ledger import Ledger
from tests.workers.references import WHISPER, installed, listeners


@pytest.mark.parametrize(
    ("models", "language", "chosen"),
    [
        ((), None, None),
        ((WHISPER,), None, WHISPER),
        ((WHISPER,), "en", WHISPER),
        ((WHISPER,), "de", None),
        ((WHISPER, "whisper-base"), "en", "whisper-base"),
        ((WHISPER, "whisper-base"), "de", "whisper-base"),
    ],
)
def test_the_best_that_is_installed_and_knows_the_language(
    models_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    ledger: Ledger,
    models: tuple[str, ...],
    language: str | None,
    chosen: str | None,
) -> None:
    folder = installed(models_dir, tmp_path_factory.mktemp("models"), *models)
    assert listeners(folder, ledger).hearing.model(language) == chosen
