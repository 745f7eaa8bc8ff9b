"""How many speak, and the centre of each: agglomerative clustering of windows, average linkage, cosine distance.

The distances of all pairs take memory by the square. So beyond `BLOCK` windows, blocks of consecutive ones are
clustered by themselves first, and what comes out of all blocks then by its means. A mean is not scaled to length one:
the product of two is the average similarity of all pairs, which is what average linkage compares.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]

THRESHOLD = 0.6
"""Clusters whose windows are on average farther apart than this are two speakers."""
LEAST_WINDOWS = 3
"""Fewer are a cough, a laugh or two voices at once, where there are larger clusters."""
MOST_SPEAKERS = 20
BLOCK = 2_000
"""Windows; their distances take 32 MB."""
ROUNDS = 2


def centres(windows: Vectors, speakers: int | None = None) -> Vectors:
    """The speakers of `windows` (n, size), unit vectors: (k, size), unit vectors.

    `speakers` is k; fewer come where there are not as many windows. Without it, k is found, at most `MOST_SPEAKERS`.
    """
    groups = np.arange(len(windows)) if len(windows) <= BLOCK else _by_blocks(windows)
    means, sizes = _means(windows, groups), np.bincount(groups)
    labels, kept = _cut(means, sizes, speakers)
    found = _unit(np.array([sizes[labels == label] @ means[labels == label] for label in kept], dtype=np.float32))
    for _ in range(ROUNDS):  # as k-means: now the windows of no cluster have their say
        nearest = (windows @ found.T).argmax(axis=1)
        lost = np.setdiff1d(np.arange(len(found)), nearest)
        found = _unit(_means(np.concatenate([windows, found[lost]]), np.concatenate([nearest, lost])))
    return found


def _by_blocks(windows: Vectors) -> Labels:
    groups: list[Labels] = []
    count = 0
    for block in np.array_split(windows, math.ceil(len(windows) / BLOCK)):
        labels = fcluster(_tree(block), THRESHOLD, "distance").astype(np.int64)  # from 1 on
        groups.append(labels + count - 1)
        count += int(labels.max())
    return np.concatenate(groups)


def _cut(means: Vectors, sizes: Labels, speakers: int | None) -> tuple[Labels, list[int]]:
    """A label for each group, and those of the labels that are speakers, the largest first."""
    if len(means) == 1:
        return np.zeros(1, dtype=np.int64), [0]
    tree = _tree(means)
    if speakers is None:
        labels = fcluster(tree, THRESHOLD, "distance")
        return labels, _largest(labels, sizes)[:MOST_SPEAKERS]
    for count in range(speakers, len(means) + 1):
        labels = fcluster(tree, count, "maxclust")
        if len(kept := _largest(labels, sizes)) >= speakers:
            return labels, kept[:speakers]
    labels = fcluster(tree, speakers, "maxclust")
    return labels, list(np.unique(labels))


def _largest(labels: Labels, sizes: Labels) -> list[int]:
    """The labels with enough windows, the largest first; the largest one where none has them."""
    windows = np.bincount(labels, weights=sizes)
    order = np.argsort(-windows, kind="stable")
    return [int(label) for label in order if windows[label] >= LEAST_WINDOWS] or [int(order[0])]


def _tree(vectors: Vectors) -> NDArray[np.float64]:
    distances = np.maximum(1 - vectors.astype(np.float64) @ vectors.T, 0)
    np.fill_diagonal(distances, 0)
    return np.asarray(linkage(squareform(distances, checks=False), "average"))


def _means(vectors: Vectors, labels: Labels) -> Vectors:
    """Of the vectors of each label; every label up to the highest has some."""
    sums = np.zeros((int(labels.max()) + 1, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, labels, vectors)
    sums /= np.bincount(labels)[:, None]
    return sums


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
