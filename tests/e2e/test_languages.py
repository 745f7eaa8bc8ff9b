# ruff: noqa: RUF001 - marks and phonemes
"""Voices of all nine languages, at once and alone."""

from typing import Any

import httpx

from tests.e2e.submitting import finished, submit

TEXTS = {
    "af_heart": "Good morning, [Kokoro](/kˈOkəɹO/).",
    "bf_emma": "Tea for 2?",
    "ef_dora": "Hola, buenos días.",
    "ff_siwis": "Bonjour, ça va ?",
    "hf_alpha": "नमस्ते दोस्तों।",
    "if_sara": "Buongiorno a tutti.",
    "jf_alpha": "おはよう、Python。",
    "pf_dora": "Bom dia, amigos.",
    "zf_xiaoxiao": "大家好，我有3个苹果。",
    "zm_yunjian": "早上好，Python！",
}


def spec(voice: str, seed: int) -> dict[str, Any]:
    return {"kind": "speech", "text": TEXTS[voice], "voice": voice, "seed": seed}


def seconds(client: httpx.Client, job: dict[str, Any]) -> float:
    done = finished(client, job)
    assert done["state"] == "succeeded", done["error"]
    return float(done["result"]["duration"])


def test_ten_languages_at_once_are_as_long_as_each_alone(client: httpx.Client) -> None:
    specs = [spec(voice, seed) for seed, voice in enumerate(TEXTS)]
    together = [seconds(client, job) for job in [submit(client, spec) for spec in specs]]
    alone = [seconds(client, submit(client, spec)) for spec in specs]
    assert together == alone
    assert all(length > 0.5 for length in alone)


def test_every_voice_that_is_listed_speaks(client: httpx.Client) -> None:
    voices = client.get("/voices").raise_for_status().json()["voices"]
    assert [voice["id"] for voice in voices if not voice["available"]] == []
    assert {voice["language"] for voice in voices} >= {"es", "fr-fr", "hi", "it", "ja", "pt-br", "zh"}
