from pathlib import Path

from bench.material import VOICES, Phonemes, utterances

TEXTS = ["a" * length for length in (5, 1, 4, 2, 3)]


def test_all_are_taken_shortest_first() -> None:
    taken = utterances(TEXTS, 5)
    assert [len(one.phonemes) for one in taken] == [1, 2, 3, 4, 5]
    assert [one.voice for one in taken[:2]] == [*VOICES]


def test_few_are_taken_from_the_whole_range() -> None:
    assert [len(one.phonemes) for one in utterances(TEXTS, 2)] == [1, 3]


def test_more_than_there_are_repeat_them_with_other_seeds() -> None:
    taken = utterances(TEXTS, 10)
    assert [len(one.phonemes) for one in taken] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert len({one.seed for one in taken}) == 10


def test_phonemes_come_back_as_they_were_written(tmp_path: Path) -> None:
    phonemes = Phonemes(prose=("həlO.",), sentences=("a", "b"), short=())
    phonemes.dump(tmp_path / "phonemes.json")
    assert Phonemes.load(tmp_path / "phonemes.json") == phonemes
