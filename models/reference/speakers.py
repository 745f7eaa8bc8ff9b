"""Whether more than one person speaks in a clip, by CAM++ over windows of 1.5 s (`models.diarization`)."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from models.diarization.clusters import Vectors
from models.diarization.turns import Stretch

ALIKE = 0.38
"""Similarity of two groups of windows below which they are two people.

The least alike groups of one person's windows, over 100 clips of 6 to 25 s (10 readers of LibriSpeech, a politician
before crowds, 16 voices of Kokoro with expressive texts): 0.42 and more, in 95 of 100 above 0.52; of some 230 more
readers one was less, 0.21, amid a dialogue. Of two people: 45 of 45 pairs of readers (7 s each) are below; 4 s of one
after 12 s of another: 41 of 45; 116 of 120 pairs of Kokoro's voices, some of which sound much alike.
"""

LEAST_WINDOWS = 3
"""Half a second each: fewer are a cough, a laugh, or the moment in which one takes over from the other."""

MOST_GROUPS = 8


def several(stretches: Sequence[Stretch]) -> bool:
    """Whether the speech of a clip, as `Diarizer.listen` gives it, is of more than one person.

    Less than three seconds of speech tell nothing: False.
    """
    windows = np.concatenate([stretch.windows for stretch in stretches]) if stretches else np.zeros((0, 1), np.float32)
    return least_alike(windows) < ALIKE


def least_alike(windows: Vectors) -> float:
    """The similarity, -1 to 1, of the two groups of `windows` (n, size), unit vectors, that are least alike.

    Groups are those of agglomerative clustering (average linkage, cosine distance) at each number of groups up to
    `MOST_GROUPS`; 1 where there are no two large enough. The diarizer's own count of speakers is surer that there are
    two and finds less of them: it missed one of eight pairs of readers.
    """
    if len(windows) < 2 * LEAST_WINDOWS:
        return 1.0
    return min((_alike(*pair) for groups in _groupings(windows) for pair in combinations(groups, 2)), default=1.0)


def _groupings(windows: Vectors) -> Iterator[list[Vectors]]:
    distances = np.maximum(1 - windows.astype(np.float64) @ windows.T, 0)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average")
    for count in range(2, min(MOST_GROUPS, len(windows)) + 1):
        labels = fcluster(tree, count, "maxclust")
        groups = [windows[labels == label] for label in np.unique(labels)]
        yield [group for group in groups if len(group) >= LEAST_WINDOWS]


def _alike(one: Vectors, other: Vectors) -> float:
    first, second = one.mean(axis=0), other.mean(axis=0)
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
