# ruff: noqa: RUF001 - marks of other scripts
"""A stock voice as a clip: rendered once, for engines that take a voice from one."""

import hashlib
from dataclasses import dataclass
from functools import partial

import numpy as np

from audio.join import join
from audio.pcm import Samples
from jobs.files import REFERENCE, stock_embedding_key, stock_key
from models.cloning.engine import Reference
from models.kokoro.engine import Kokoro, Utterance
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.language import plain_code
from models.store import Store
from workers.batcher import Batcher
from workers.clips import as_wav, read_clip
from workers.embedding import Clip
from workers.fingerprints import fingerprint
from workers.residency import Residency
from workers.step import Step

KOKORO = "kokoro"

SEED = 1

TEXTS = {
    "en": "The morning was bright and quiet. She opened the window, looked at the garden, and thought about the long "
    "journey that lay ahead. What would she find there? Nobody knew, but everyone had a story to tell.",
    "es": "La mañana era clara y tranquila. Abrió la ventana, miró el jardín y pensó en el largo viaje que la "
    "esperaba. ¿Qué encontraría allí? Nadie lo sabía, pero todos tenían una historia que contar.",
    "fr": "Le matin était clair et calme. Elle ouvrit la fenêtre, regarda le jardin et pensa au long voyage qui "
    "l'attendait. Qu'allait-elle y trouver? Personne ne le savait, mais chacun avait une histoire à raconter.",
    "hi": "सुबह उजली और शांत थी। उसने खिड़की खोली, बगीचे को देखा और आगे की लंबी यात्रा के बारे में सोचा। वहाँ उसे क्या मिलेगा? "
    "कोई नहीं जानता था, पर सबके पास सुनाने के लिए एक कहानी थी।",
    "it": "Il mattino era chiaro e tranquillo. Aprì la finestra, guardò il giardino e pensò al lungo viaggio che "
    "l'aspettava. Che cosa avrebbe trovato? Nessuno lo sapeva, ma tutti avevano una storia da raccontare.",
    "ja": "明るく静かな朝でした。彼女は窓を開けて庭を眺め、これから始まる長い旅のことを考えました。"
    "そこで何を見つけるのでしょうか。誰にもわかりませんが、みんなが物語を持っていました。",
    "pt": "A manhã estava clara e tranquila. Ela abriu a janela, olhou para o jardim e pensou na longa viagem que a "
    "esperava. O que encontraria lá? Ninguém sabia, mas todos tinham uma história para contar.",
    "zh": "清晨明亮而安静。她打开窗户，看着花园，想着即将开始的漫长旅程。她会在那里发现什么呢？没有人知道，但是"
    "每个人都有一个故事要讲。",
}
"""Some ten seconds, with most of a language's sounds and a question among them, by ISO 639-1 code."""


@dataclass(frozen=True, slots=True)
class StockClips:
    residency: Residency
    batcher: Batcher
    phonemizer: Phonemizer
    store: Store

    def clip(self, step: Step, voice: str) -> Clip:
        """The stock voice of Kokoro. Where it is not stored yet it is rendered now, so no other engine may be in use.

        Raises `LeaseLost`, `Stopping`.
        """
        name = f"{voice}/{self._version(voice)}"
        key, stored = stock_key(name), step.files.list(stock_key(voice).removesuffix(REFERENCE))
        if key not in stored:
            with self.residency.use(KOKORO, check=step.check) as kokoro:
                step.files.put(key, as_wav(self._spoken(step, kokoro, voice)))
            for other in stored:
                step.files.remove(other)  # of other weights, or of another text

        def read() -> Reference:
            return read_clip(step.files, key, self._text(voice))

        return Clip(f"stock:{name}", partial(stock_embedding_key, name), read)

    def _version(self, voice: str) -> str:
        """Of the clip: other weights make another one, and so does another text."""
        told = f"{fingerprint(self.store, KOKORO)} {SEED} {self._text(voice)}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def _text(self, voice: str) -> str:
        return TEXTS[plain_code(self.store.catalog.voice(KOKORO, voice).language)]

    def _spoken(self, step: Step, kokoro: Kokoro, voice: str) -> Samples:
        phonemize = partial(self.phonemizer.phonemize, language=self.store.catalog.voice(KOKORO, voice).language)
        parts = []
        for part in segments(self._text(voice), phonemize):
            synthesis = self.batcher.submit(
                kokoro,
                Utterance(part.phonemes, voice, seed=SEED),
                deadline=step.deadline(0.0),
                interactive=step.claim.interactive,
            )
            parts.append((step.wait(synthesis).samples, part.pause))
        return np.concatenate([*join(parts, Kokoro.sample_rate)])
