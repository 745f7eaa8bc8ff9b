import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.resample import resample
from models.errors import ModelUnreadable
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.whisper.engine import TranscriptionOptions, UnsupportedLanguage, Whisper

ROOT = Path(__file__).parents[3]
TEXT = "The weather in London was cold and grey yesterday morning. Nobody stayed outside for very long."


@pytest.fixture(scope="module")
def speech(models_dir: Path) -> NDArray[np.float32]:
    """`TEXT`, spoken, 16 kHz."""
    kokoro, phonemizer = Kokoro(models_dir / "kokoro"), Phonemizer(models_dir / "spacy-en")
    kokoro.load("cpu")
    parts = [
        kokoro.synthesize(segment.phonemes, "bf_emma", 1.0, seed=1).samples
        for segment in segments(TEXT, lambda text: phonemizer.phonemize(text, "en-gb"))
    ]
    phonemizer.close()
    return resample(np.concatenate(parts), kokoro.sample_rate, Whisper.sample_rate)


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> Iterator[Whisper]:
    engine = Whisper(models_dir / "whisper-base", cpu_threads=2)
    engine.load("cpu")
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def english_only(models_dir: Path) -> Whisper:
    engine = Whisper(models_dir / "whisper-tiny.en", cpu_threads=2)
    engine.load("cpu")
    return engine


def test_speech_is_heard_with_times_and_its_language(whisper: Whisper, speech: NDArray[np.float32]) -> None:
    transcription = whisper.transcribe(speech, TranscriptionOptions(word_times=True))
    found = list(transcription.segments)
    seconds = len(speech) / 16000
    assert "".join(segment.text for segment in found).strip() == TEXT
    assert transcription.info.language == "en"
    assert transcription.info.duration == seconds
    assert [segment.id for segment in found] == list(range(len(found)))
    words = [word for segment in found for word in segment.words]
    assert "".join(word.word for word in words).strip() == TEXT
    assert all(0 <= word.start <= word.end <= seconds + 0.1 and 0 <= word.probability <= 1 for word in words)
    assert [word.start for word in words] == sorted(word.start for word in words)


def test_times_count_from_the_start_of_the_audio(whisper: Whisper, speech: NDArray[np.float32]) -> None:
    late = np.concatenate([np.zeros(10 * 16000, dtype=np.float32), speech])
    transcription = whisper.transcribe(late, TranscriptionOptions(language="en"))
    assert transcription.info.duration_after_vad < transcription.info.duration - 9
    assert next(transcription.segments).start > 9


@pytest.mark.parametrize("level", [0.0, 0.05])
def test_nothing_is_invented_where_nobody_speaks(whisper: Whisper, level: float) -> None:
    noise = (np.random.default_rng(1).normal(size=5 * 16000) * level).astype(np.float32)
    transcription = whisper.transcribe(noise, TranscriptionOptions())
    assert list(transcription.segments) == []
    assert transcription.info.language is None


def test_no_samples_at_all(whisper: Whisper) -> None:
    transcription = whisper.transcribe(np.zeros(0, dtype=np.float32), TranscriptionOptions(language="en"))
    assert list(transcription.segments) == []
    assert transcription.info.duration == 0


def test_options_reach_the_model(whisper: Whisper, speech: NDArray[np.float32]) -> None:
    options = TranscriptionOptions(language="en", vad=False, prompt="Weather.", temperature=0.2, task="translate")
    transcription = whisper.transcribe(speech, options)
    segment = next(transcription.segments)
    assert transcription.info.duration_after_vad == transcription.info.duration
    assert segment.temperature == 0.2
    assert segment.words == ()


def test_an_english_only_model(english_only: Whisper, speech: NDArray[np.float32]) -> None:
    transcription = english_only.transcribe(speech, TranscriptionOptions())
    assert transcription.info.language == "en"
    assert "London" in next(transcription.segments).text
    with pytest.raises(UnsupportedLanguage, match="English only"):
        english_only.transcribe(speech, TranscriptionOptions(language="de"))
    with pytest.raises(UnsupportedLanguage, match="cannot translate"):
        english_only.transcribe(speech, TranscriptionOptions(task="translate"))


def test_an_unknown_language(whisper: Whisper, speech: NDArray[np.float32]) -> None:
    with pytest.raises(UnsupportedLanguage, match="'xx'"):
        whisper.transcribe(speech, TranscriptionOptions(language="xx"))


def test_an_unloaded_engine_says_so(models_dir: Path) -> None:
    with pytest.raises(RuntimeError, match="not loaded"):
        Whisper(models_dir / "whisper-base").transcribe(np.zeros(1, dtype=np.float32), TranscriptionOptions())


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
        "from models.whisper.engine import TranscriptionOptions, Whisper\n"
        "engine = Whisper(Path(sys.argv[1])); engine.load('cpu')\n"
        "list(engine.transcribe(np.zeros(16000, dtype=np.float32), TranscriptionOptions()).segments)\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    folder = str(models_dir / "whisper-tiny.en")
    ran = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
