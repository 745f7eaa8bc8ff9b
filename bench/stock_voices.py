"""Makes the table of `kokoro-match`, `models/kokoro_match/stock.npz`: how each stock voice of Kokoro sounds to GE2E.

python -m bench.stock_voices [--device auto] [--into models/kokoro_match/stock.npz]

It is to be made anew when a voice is added, or Kokoro's or GE2E's weights change; its size and sha256, which this
prints, then go into the catalog. The table in the repository was made on a CPU.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audio.loudness import gain_to, measure_loudness
from audio.pcm import Samples
from audio.resample import resample
from jobs.settings import load_settings
from models.catalog import Voice, load_catalog
from models.device import resolve_device
from models.ge2e.engine import Ge2e
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.kokoro_match.stock import LANGUAGES, TABLE, Stock
from models.store import Store

LOUDNESS = -23.0
"""LUFS, as a reference has it: GE2E hears energies."""

ENGLISH = (
    "The small boat drifted slowly across the harbour while the children waved from the bridge. "
    "Nobody could remember when the old clock had last been wound, and yet it was never late. "
    "Please call your sister before supper, she has been waiting since this morning."
)
TEXTS = {
    "en-us": ENGLISH,
    "en-gb": ENGLISH,
    "es": "El barco pequeño cruzaba despacio el puerto mientras los niños saludaban desde el puente. "
    "Nadie recordaba quién había dado cuerda al viejo reloj, y sin embargo nunca llegaba tarde.",
    "fr-fr": "Le petit bateau traversait lentement le port pendant que les enfants saluaient depuis le pont. "
    "Personne ne savait plus qui avait remonté la vieille horloge, et pourtant elle n'était jamais en retard.",
    "hi": "छोटी नाव धीरे-धीरे बंदरगाह पार कर रही थी और बच्चे पुल से हाथ हिला रहे थे। "
    "किसी को याद नहीं था कि पुरानी घड़ी में चाबी किसने भरी थी, फिर भी वह कभी देर नहीं करती थी।",
    "it": "La piccola barca attraversava lentamente il porto mentre i bambini salutavano dal ponte. "
    "Nessuno ricordava chi avesse caricato il vecchio orologio, eppure non era mai in ritardo.",
    "ja": "小さな船がゆっくりと港を渡り、子どもたちは橋の上から手を振っていました。"
    "古い時計のねじを誰が巻いたのか、もう誰も覚えていません。それでも一度も遅れたことはありません。",
    "pt-br": "O pequeno barco atravessava devagar o porto enquanto as crianças acenavam da ponte. "
    "Ninguém se lembrava de quem tinha dado corda ao velho relógio, e mesmo assim ele nunca se atrasava.",
    "zh": "小船慢慢地驶过港口，孩子们在桥上挥手。"  # noqa: RUF001 - so it is written
    "没有人记得那座旧钟最后一次是谁上的发条，可是它从来没有慢过。请在晚饭以前给你姐姐打个电话。",  # noqa: RUF001
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.stock_voices")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--into", type=Path, default=TABLE)
    given = parser.parse_args(arguments)
    settings = load_settings()
    store = Store(settings.models_dir, load_catalog(settings.catalog))
    table(store, resolve_device(given.device)).write(given.into)
    stored = given.into.read_bytes()
    print(f"{given.into.name}: size {len(stored)}, sha256 {hashlib.sha256(stored).hexdigest()}")


def table(store: Store, device: str) -> Stock:
    """All stock voices of Kokoro, each heard in its own language."""
    kokoro, ge2e = Kokoro(store.folder_of("kokoro")), Ge2e(store.folder_of("ge2e"))
    kokoro.load(device)
    ge2e.load(device)
    phonemizer = Phonemizer(store.folder_of("spacy-en"))
    voices = list(store.catalog.model("kokoro").voices.values())
    try:
        vectors = [ge2e.embed(spoken(kokoro, phonemizer, voice)) for voice in voices]
    finally:
        phonemizer.close()
    return Stock(
        ids=np.array([voice.id for voice in voices]),
        languages=np.array([LANGUAGES.get(voice.language, voice.language) for voice in voices]),
        genders=np.array([voice.gender for voice in voices]),
        vectors=np.stack(vectors),
    )


def spoken(kokoro: Kokoro, phonemizer: Phonemizer, voice: Voice) -> Samples:
    """The text of the voice's language, 16 kHz, at `LOUDNESS`."""
    parts = segments(TEXTS[voice.language], lambda text: phonemizer.phonemize(text, voice.language))
    speech = [kokoro.synthesize(part.phonemes, voice.id, 1.0, seed=0).samples for part in parts]
    samples = resample(np.concatenate(speech), kokoro.sample_rate, Ge2e.sample_rate)
    print(f"{voice.id}: {len(samples) / Ge2e.sample_rate:.1f} s", file=sys.stderr)
    return samples * np.float32(gain_to(LOUDNESS, measure_loudness([samples], Ge2e.sample_rate)))


if __name__ == "__main__":
    main(sys.argv[1:])
