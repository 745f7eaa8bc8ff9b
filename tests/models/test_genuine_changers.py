"""The published converters, where they are installed: speech comes nearer to the voice that it shall have.

    voxhall models pull kokoro campplus openvoice knn-vc
    python -m pytest -m gpu tests/models/test_genuine_changers.py

CAM++ is the judge, since it is no part of either.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from audio.pcm import Samples
from audio.resample import resample
from models.catalog import load_catalog
from models.cloning.engine import Changer, Reference, Wish
from models.diarization.engine import Diarizer
from models.knn_vc.engine import KnnVc
from models.kokoro.engine import Kokoro
from models.openvoice.engine import OpenVoice
from models.store import Store

# ruff: noqa: RUF001 - phonemes
SENTENCES = [
    "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˈOvəɹ ðə lˈAzi dˈɔɡ, ænd ðɛn ɪt ɹˈʌnz ˌɪntu ðə fˈɔɹəst.",
    "plˈiz ɹəmˈɛmbəɹ tə kˈɔl jʊɹ bɹˈʌðəɹ təmˈɑɹO mˈɔɹnɪŋ, bəfˈɔɹ hi lˈivz fɔɹ wˈɜɹk.",
    "wi wˈɔkt ʌp ðə hˈɪl ɪn ðə ɹˈAn, ænd wˈʌns wi wɜɹ ðˈɛɹ, ðə sˈʌn kˌAm ˈWt.",
]
"""In the phonemes of Kokoro."""

NEARER: dict[str, tuple[Callable[[Path], Changer], float]] = {"openvoice": (OpenVoice, 0.05), "knn-vc": (KnnVc, 0.2)}
"""By how much at least. OpenVoice gives a tint; kNN-VC gives the voice."""


def installed(models_dir: Path, *models: str) -> Store:
    store = Store(models_dir, load_catalog())
    missing = [model for model in models if not store.installed(model)]
    if missing:
        pytest.skip(f"not installed: `voxhall models pull {' '.join(missing)}`")
    return store


def spoken(store: Store, voice: str, sentences: list[str]) -> Samples:
    """24 kHz."""
    kokoro = Kokoro(store.folder_of("kokoro"))
    kokoro.load("cpu")
    return np.concatenate([kokoro.synthesize(sentence, voice, 1.0, seed=0).samples for sentence in sentences])


@pytest.mark.gpu
@pytest.mark.parametrize("model", NEARER)
def test_a_converter_brings_speech_nearer_to_a_voice(models_dir: Path, model: str) -> None:
    store = installed(models_dir, "kokoro", "campplus", model)
    kind, nearer = NEARER[model]
    target, source = spoken(store, "af_heart", 3 * SENTENCES[:2]), spoken(store, "am_adam", SENTENCES[2:])
    engine, judge = kind(store.folder_of(model)), Diarizer(store.folder_of("campplus"))
    engine.load("cuda" if torch.cuda.is_available() else "cpu")
    judge.load("cpu")
    voice = engine.voice(engine.embed(Reference(target)))
    heard = engine.change(voice, resample(source, 24_000, engine.source_rate), Wish(), lambda: None)
    wanted, before, after = (
        judge.voice(resample(samples, rate, 16_000))
        for samples, rate in ((target, 24_000), (source, 24_000), (heard, engine.sample_rate))
    )
    assert wanted @ after > wanted @ before + nearer
