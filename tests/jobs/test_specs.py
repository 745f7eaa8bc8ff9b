import pytest
from pydantic import ValidationError

from jobs.specs import EnrolmentSpec


def test_no_voice_lasts_without_consent() -> None:
    assert EnrolmentSpec(name="Anna", lasting=False).consent is None
    assert EnrolmentSpec(name="Anna", consent=True).lasting
    for consent in ({}, {"consent": None}, {"consent": False}):
        with pytest.raises(ValidationError, match="consent"):
            EnrolmentSpec(name="Anna", **consent)
