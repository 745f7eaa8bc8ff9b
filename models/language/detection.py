"""Which language a text is in: by its script, and within a script by py3langid, whose model is read on first use."""

import functools
import threading
from typing import Any

from models.language.function_words import at_home
from models.language.prose import is_remark, prose, without_links
from models.language.scripts import LANGUAGES, LATIN, main_script, words_in

SURE = 0.5  # of the best language in Latin script; close relatives share the rest
_SURE_OF_A_REMARK = 0.75
_LETTERS = 20  # fewer tell nothing

_READING = threading.Lock()

_SAME = {"arz": "ar", "ary": "ar", "nn": "no"}
_COMMON = {"ru": 4.0, "hi": 4.0, "gl": 0.25}  # beside their close relatives, which short texts are taken for


def detect(text: str) -> str | None:
    """The language of a text as an ISO 639-1 code; None where it is not sure.

    The script of most letters decides first, then the detector among the languages of that script. Not sure is what
    has no running words in Latin script: names, numbers, lists, code, a word or two. Latin words in Chinese, Hindi,
    Japanese or Korean are part of it. Han without kana is taken for Chinese.

    The first call for a script of many languages reads the detector's model: 0.4 s, 80 MB.
    """
    plain = without_links(text)
    script = main_script(plain)
    if script != LATIN:
        return _best(probabilities(text), 0.0)
    found = _best(probabilities(text), SURE) or _best(_remark(plain), _SURE_OF_A_REMARK) or _mixed(plain)
    return found if at_home(text) <= {found} else None


def probabilities(text: str) -> dict[str, float]:
    """How probable each language of the text's script is; empty where the text has too few running words to tell.

    Han alone is Chinese, but may be Japanese.
    """
    plain = without_links(text)
    script = main_script(plain)
    if script is None:
        return {}
    if script == LATIN:
        running = prose(plain)
        return _among(LATIN, running) if len(running) - running.count(" ") >= _LETTERS else {}
    if script == "Han":
        return {"zh": 0.9, "ja": 0.1}
    return _among(script, words_in(script, plain))


def _remark(text: str) -> dict[str, float]:
    return _among(LATIN, text) if is_remark(text) else {}


def _mixed(text: str) -> str | None:
    """The language that a text is in if its Latin words are terms and names."""
    script = main_script(text, among=("Kana", "Han", "Hangul", "Devanagari"))
    return LANGUAGES[script][0] if script else None


def _best(found: dict[str, float], least: float) -> str | None:
    best = max(found, key=found.__getitem__, default=None)
    return best if best and found[best] >= least else None


def _among(script: str, words: str) -> dict[str, float]:
    languages = LANGUAGES[script]
    if len(languages) == 1:
        return {languages[0]: 1.0}
    with _READING:  # callers that come at once must not each read it
        detector = _detector()
    ranked = dict(detector.rank(words))
    found: dict[str, float] = {}
    for language in languages:
        name = _SAME.get(language, language)
        found[name] = found.get(name, 0.0) + ranked[language] * _COMMON.get(name, 1.0)
    total = sum(found.values())
    return {name: probability / total for name, probability in found.items()}


@functools.cache
def _detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - with the model, on first use

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
