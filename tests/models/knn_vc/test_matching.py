"""The nearest frames."""

import torch

from models.knn_vc.matching import matched


def test_a_frame_is_the_mean_of_the_four_that_point_its_way() -> None:
    angles = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.4, 3.0])
    lengths = torch.tensor([1.0, 20.0, 3.0, 4.0, 5.0, 1.0])
    heard = lengths[:, None] * torch.stack([angles.cos(), angles.sin()], dim=1)
    found = matched(torch.tensor([[7.0, 0.0], [-1.0, 0.0]]), heard)
    torch.testing.assert_close(found[0], heard[:4].mean(0))
    torch.testing.assert_close(found[1], heard[[5, 4, 3, 2]].mean(0))


def test_fewer_frames_than_four() -> None:
    heard = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    torch.testing.assert_close(matched(torch.ones(3, 2), heard), torch.full((3, 2), 0.5))


def test_frames_of_zeros_have_no_direction_and_do_no_harm() -> None:
    assert matched(torch.zeros(2, 3), torch.randn(5, 3)).isfinite().all()
