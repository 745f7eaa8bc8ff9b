import pytest
import torch

from models.rvc.encoder import ROWS, Encoder
from tests.models.rvc.test_net import spoken
from tests.models.rvc.voices import architecture, reference


@pytest.mark.parametrize("f0", [True, False])
@pytest.mark.parametrize("frames", [1, 3, 12, ROWS, 2 * ROWS + 70])
def test_it_is_the_package_s_encoder(frames: int, f0: bool) -> None:
    """Shorter than the window of learnt distances, and in several blocks."""
    one = architecture(f0=f0)
    text = reference(one).enc_p
    features, pitch = spoken(one, frames)
    coarse = None if pitch is None else pitch.coarse[None]
    with torch.inference_mode():
        mean, logs, mask = text(features, coarse, torch.tensor([frames]))
        layers: list[None] = []
        ours = Encoder(text)(features, coarse, mask, between=lambda: layers.append(None))
    assert mean.std() > 0.1
    assert len(layers) == len(text.encoder.attn_layers)
    torch.testing.assert_close(ours, (mean, logs), atol=1e-5, rtol=0)
