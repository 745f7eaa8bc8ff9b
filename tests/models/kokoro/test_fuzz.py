# ruff: noqa: RUF001 - signs of all scripts
"""Any text in any language through the real G2P process."""

import random

import pytest

from models.kokoro.g2p import LANGUAGES, Phonemizer

PIECES = [
    *"aeinrstxyzéçñãœß0123456789½²नमकषतािी्५時本語人あアー一二第한글руשלعרไα",
    *"№°₹€$¥£%‰§†•@#&+=<>|~^_*/\\-–—‑−'\"’“”«»()[]{}.,;:!?…¿¡।。、「」",
    *("\u0301", "\u093e", "\u200d", "\u00a0", "\ue000", "😀", "🇫🇷", "❤️", "   ", "[a](/ə/)", "word ", "I'm "),
    *("5 %", "-5", " - ", "№-", "°-", "1 個", " 2 人", "km", "3:30", "2024-05-03", "10-20", "$5", "IV", "ª"),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_any_text_is_answered_in_order(phonemizer: Phonemizer, language: str) -> None:
    choose = random.Random(language)
    texts = ["".join(choose.choices(PIECES, k=choose.randint(1, 12))) for _ in range(300)]
    for text in texts:
        spans = [(token.start, token.end) for token in phonemizer.phonemize(text, language)]
        assert spans == sorted(spans)
        assert all(0 <= start < end <= len(text) for start, end in spans)
