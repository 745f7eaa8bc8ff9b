"""Each key's own pronunciations: they go into every speech job at its submission, so that a job never changes later."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from jobs.database import Database
from jobs.errors import InvalidRequest
from jobs.schema import keys, pronunciations
from jobs.specs import MOST_PRONUNCIATIONS, SpeechSpec


class Pronunciations:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, key_id: str) -> dict[str, str]:
        """Words to how they are said; empty where the key has set none."""
        query = select(pronunciations.c.words).where(pronunciations.c.key_id == key_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none() or {}

    def replace(self, key_id: str, words: Mapping[str, str]) -> None:
        """Sets the whole map of a key."""
        mine = pronunciations.c.key_id == key_id
        with self._database.write() as connection:
            # Of two who replace the map at once the second waits; else both would insert.
            connection.execute(select(keys.c.id).where(keys.c.id == key_id).with_for_update())
            connection.execute(delete(pronunciations).where(mine))
            connection.execute(insert(pronunciations).values(key_id=key_id, words=dict(words)))


def joined(spec: SpeechSpec, own: Mapping[str, str]) -> SpeechSpec:
    """The spec with the key's `own` words beside its request's, which win.

    Raises:
        InvalidRequest: they are too many together.
    """
    asked = spec.pronunciations
    words = {word: said for word, said in own.items() if word not in asked and word.lower() not in asked} | asked
    if len(words) > MOST_PRONUNCIATIONS:
        raise InvalidRequest(
            f"The request's pronunciations and the key's own are {len(words)}; {MOST_PRONUNCIATIONS} are the limit.",
            param="pronunciations",
        )
    return spec.model_copy(update={"pronunciations": words})
