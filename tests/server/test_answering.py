"""Which model answers a name, among those that are installed."""

from collections.abc import Callable
from typing import Any

import pytest

from jobs.errors import BadReference, InvalidRequest, ModelNotInstalled, NotServed, UnknownModel
from server.answering import answers, chosen, is_cloning
from server.hall import Hall
from tests.server.conftest import SavedVoices

Choose = Callable[..., str]

TURBO, MULTILINGUAL, ENGLISH = "chatterbox-turbo", "chatterbox-multilingual", "chatterbox-english"
QWEN, POCKET = "qwen3-tts-base", "pocket-tts"


@pytest.fixture
def choose(hall: Hall, saved: SavedVoices) -> Choose:
    def choose(asked: str, *installed: str, verb: Any = "clone", **wish: Any) -> str:
        saved.install(*installed)
        return chosen(hall, asked, verb=verb, **({"language": None, "seconds": None, "strict": False} | wish)).id

    return choose


def test_a_models_own_id_means_that_model_alone(choose: Choose) -> None:
    assert choose(QWEN, QWEN, TURBO) == QWEN
    with pytest.raises(
        ModelNotInstalled, match=f"`{MULTILINGUAL}` is not installed. `voxhall models pull {MULTILINGUAL}`"
    ):
        choose(MULTILINGUAL)


def test_an_aliases_own_models_come_before_those_that_stand_in(choose: Choose) -> None:
    assert choose("chatterbox", QWEN, POCKET) == QWEN
    assert choose("chatterbox", ENGLISH) == ENGLISH
    assert choose("chatterbox", MULTILINGUAL) == MULTILINGUAL
    assert choose("cosyvoice2") == QWEN


def test_where_nothing_is_installed_the_message_tells_what_to_fetch(choose: Choose) -> None:
    with pytest.raises(ModelNotInstalled, match=r"answers for `chatterbox` is installed. `voxhall models pull chatter"):
        choose("chatterbox")
    with pytest.raises(ModelNotInstalled, match=f"`voxhall models pull {MULTILINGUAL}` fetches it"):
        choose("chatterbox", language="de")
    with pytest.raises(ModelNotInstalled, match=f"`voxhall models pull {QWEN}` fetches it"):
        choose("spark")


def test_a_model_without_what_it_requires_is_not_installed(choose: Choose, saved: SavedVoices, hall: Hall) -> None:
    assert choose("openvoice", "openvoice") == "openvoice"
    (saved.models / "kokoro" / "kokoro-v1_0.pth").unlink()
    with pytest.raises(ModelNotInstalled, match="`voxhall models pull openvoice`"):
        choose("openvoice")


@pytest.mark.parametrize(
    ("asked", "message"),
    [("chatterbox", "`voxhall models pull chatterbox-"), ("cosyvoice2", "`cosyvoice2` itself is not run here")],
)
def test_strictly_nothing_stands_in(choose: Choose, asked: str, message: str) -> None:
    assert choose(asked, QWEN) == QWEN
    with pytest.raises(NotServed, match=message) as caught:
        choose(asked, strict=True)
    assert caught.value.param == "model"


def test_strictly_the_models_own_still_answers(choose: Choose) -> None:
    assert choose("chatterbox", QWEN, ENGLISH, strict=True) == ENGLISH
    with pytest.raises(ModelNotInstalled):
        choose("pocket-tts", strict=True)


def test_a_server_can_be_strict_for_all(choose: Choose, hall: Hall) -> None:
    assert choose("chatterbox", QWEN) == QWEN
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"strict_models": True}))
    with pytest.raises(NotServed):
        choose("chatterbox")
    assert answers(hall, "chatterbox") == {}


@pytest.mark.parametrize("asked", ["nonsense", "kokoro", "whisper-base", "x" * 500])
def test_an_unknown_name_is_told_the_known_ones(choose: Choose, asked: str) -> None:
    with pytest.raises(UnknownModel, match=r"that clones voices. There are: chatterbox, qwen3-tts, ") as caught:
        choose(asked)
    assert caught.value.param == "model"
    assert len(caught.value.message) < 700


def test_a_name_without_the_verb_is_unknown_for_it(choose: Choose) -> None:
    with pytest.raises(
        UnknownModel, match=r"no model `pocket-tts` that changes voices. There are: chatterbox, .*openvoice"
    ):
        choose("pocket-tts", verb="change")
    assert choose("qwen3-tts", "qwen3-tts-design", verb="design") == "qwen3-tts-design"


def test_the_language_decides_among_those_that_are_there(choose: Choose) -> None:
    assert choose("chatterbox", TURBO, MULTILINGUAL, language="en-GB") == TURBO
    assert choose("chatterbox", language="de-AT") == MULTILINGUAL


def test_a_language_that_nobody_speaks_is_refused_with_who_does(choose: Choose) -> None:
    with pytest.raises(
        InvalidRequest, match=f"does not speak German here. `voxhall models pull {MULTILINGUAL}`"
    ) as one:
        choose("chatterbox", TURBO, language="de")
    assert one.value.param == "language"
    assert choose("qwen3-tts", QWEN) == QWEN
    with pytest.raises(InvalidRequest, match=f"`{TURBO}` does not speak German here. These do: `{QWEN}`."):
        choose(TURBO, language="de")
    with pytest.raises(InvalidRequest, match=r"does not speak Welsh here. No model does."):
        choose(QWEN, language="cy")


def test_a_model_without_languages_takes_them_all(choose: Choose) -> None:
    assert choose("knn-vc", "knn-vc", verb="change", language="cy") == "knn-vc"


@pytest.mark.parametrize(
    ("seconds", "model"), [(4.0, MULTILINGUAL), (6.0, MULTILINGUAL), (7.5, TURBO), (float("inf"), TURBO), (None, TURBO)]
)
def test_a_short_reference_goes_to_a_model_that_takes_it(choose: Choose, seconds: float | None, model: str) -> None:
    """Turbo wants 5.1 s of speech, and some of a clip is silence."""
    assert choose("chatterbox", TURBO, MULTILINGUAL, seconds=seconds) == model


def test_a_reference_that_is_too_short_for_all_is_refused(choose: Choose) -> None:
    assert choose("chatterbox", TURBO, seconds=6.0) == TURBO
    with pytest.raises(BadReference, match=r"has 4.0 s; at least 5.1 s of speech are needed") as caught:
        choose("chatterbox", seconds=4.0)
    assert caught.value.param == "reference"


def test_what_an_alias_means_now(choose: Choose, hall: Hall) -> None:
    assert answers(hall, "qwen3-tts") == {}
    choose("qwen3-tts", QWEN, "qwen3-tts-design", MULTILINGUAL)
    assert answers(hall, "qwen3-tts") == {"clone": QWEN, "design": "qwen3-tts-design", "change": MULTILINGUAL}


def test_what_is_a_cloning_model(hall: Hall) -> None:
    names = ("chatterbox", "tortoise", "knn-vc", "kokoro", "whisper-base", "nonsense")
    assert [is_cloning(hall, name) for name in names] == [True, True, True, False, False, False]
