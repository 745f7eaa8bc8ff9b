import pytest

from models.reading import ipa


@pytest.mark.parametrize(
    ("written", "language", "symbols"),
    [
        ("təˈmeɪtoʊ", "en-us", "təˈmAtO"),
        ("t͡ʃɜːt͡ʃ", "en-gb", "ʧɜːʧ"),
        ("dʒɔɪ", "en-us", "ʤY"),
        ("ˈgɝl", "en-us", "ˈɡɜɹl"),
        ("red", "en-us", "ɹed"),
        ("red", "es", "red"),
        ("ba'na:na", "it", "baˈnaːna"),
        ("kɒm.pjuː.tə", "en-gb", "kɒmpjuːtə"),
        ("fɾɐ̃ˈsa", "pt-br", "fɾɐ\u0303ˈsa"),
        ("ça", "fr-fr", "ça"),
        ("misˈɑki", "en-us", "misˈɑki"),
    ],
)
def test_what_dictionaries_write_becomes_kokoro_s_symbols(written: str, language: str, symbols: str) -> None:
    assert ipa.symbols(written, language) == symbols
    assert ipa.unknown(written) == ""


def test_the_first_symbol_that_kokoro_lacks() -> None:
    assert ipa.unknown("w3d4") == "3"
