"""A model that is built takes no random numbers from one that speaks."""

import threading

import torch

from models.apart import DrawsApart


def build() -> None:
    torch.nn.LSTM(8, 8, bidirectional=True)
    torch.nn.Conv1d(4, 4, 3)
    torch.nn.Embedding(9, 5)
    torch.nn.init.trunc_normal_(torch.empty(5, 5))
    torch.nn.init.orthogonal_(torch.empty(5, 5))
    torch.nn.Parameter(torch.randn(7) + torch.rand(7) + torch.randint(9, (7,)) + torch.randperm(7))


def test_what_is_built_inside_leaves_the_draws_of_others_alone() -> None:
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    with DrawsApart():
        build()
    assert torch.equal(torch.randn(4), expected)


def test_outside_it_would_not() -> None:
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    build()
    assert not torch.equal(torch.randn(4), expected)


def test_a_generator_that_is_given_is_used() -> None:
    own = torch.Generator().manual_seed(5)
    with DrawsApart():
        drawn = torch.randn(3, generator=own)
    assert torch.equal(drawn, torch.randn(3, generator=torch.Generator().manual_seed(5)))


def test_nothing_is_drawn_for_weights_that_are_nowhere() -> None:
    with DrawsApart(), torch.device("meta"):
        assert torch.nn.Linear(3, 3).weight.is_meta


def test_nor_is_what_another_thread_draws_meanwhile() -> None:
    drawn = torch.Generator().manual_seed(3)
    expected = [torch.randn(4, generator=drawn) for _ in range(50)]
    stop = threading.Event()

    def loading() -> None:
        with DrawsApart():
            while not stop.is_set():
                build()

    thread = threading.Thread(target=loading)
    thread.start()
    try:
        torch.manual_seed(3)
        found = [torch.randn(4) for _ in range(50)]
    finally:
        stop.set()
        thread.join()
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))
