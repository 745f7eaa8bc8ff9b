"""`/pronunciations`: how words are said in all speech of a key, in every dialect."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from jobs.pronunciations import Pronunciations
from jobs.specs import MOST_PRONUNCIATIONS
from server.callers import EitherKey
from server.hall import HallDependency
from server.limits import pronounceable

router = APIRouter(tags=["Voxhall"])


class Words(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pronunciations: Annotated[dict[str, str], Field(max_length=MOST_PRONUNCIATIONS)]
    """Words to how they are said: `/ipa/` or a respelling."""


@router.get("/pronunciations")
def read(hall: HallDependency, key: EitherKey) -> Words:
    """The key's own words. A word in lower case is meant in any case; another only as it is written."""
    return Words(pronunciations=Pronunciations(hall.database).of(key.id))


@router.put("/pronunciations")
def replace(hall: HallDependency, key: EitherKey, words: Words) -> Words:
    """Replaces all of them, for the jobs that are submitted from now on."""
    pronounceable(words.pronunciations)
    Pronunciations(hall.database).replace(key.id, words.pronunciations)
    return words
