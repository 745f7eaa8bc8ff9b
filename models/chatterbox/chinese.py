"""The words of a Chinese text, by jieba: pkuseg, which the package asks for, fetches a model of its own."""

import warnings
from functools import cache
from typing import Any


class Words:
    """What the package takes as its segmenter."""

    def cut(self, text: str) -> list[str]:
        return [word for word in _tokenizer().cut(text) if not word.isspace()]


@cache
def _tokenizer() -> Any:
    """Made when the first Chinese text comes: its dictionary takes a second.

    It is read as `initialize` does, less the log and the cache that it trusts in a shared /tmp.
    """
    with warnings.catch_warnings():
        # It looks there for the path of its dictionary, and has another way.
        warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
        # Where Python compiles it for the first time.
        warnings.filterwarnings("ignore", "invalid escape sequence", DeprecationWarning)
        warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning)
        import jieba  # noqa: PLC0415
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
