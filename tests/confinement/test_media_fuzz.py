"""Some broken files; `python -m bench.broken_media` has thousands."""

import io

import numpy as np
import pytest

from audio.errors import AudioError
from bench.broken import Corpus
from confinement import media
from confinement.readers import readers

COUNT = 70
RATE = 16_000


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus()


def test_every_whole_file_is_read(corpus: Corpus) -> None:
    """Or its broken copies would prove nothing."""
    for name, content in corpus.whole.items():
        assert 0.4 < media.decode(io.BytesIO(content), RATE).samples.size / RATE < 0.7, name


def test_the_dice_can_be_thrown_again(corpus: Corpus) -> None:
    assert corpus.broken(7) == Corpus().broken(7) != Corpus(seed=2).broken(7)


def test_no_broken_file_is_more_than_unreadable(corpus: Corpus) -> None:
    media.probe(io.BytesIO(corpus.whole["wav/pcm_s16le"]))
    zygote, read = readers.process, 0
    for number in range(COUNT):
        read += _is_read(corpus.broken(number).content)
    assert 0 < read < COUNT
    assert readers.process == zygote


def _is_read(content: bytes) -> bool:
    try:
        media.probe(io.BytesIO(content))
        samples = media.decode(io.BytesIO(content), RATE, max_seconds=60).samples
    except AudioError:
        return False
    assert np.abs(samples).max(initial=0) <= 1
    return True
