"""The names under which callers know a language: Kokoro's letters, ISO 639 codes, locales."""

from collections.abc import Iterable

_KOKORO = {
    "a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-br", "z": "zh",
}  # fmt: skip
_ISO_639_1 = {"cmn": "zh", "jp": "ja", "nb": "no", "nn": "no", "fil": "tl"}


def plain_code(language: str) -> str:
    """The ISO 639-1 code of a code or locale: "pt" of "pt-BR" and of "p", "zh" of "cmn-Hans-CN"."""
    code = _normal(language).partition("-")[0]
    return _ISO_639_1.get(code, code)


def matching(language: str, languages: Iterable[str]) -> list[str]:
    """Those of `languages` (codes of the catalog) that a caller may mean by `language`.

    The code itself where it is one of them, else all of that language, whatever the country: "en" and "en-AU" are
    "en-us" and "en-gb", "pt-PT" is "pt-br".
    """
    known = list(languages)
    name = _normal(language)
    return [name] if name in known else [code for code in known if plain_code(code) == plain_code(name)]


def _normal(language: str) -> str:
    code = language.strip().lower().replace("_", "-")
    return _KOKORO.get(code, code)
