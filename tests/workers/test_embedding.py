"""Voices that an engine has learned: kept, found again, and made anew where what is kept is of no use."""

import gc
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import UnknownVoice
from jobs.events import Events
from jobs.files import FileStore, embedding_key, voice_key
from jobs.ledger import Ledger
from jobs.specs import EmbeddingSpec
from models.kokoro.g2p import Phonemizer
from models.manifest import Manifest, Record
from tests.workers.booth import Bench, Booth, Pocket, miniatures
from workers.casting import Casting
from workers.embedding import KEPT, clip_of_voice
from workers.fingerprints import fingerprint
from workers.preparing import EmbeddingRunner

JOB = "1" * 32
OTHER = "2" * 32


@pytest.fixture(scope="module")
def phonemizer(models_dir: Path) -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield phonemizer
    phonemizer.close()


@pytest.fixture
def booth(tmp_path: Path, models_dir: Path, phonemizer: Phonemizer) -> Booth:
    return Booth(miniatures(tmp_path / "models", models_dir / "kokoro"), phonemizer)


@pytest.fixture
def bench(ledger: Ledger, files: FileStore, events: Events, key_id: str) -> Bench:
    return Bench(ledger, files, events, key_id)


def prepare(booth: Booth, bench: Bench, voice_id: str, casting: Casting | None = None) -> dict[str, object]:
    """The result of an embedding job, as a worker that has just started makes it unless it is told which."""
    job = bench.add(EmbeddingSpec(voice=voice_id, model="pocket-tts"), job_id=JOB)
    result = EmbeddingRunner(casting or booth.casting(bench.voices)).run(bench.begin(job), job.spec)  # type: ignore[arg-type]
    bench.ledger.delete(job.id)
    return result


def kept(bench: Bench, voice_id: str) -> list[str]:
    return bench.files.list(voice_key(voice_id, "embeddings/"))


def test_a_voice_is_learned_once(booth: Booth, bench: Bench) -> None:
    voice = bench.save(120)
    result = prepare(booth, bench, voice.id)
    version = str(result.pop("version"))
    assert result == {"voice": voice.id, "model": "pocket-tts", "seconds": 3.0}
    assert kept(bench, voice.id) == [embedding_key(voice.id, "pocket-tts", version)]
    assert prepare(booth, bench, voice.id)["version"] == version
    assert booth.pocket.embedded == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_what_is_broken_is_learned_anew(booth: Booth, bench: Bench, damage: bytes | None) -> None:
    voice = bench.save(120)
    prepare(booth, bench, voice.id)
    (key,) = kept(bench, voice.id)
    whole = bench.files.get(key)
    bench.files.put(key, whole[: len(whole) // 2] if damage is None else damage)
    prepare(booth, bench, voice.id)
    assert bench.files.get(key) == whole
    assert booth.pocket.embedded == 2


def test_another_version_of_the_engine_learns_it_anew(
    booth: Booth, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = bench.save(120)
    before = prepare(booth, bench, voice.id)
    of_another = embedding_key(voice.id, "pocket-tts-french", "0123456789abcdef")
    bench.files.put(of_another, b"")
    monkeypatch.setattr(Pocket, "form", "pocket-tts-5")
    after = prepare(booth, bench, voice.id)
    assert after["version"] != before["version"]
    assert kept(bench, voice.id) == [embedding_key(voice.id, "pocket-tts", str(after["version"])), of_another]
    assert booth.pocket.embedded == 2


def test_other_weights_are_another_version(booth: Booth, bench: Bench) -> None:
    voice, folder = bench.save(120), booth.store.folder / "pocket-tts"
    versions = {str(prepare(booth, bench, voice.id)["version"])}
    weights = folder / "model.safetensors"
    stored = bytearray(weights.read_bytes())
    stored[-1] ^= 1
    weights.write_bytes(stored)  # as long as before
    versions.add(str(prepare(booth, bench, voice.id)["version"]))
    record = Record(size=len(stored), sha256="0" * 64, source="nowhere")
    Manifest(files={"model.safetensors": record}).save(folder)
    versions.add(str(prepare(booth, bench, voice.id)["version"]))
    stored[0] ^= 1
    weights.write_bytes(stored)  # by hand, under the record of other weights
    versions.add(str(prepare(booth, bench, voice.id)["version"]))
    assert len(versions) == booth.pocket.embedded == 4


def test_the_weights_of_what_a_model_requires_count_too(booth: Booth, tmp_path: Path) -> None:
    shutil.copytree((booth.store.folder / "ge2e").resolve(), tmp_path / "ge2e")
    before = fingerprint(booth.store, "kokoro-match")
    (booth.store.folder / "ge2e").unlink()
    (tmp_path / "ge2e").rename(booth.store.folder / "ge2e")
    assert fingerprint(booth.store, "kokoro-match") == before
    weights = booth.store.folder / "ge2e" / next(iter(booth.store.catalog.model("ge2e").files)).path
    weights.write_bytes(weights.read_bytes()[::-1])
    assert fingerprint(booth.store, "kokoro-match") != before


def test_a_removed_voice_stays_in_no_memory(booth: Booth, bench: Bench) -> None:
    casting, voices = booth.casting(bench.voices), [bench.save(pitch, f"voice {pitch}") for pitch in (100, 200)]
    prepare(booth, bench, voices[0].id, casting)
    engine = booth.pocket
    calls = casting.calls(bench.begin(bench.add(EmbeddingSpec(voice=voices[0].id, model="pocket-tts"), job_id=OTHER)))
    held = casting.embeddings.known(
        clip_of_voice(bench.files, voices[0]), model_id="pocket-tts", engine=engine, calls=calls, files=bench.files
    )
    embedding = weakref.ref(next(iter(held[0].tensors.values())))
    bench.ledger.delete(OTHER)
    del held
    assert embedding()
    bench.voices.drop(voices[0].id)
    prepare(booth, bench, voices[1].id, casting)
    gc.collect()
    assert not embedding()


def test_a_voice_in_memory_needs_no_store(booth: Booth, bench: Bench) -> None:
    voice, casting = bench.save(120), booth.casting(bench.voices)
    prepare(booth, bench, voice.id, casting)
    bench.files.delete(voice_key(voice.id, ""))
    prepare(booth, bench, voice.id, casting)
    assert kept(bench, voice.id) == []
    assert booth.pocket.embedded == 1


def test_memory_holds_the_latest_voices(booth: Booth, bench: Bench) -> None:
    voices = [bench.save(100 + 10 * number, f"voice {number}") for number in range(KEPT + 1)]
    casting = booth.casting(bench.voices)
    for voice in voices:
        prepare(booth, bench, voice.id, casting)
        bench.files.delete(voice_key(voice.id, "embeddings/"))
    prepare(booth, bench, voices[1].id, casting)
    assert booth.pocket.embedded == len(voices)
    prepare(booth, bench, voices[0].id, casting)
    assert booth.pocket.embedded == len(voices) + 1


def test_a_voice_that_is_gone(booth: Booth, bench: Bench) -> None:
    voice = bench.save(120)
    bench.files.delete(voice_key(voice.id, ""))
    with pytest.raises(UnknownVoice):
        prepare(booth, bench, voice.id)
    bench.ledger.delete(JOB)
    bench.voices.drop(voice.id)
    with pytest.raises(UnknownVoice):
        prepare(booth, bench, voice.id)
    assert kept(bench, voice.id) == []
