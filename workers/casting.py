"""Which engines speak a clone's text, and in whose voice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from jobs.specs import ChangeSpec, CloneSpec
from jobs.voices import Voices
from models.catalog import Model
from models.cloning.embedding import Embedding
from models.cloning.engine import Reference, Speaker, Wish
from models.cloning.pieces import pieces
from models.cloning.pitch import DIVIDES
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.language import detect, matching, plain_code
from models.store import Store
from workers.batcher import Batcher
from workers.clone_calls import CloneCalls
from workers.embedding import (
    PITCH,
    Clip,
    Embeddings,
    clip_of_job,
    clip_of_voice,
    job_embedding_key,
    saved_voice,
)
from workers.lane import Lane
from workers.narrators import USUAL_LIMIT, Changed, Cloning, Narrator, Stock
from workers.residency import Residency
from workers.step import Step
from workers.stock_clips import StockClips

KOKORO = "kokoro"


@dataclass(frozen=True, slots=True)
class Casting:
    residency: Residency
    lane: Lane
    batcher: Batcher
    phonemizer: Phonemizer
    embeddings: Embeddings
    voices: Voices
    store: Store

    def calls(self, step: Step) -> CloneCalls:
        return CloneCalls(step, lane=self.lane, give_way=self.batcher.give_way, device=self.residency.device)

    @contextmanager
    def narrator(self, step: Step, spec: CloneSpec) -> Iterator[Narrator]:
        """Who speaks the text, or its first piece where another goes on. Its engines are held for so long.

        Raises:
            UnusableReference
            UnknownVoice: the saved voice was removed while the job waited.
            LeaseLost, Stopping
        """
        model = self.store.catalog.model(spec.model)
        cast = {"openvoice": self._tinted, "kokoro-match": self._matched}.get(model.engine, self._cloning)
        with cast(step, spec, model) as narrator:
            yield narrator

    @contextmanager
    def continuing(self, step: Step, spec: CloneSpec, model_id: str, said: Reference) -> Iterator[Narrator]:
        """Another model, in the voice of what is spoken already. Raises as `narrator` does."""
        calls, model = self.calls(step), self.store.catalog.model(model_id)
        key = partial(job_embedding_key, step.job.id)
        clip = Clip(step.job.id, key, lambda: said, lasting=False)
        with self.residency.use(model_id, check=step.check) as engine:
            voice = self.embeddings.voice(clip, model_id=model_id, engine=engine, calls=calls, files=step.files)
            yield self._narrator(engine, voice, model, spec, calls)

    def planned(self, spec: CloneSpec) -> int:
        """How many pieces a text has that no Kokoro speaks."""
        return sum(1 for _ in pieces(spec.text, limit=self._limit(spec), language=_language(spec)))

    def shortest_clip(self, model_id: str) -> float:
        """Seconds that the model wants of a clip."""
        bounds = self.store.catalog.model(model_id).limits.reference_seconds
        return bounds[0] if bounds else 0.0

    @contextmanager
    def _cloning(self, step: Step, spec: CloneSpec, model: Model) -> Iterator[Narrator]:
        calls, clip = self.calls(step), self.clip(step, spec)
        with self.residency.use(spec.model, check=step.check) as engine:
            if clip:
                voice = self.embeddings.voice(clip, model_id=spec.model, engine=engine, calls=calls, files=step.files)
            elif spec.source == "stock":
                voice = calls.made(lambda: engine.stock(spec.voice))
            else:
                voice = calls.made(lambda: engine.designed(spec.instruct))
            yield self._narrator(engine, voice, model, spec, calls)

    @contextmanager
    def _tinted(self, step: Step, spec: CloneSpec, _model: Model) -> Iterator[Narrator]:
        """A stock voice about as high as the wanted one, and a converter behind it."""
        calls, clip = self.calls(step), self.needed_clip(step, spec)
        with self.residency.use_all(KOKORO, spec.model, check=step.check) as (kokoro, changer):
            embedding, voice = self.embeddings.known(
                clip, model_id=spec.model, engine=changer, calls=calls, files=step.files
            )
            speaking = self._stock(step, spec, kokoro, lambda language: self._like(embedding, language))
            yield Changed(speaking, changer, voice, calls=calls, wish=_wish(spec))

    @contextmanager
    def _matched(self, step: Step, spec: CloneSpec, _model: Model) -> Iterator[Narrator]:
        """The mix of stock voices that is most like the wanted one."""
        clip = self.needed_clip(step, spec)
        with self.residency.use_all(KOKORO, spec.model, check=step.check) as (kokoro, matcher):
            matches = self.embeddings.voice(
                clip, model_id=spec.model, engine=matcher, calls=self.calls(step), files=step.files
            )
            yield self._stock(step, spec, kokoro, lambda language: str(matches[plain_code(language)].blend))

    def _stock(self, step: Step, spec: CloneSpec, kokoro: Kokoro, voice_in: Callable[[str], str]) -> Stock:
        known = self.store.catalog.model(KOKORO).languages
        language = next(iter(matching(_language(spec), known)), known[0])
        voice = voice_in(language)
        return Stock(
            kokoro,
            voice,
            step=step,
            batcher=self.batcher,
            phonemizer=self.phonemizer,
            language=language,
            speed=spec.speed,
            facts={"stock_voice": voice},
        )

    def _like(self, embedding: Embedding, language: str) -> str:
        """The first stock voice of the language, a woman's where the wanted one is high."""
        gender = "female" if float(embedding.notes.get(PITCH, 0.0)) >= DIVIDES else "male"
        voices = [one for one in self.store.catalog.model(KOKORO).voices.values() if one.language == language]
        return next((one for one in voices if one.gender == gender), voices[0]).id

    def _narrator(self, engine: Speaker, voice: Any, model: Model, spec: CloneSpec, calls: CloneCalls) -> Cloning:
        return Cloning(
            engine,
            voice,
            calls=calls,
            wish=_wish(spec),
            language=_language(spec),
            limit=self._limit(spec),
            speed=spec.speed,
            streams=model.streams,
        )

    def _limit(self, spec: CloneSpec) -> int:
        """Of the job's own model, also where another goes on: so all count the same pieces."""
        return self.store.catalog.model(spec.model).limits.piece_characters or USUAL_LIMIT

    def clip(self, step: Step, spec: CloneSpec | ChangeSpec) -> Clip | None:
        """The one whose voice is wanted; None for a voice that is described, or the model's own.

        No engine may be in use: a stock voice of Kokoro is rendered where it is not stored yet.

        Raises `UnknownVoice`, `LeaseLost`, `Stopping`.
        """
        match spec.source:
            case "reference":
                return clip_of_job(step.files, step.job.id)
            case "saved":
                return clip_of_voice(step.files, saved_voice(self.voices, spec.voice or "", spec.asked_voice))
            case "stock" if isinstance(spec, ChangeSpec) or self._is_lent(spec):
                stock = StockClips(self.residency, self.batcher, self.phonemizer, self.store)
                return stock.clip(step, spec.voice or "")
            case _:
                return None

    def _is_lent(self, spec: CloneSpec) -> bool:
        """Whether the voice is that of a model that speaks, and not one of the cloning model's own."""
        catalog = self.store.catalog
        lenders = any(spec.voice in model.voices for model in catalog.of_kind("speech"))
        return lenders and spec.voice not in catalog.model(spec.model).voices

    def needed_clip(self, step: Step, spec: CloneSpec | ChangeSpec) -> Clip:
        """As `clip`, for models that take a voice from nothing else."""
        if clip := self.clip(step, spec):
            return clip
        raise ValueError(f"{spec.model} takes a voice from a clip only")


def _language(spec: CloneSpec) -> str:
    return spec.language or detect(spec.text) or "en"


def _wish(spec: CloneSpec) -> Wish:
    return Wish(
        language=plain_code(_language(spec)),
        instruct=spec.instruct,
        exaggeration=spec.exaggeration,
        guidance=spec.guidance,
        temperature=spec.temperature,
    )
