import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelUnreadable
from models.whisper.engine import UnsupportedLanguage, UnsupportedTask, Whisper
from models.whisper.speech import Samples

ROOT = Path(__file__).parents[3]


def test_a_language_is_found_with_its_probability(whisper: Whisper, speech: Samples) -> None:
    language, probability = whisper.language(whisper.hear(speech))
    assert language == "en"
    assert 0.5 < probability <= 1
    among, less = whisper.language(whisper.hear(speech), ("fr", "de"))
    assert among in ("fr", "de")
    assert less < 0.5


def test_an_english_only_model(english_only: Whisper, speech: Samples) -> None:
    assert english_only.language(english_only.hear(speech)) == ("en", 1.0)
    english_only.check("en")
    english_only.check(None)
    with pytest.raises(UnsupportedLanguage, match="English only"):
        english_only.check("de")
    with pytest.raises(UnsupportedTask, match="cannot translate"):
        english_only.check(None, "translate")


def test_a_model_of_many_languages(whisper: Whisper) -> None:
    for language in (None, "en", "de", "jw"):
        whisper.check(language, "translate")
    with pytest.raises(UnsupportedLanguage, match="'xx'"):
        whisper.check("xx")


@pytest.mark.parametrize("size", [1, 159, 480_000])
def test_a_window_of_any_length_can_be_heard(whisper: Whisper, size: int) -> None:
    sound = whisper.hear(np.zeros(size, np.float32))
    assert sound.features.shape == (80, 3000)
    assert sound.frames == max(1, size // 160)


def test_an_unloaded_engine_says_so(models_dir: Path) -> None:
    with pytest.raises(RuntimeError, match="not loaded"):
        Whisper(models_dir / "whisper-base").hear(np.zeros(1, np.float32))


def test_a_model_can_be_let_go_and_loaded_again(models_dir: Path, speech: Samples) -> None:
    engine = Whisper(models_dir / "whisper-tiny.en")
    engine.load("cpu")
    assert engine.batch >= 1
    engine.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        engine.hear(speech)
    engine.load("cpu")
    assert engine.hear(speech).frames == speech.size // 160


@pytest.mark.parametrize("broken", ["model.bin", "tokenizer.json", "config.json"])
def test_a_missing_or_broken_file_is_told(models_dir: Path, tmp_path: Path, broken: str) -> None:
    folder = tmp_path / "whisper-tiny.en"
    shutil.copytree(models_dir / "whisper-tiny.en", folder)
    (folder / broken).write_bytes(b"Not found")
    with pytest.raises(ModelUnreadable, match=r"voxhall models pull whisper-tiny\.en"):
        Whisper(folder).load("cpu")
    (folder / broken).unlink()
    with pytest.raises(ModelUnreadable, match=r"voxhall models pull whisper-tiny\.en"):
        Whisper(folder).load("cpu")


def test_the_engine_imports_no_torch(models_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from models.whisper.engine import Whisper; from models.whisper.options import Decoding\n"
        "from models.whisper.transcription import Transcription\n"
        "engine = Whisper(Path(sys.argv[1])); engine.load('cpu')\n"
        "engine.decode([engine.hear(np.zeros(16000, np.float32))], Decoding('en'))\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    folder = str(models_dir / "whisper-tiny.en")
    ran = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
