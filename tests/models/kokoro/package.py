"""What the `kokoro` package's own G2Ps say. A program of its own, for they bring what no test may: GPL, logs, caches.

python -m tests.models.kokoro.package SPACY_FOLDER, with {language: [text, ...]} as JSON on stdin; phonemes on stdout.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from models.kokoro.g2p import spacy_model_folder
from tests.conftest import ROOT

Texts = Mapping[str, Sequence[str]]


def package_phonemes(texts: Texts, models_dir: Path) -> dict[str, list[str]]:
    """The package's phonemes of each text, by language."""
    command = [sys.executable, "-m", "tests.models.kokoro.package", str(spacy_model_folder(models_dir / "spacy-en"))]
    asked = json.dumps(dict(texts))
    ran = subprocess.run(command, cwd=ROOT, input=asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, list[str]] = json.loads(ran.stdout)
    return answer


def _g2p(language: str, spacy_folder: str) -> Callable[[str], str]:
    """As `kokoro.KPipeline.__init__` makes it for hexgrad/Kokoro-82M, except that nothing is fetched."""
    if language.startswith("en-"):
        return _english(spacy_folder, british=language == "en-gb")
    if language == "ja":
        from misaki.cutlet import Cutlet  # noqa: PLC0415 - `misaki.ja`, which would make one, wants pyopenjtalk

        japanese = Cutlet()
        return lambda text: str(japanese(text)[0])
    if language == "zh":
        return _chinese()
    from misaki.espeak import EspeakG2P  # noqa: PLC0415

    other = EspeakG2P(language)
    return lambda text: str(other(text)[0])


def _english(spacy_folder: str, *, british: bool) -> Callable[[str], str]:
    import spacy  # noqa: PLC0415
    from misaki import en, espeak  # noqa: PLC0415

    g2p = en.G2P.__new__(en.G2P)  # its constructor would fetch spaCy's model with pip
    g2p.version, g2p.british, g2p.unk = None, british, ""
    g2p.nlp = spacy.load(spacy_folder, enable=["tok2vec", "tagger"])
    g2p.lexicon, g2p.fallback = en.Lexicon(british), espeak.EspeakFallback(british=british)
    return lambda text: str(g2p(text)[0])


def _chinese() -> Callable[[str], str]:
    import jieba  # noqa: PLC0415
    from misaki.zh import ZHG2P  # noqa: PLC0415

    jieba.dt.tmp_dir = tempfile.mkdtemp()
    g2p = ZHG2P()
    return lambda text: str(g2p(text)[0])


def main(spacy_folder: str) -> None:
    texts: Texts = json.load(sys.stdin)
    g2ps = {language: _g2p(language, spacy_folder) for language in texts}
    json.dump({language: [g2ps[language](text) for text in texts[language]] for language in texts}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
