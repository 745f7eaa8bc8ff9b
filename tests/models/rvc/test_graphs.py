"""What needs no GPU: sizes, padding, order and falling back. Capturing itself is tests/gpu's."""

import logging

import pytest
import torch
from torch import Tensor

from models.rvc.graphs import Forward, Graphs, Pool, padded, padded_size


class Sheet:
    """Stands for a graph: it takes the size that it was made for and no other."""

    pool: Pool = (1, 2)

    def __init__(self, forward: Forward, z: Tensor, _source: Tensor | None, _g: Tensor, pool: Pool | None) -> None:
        self.forward, self.size, self.shared = forward, len(z), pool

    def __call__(self, z: Tensor, source: Tensor | None, g: Tensor) -> Tensor:
        assert len(z) == len(g) == self.size
        return self.forward(z, source, g)


def added(z: Tensor, source: Tensor | None, g: Tensor) -> Tensor:
    total = z + g
    return total if source is None else total + source


def items(count: int) -> Tensor:
    return torch.arange(float(count)).reshape(count, 1, 1)


@pytest.mark.parametrize(
    ("count", "most", "size"), [(1, 16, 1), (2, 16, 2), (3, 16, 4), (5, 16, 8), (9, 16, 16), (16, 16, 16), (5, 6, 6)]
)
def test_a_batch_is_padded_to_the_next_size(count: int, most: int, size: int) -> None:
    assert padded_size(count, most) == size
    assert padded(items(count), size).shape == (size, 1, 1)
    assert padded(items(count), size)[count:].eq(0).all()


@pytest.mark.parametrize("source", [True, False])
def test_each_item_gets_its_own_result_and_each_size_one_graph(source: bool) -> None:
    sheets: list[Sheet] = []

    def capture(forward: Forward, z: Tensor, source: Tensor | None, g: Tensor, pool: Pool | None) -> Sheet:
        sheets.append(Sheet(forward, z, source, g, pool))
        return sheets[-1]

    graphs = Graphs(added, 8, capture)
    for count in (3, 1, 4, 8, 2, 3):
        given = (items(count), items(count) * 10 if source else None, items(count) * 100)
        torch.testing.assert_close(graphs(*given), added(*given))
    assert [sheet.size for sheet in sheets] == [4, 1, 8, 2]
    assert [sheet.shared for sheet in sheets] == [None, (1, 2), (1, 2), (1, 2)]


def test_a_batch_that_does_not_fit_is_an_error_and_a_smaller_one_a_graph() -> None:
    def capture(forward: Forward, z: Tensor, source: Tensor | None, g: Tensor, pool: Pool | None) -> Sheet:
        if len(z) > 4:
            raise torch.OutOfMemoryError("out of memory")
        return Sheet(forward, z, source, g, pool)

    graphs = Graphs(added, 8, capture)
    with pytest.raises(torch.OutOfMemoryError):
        graphs(items(5), None, items(5))
    torch.testing.assert_close(graphs(items(3), None, items(3)), items(3) * 2)


def test_without_graphs_it_goes_on_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def capture(_forward: Forward, z: Tensor, *_: object) -> Sheet:
        tries.append(len(z))
        raise RuntimeError("operation not permitted when stream is capturing")

    graphs = Graphs(added, 8, capture)
    with caplog.at_level(logging.WARNING):
        for count in (3, 4, 1):
            torch.testing.assert_close(graphs(items(count), None, items(count)), items(count) * 2)
    assert tries == [4]
    assert len(caplog.messages) == 1
