"""How many speak, and the centre of each: agglomerative clustering of windows, average linkage, cosine distance.

The distances of all pairs take memory by the square. So beyond `BLOCK` windows, blocks of consecutive ones are
clustered by themselves first, and what comes out of all blocks by its means: again in blocks, while there are more than
`BLOCK`. A block gives half as many groups at most. Where its windows are too far apart for that, as in noise, the
smallest groups are left out; they say nothing about the centres, and are nearest to one in the end as all windows are.
A mean is not scaled to length one: the product of two is the average similarity of all pairs, which is what average
linkage compares.
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
    means, sizes = windows, np.ones(len(windows), dtype=np.int64)
    while len(means) > BLOCK:
        means, sizes = _by_blocks(means, sizes)
    labels, kept = _cut(means, sizes, speakers)
    found = _unit(np.array([sizes[labels == label] @ means[labels == label] for label in kept], dtype=np.float32))
    for _ in range(ROUNDS):  # as k-means: now the windows of no cluster have their say
        nearest = (windows @ found.T).argmax(axis=1)
        lost = np.setdiff1d(np.arange(len(found)), nearest)
        found = _unit(_means(np.concatenate([windows, found[lost]]), np.concatenate([nearest, lost])))
    return found


def _by_blocks(means: Vectors, sizes: Labels) -> tuple[Vectors, Labels]:
    """Fewer groups, as their means and sizes, in about the same order."""
    count = math.ceil(len(means) / BLOCK)
    blocks = zip(np.array_split(means, count), np.array_split(sizes, count), strict=True)
    merged = [_merged(*block) for block in blocks]
    return np.concatenate([means for means, _ in merged]), np.concatenate([sizes for _, sizes in merged])


def _merged(means: Vectors, sizes: Labels) -> tuple[Vectors, Labels]:
    """The groups of one block: those nearer than `THRESHOLD` as one, and of these the largest, `BLOCK` / 2 at most."""
    labels = fcluster(_tree(means), THRESHOLD, "distance").astype(np.int64) - 1
    totals = np.bincount(labels, weights=sizes).astype(np.int64)
    centred = _means(means, labels, sizes)
    largest = np.sort(np.argsort(-totals, kind="stable")[: BLOCK // 2])
    return centred[largest], totals[largest]


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


def _means(vectors: Vectors, labels: Labels, sizes: Labels | None = None) -> Vectors:
    """Of the vectors of each label, each as often as `sizes` says (once); every label up to the highest has some."""
    weights = np.ones(len(vectors), dtype=np.int64) if sizes is None else sizes
    sums = np.zeros((int(labels.max()) + 1, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, labels, vectors * weights[:, None].astype(np.float32))
    sums /= np.bincount(labels, weights=weights)[:, None].astype(np.float32)
    return sums


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
