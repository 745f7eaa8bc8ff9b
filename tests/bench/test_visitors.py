from collections import Counter
from itertools import islice

from bench.soak import unseen
from bench.visitors import VISITS, mix


def test_visitors_begin_with_every_kind_together() -> None:
    own = [list(islice(mix(number, 4), 3)) for number in range(4)]
    assert {visit for visits in own for visit in visits} == set(VISITS)


def test_visits_come_by_their_shares() -> None:
    """A visitor of many begins with none of its own."""
    assert Counter(islice(mix(20, 40), sum(VISITS.values()))) == VISITS


def test_visits_that_nobody_made_are_named() -> None:
    made = {visit.__name__: 1 for visit in VISITS}
    assert unseen(made) == []
    assert unseen(made | {"transcription": 0}) == ["transcription"]
