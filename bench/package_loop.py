"""The `kokoro` package as its README uses it: prints the real-time factor of N texts, one after the other.

python -m bench.package_loop N DEVICE
"""

import os
import sys
import time
from pathlib import Path

import spacy
import torch
from kokoro import KModel, KPipeline
from misaki import en, espeak

from bench.texts import PARAGRAPH
from jobs.settings import load_settings
from models.kokoro.g2p import spacy_model_folder

os.environ["HF_HUB_OFFLINE"] = "1"


def main(texts: int, device: str) -> None:
    folder = load_settings().models_dir
    model = KModel(
        repo_id="hexgrad/Kokoro-82M",
        config=str(folder / "kokoro/config.json"),
        model=str(folder / "kokoro/kokoro-v1_0.pth"),
    )
    pipeline = _pipeline(model.to(device).eval(), folder)
    voice = torch.from_file(str(folder / "kokoro/voices/af_heart.bin"), size=510 * 256).reshape(510, 1, 256)
    _speak(pipeline, voice)
    started = time.monotonic()
    samples = sum(_speak(pipeline, voice) for _ in range(texts))
    print((time.monotonic() - started) / (samples / 24_000))


def _speak(pipeline: KPipeline, voice: torch.Tensor) -> int:
    return sum(len(result.audio) for result in pipeline(PARAGRAPH, voice=voice))


def _pipeline(model: KModel, folder: Path) -> KPipeline:
    """The package's constructor would fetch spaCy's model with pip; all else is as it makes it."""
    pipeline = KPipeline.__new__(KPipeline)
    pipeline.lang_code, pipeline.model, pipeline.voices = "a", model, {}
    pipeline.g2p = g2p = en.G2P.__new__(en.G2P)
    g2p.version, g2p.british, g2p.unk = None, False, ""
    g2p.nlp = spacy.load(spacy_model_folder(folder / "spacy-en"), enable=["tok2vec", "tagger"])
    g2p.lexicon, g2p.fallback = en.Lexicon(False), espeak.EspeakFallback(british=False)
    return pipeline


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
