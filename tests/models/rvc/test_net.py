from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from audio.pcm import Samples
from models.errors import OutOfMemory
from models.rvc.architecture import PHONE_WIDTH, Architecture
from models.rvc.net import MARGIN, TILE, WINDOW, Latent, Net, Pitch, SynthesisFailed, Tile, tiles
from tests.models.rvc.voices import architecture, architectures, name, reference, rewrite, write_safetensors

SEED = 11


def spoken(one: Architecture, frames: int, seed: int = 1) -> tuple[Tensor, Pitch | None]:
    """Features, and a glide with a pause in it."""
    features = torch.randn(1, frames, PHONE_WIDTH[one.version], generator=torch.Generator().manual_seed(seed))
    if not one.f0:
        return features, None
    f0 = torch.linspace(90, 400, frames)
    f0[frames // 3 : frames // 2] = 0
    return features, Pitch(torch.linspace(1, 255, frames).long(), f0)


def referred(one: Architecture, features: Tensor, pitch: Pitch | None, speaker: int) -> Samples:
    """What the reference makes of the whole chunk at once."""
    pitched = () if pitch is None else (pitch.coarse[None], pitch.f0[None])
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(SEED)
        lengths = torch.tensor([features.shape[1]])
        audio: Samples = reference(one).infer(features, lengths, *pitched, torch.tensor([speaker]))[0][0, 0].numpy()
    return audio


def latent(net: Net, frames: int, *, speaker: int = 0, seed: int = 1) -> Latent:
    features, pitch = spoken(net.architecture, frames, seed)
    return net.encode(features, pitch, speaker, torch.Generator().manual_seed(SEED))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_safetensors(tmp_path_factory.mktemp("voice") / "voice.safetensors", architecture())


@pytest.fixture(scope="module")
def net(weights: Path) -> Net:
    return Net.read(weights, "cpu")


@pytest.fixture
def short_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU computes in float16, as a GPU does; slower, to the same precision or a better one."""
    monkeypatch.setattr("models.rvc.net.half", lambda _device: True)


@pytest.mark.parametrize("one", architectures(), ids=name)
def test_tiles_are_the_reference_s_samples(one: Architecture, tmp_path: Path) -> None:
    net = Net.read(write_safetensors(tmp_path / "voice.safetensors", one), "cpu")
    frames, start, stop = 230, 20, 210
    features, pitch = spoken(one, frames)
    expected = referred(one, features, pitch, speaker=2)[start * one.hop : stop * one.hop]
    encoded = net.encode(features, pitch, 2, torch.Generator().manual_seed(SEED))
    decoded = np.concatenate(net.decode(tiles(encoded, start, stop)))
    assert decoded.dtype == np.float32
    assert expected.std() > 0.01
    np.testing.assert_allclose(decoded, expected, atol=1e-5, rtol=0)


def test_a_full_size_voice_is_the_reference_s_samples(tmp_path: Path) -> None:
    one = architecture("v2", rate=40_000, small=False, speakers=109)
    net = Net.read(write_safetensors(tmp_path / "voice.safetensors", one), "cpu")
    frames, start, stop = 210, 60, 120
    features, pitch = spoken(one, frames)
    expected = referred(one, features, pitch, speaker=100)[start * one.hop : stop * one.hop]
    encoded = net.encode(features, pitch, 100, torch.Generator().manual_seed(SEED))
    decoded = np.concatenate(net.decode(tiles(encoded, start, stop)))
    np.testing.assert_allclose(decoded, expected, atol=1e-5, rtol=0)


def test_a_batch_of_two_latents_and_speakers_is_each_alone(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net, "batch", 4)
    mine, other = latent(net, 400), latent(net, 240, speaker=2, seed=5)
    wanted = [*tiles(mine, 0, 400), *tiles(other, 16, 224)]
    together = net.decode([wanted[0], wanted[3], wanted[2], wanted[1], wanted[4]])
    alone = [net.decode([wanted[index]])[0] for index in (0, 3, 2, 1, 4)]
    for one, expected in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, expected, atol=1e-5, rtol=0)
    assert not np.allclose(alone[0], alone[1], atol=0.01)


def test_the_speaker_is_heard(net: Net) -> None:
    first, second = (net.decode([Tile(latent(net, 160, speaker=speaker), 20, 60)])[0] for speaker in (0, 1))
    assert np.abs(first - second).max() > 0.01


def test_a_chunk_shorter_than_a_window_is_decoded_whole(net: Net) -> None:
    features, pitch = spoken(net.architecture, 40)
    short = net.encode(features, pitch, 0, torch.Generator().manual_seed(SEED))
    longer = latent(net, 300)
    decoded = net.decode([Tile(longer, 0, 30), Tile(short, 0, 40), Tile(longer, 30, 60)])
    expected = referred(net.architecture, features, pitch, speaker=0)
    np.testing.assert_allclose(decoded[1], expected, atol=1e-5, rtol=0)
    assert [len(samples) // net.architecture.hop for samples in decoded] == [30, 40, 30]


def test_a_seed_repeats_the_samples(net: Net) -> None:
    first, second = (net.decode(tiles(latent(net, 160), 0, 160)) for _ in range(2))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(second))


def test_tiles_cover_every_frame_once(net: Net) -> None:
    one = latent(net, 700)
    covering = tiles(one, 100, 633)
    frames = [frame for tile in covering for frame in range(tile.start, tile.stop)]
    assert frames == list(range(100, 633))
    assert all(tile.stop - tile.start <= TILE for tile in covering)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (5, 4), (-1, 3), (0, TILE + 1), (190, 201)])
def test_what_is_no_tile_is_refused(net: Net, start: int, stop: int) -> None:
    one = latent(net, 200)
    with pytest.raises(ValueError, match="no tile of 200 frames"):
        Tile(one, start, stop)


@pytest.mark.parametrize("frames", [WINDOW - 1, WINDOW, WINDOW + 1, 2 * TILE, 500])
def test_a_window_stays_inside_and_hears_what_it_needs(net: Net, frames: int) -> None:
    for tile in tiles(latent(net, frames), 0, frames):
        assert 0 <= tile.first <= max(tile.start - MARGIN, 0)
        assert tile.first + tile.width <= frames
        assert tile.first + tile.width >= min(tile.stop + MARGIN, frames)


def test_a_speaker_or_a_pitch_that_the_voice_does_not_have_is_refused(net: Net, tmp_path: Path) -> None:
    features, pitch = spoken(net.architecture, 30)
    noise = torch.Generator()
    with pytest.raises(ValueError, match="speakers 0 to 2, not 3"):
        net.encode(features, pitch, 3, noise)
    with pytest.raises(ValueError, match="takes a pitch"):
        net.encode(features, None, 0, noise)
    with pytest.raises(ValueError, match="30 frames of pitch for 29"):
        net.encode(features[:, :29], pitch, 0, noise)
    silent = Net.read(write_safetensors(tmp_path / "nof0.safetensors", architecture(f0=False)), "cpu")
    with pytest.raises(ValueError, match="takes no pitch"):
        silent.encode(features, pitch, 0, noise)


def test_samples_that_are_no_numbers_are_an_error(net: Net) -> None:
    features, pitch = spoken(net.architecture, 30)
    with pytest.raises(SynthesisFailed):
        net.encode(torch.full_like(features, torch.nan), pitch, 0, torch.Generator())


@pytest.mark.usefixtures("short_floats")
def test_float16_is_near_float32(net: Net, weights: Path, caplog: pytest.LogCaptureFixture) -> None:
    short = Net.read(weights, "cpu")
    exact, rounded = (np.concatenate(one.decode(tiles(latent(one, 160), 20, 140))) for one in (net, short))
    noise = (rounded - exact).std()
    assert 0 < noise < exact.std() / 30
    assert not caplog.messages


@pytest.mark.usefixtures("short_floats")
def test_what_overflows_in_float16_is_computed_in_float32(weights: Path, caplog: pytest.LogCaptureFixture) -> None:
    def loud(held: dict[str, Tensor], _metadata: dict[str, str]) -> None:
        held["dec.conv_pre.weight"] *= 3e5
        held["dec.ups.0.weight_g"] *= 3e-6

    changed = rewrite(weights, loud)
    short = Net.read(changed, "cpu")
    decoded = np.concatenate(short.decode(tiles(latent(short, 160), 20, 140)))
    assert len(caplog.messages) == 1
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("models.rvc.net.half", lambda _device: False)
        exact = Net.read(changed, "cpu")
    expected = np.concatenate(exact.decode(tiles(latent(exact, 160), 20, 140)))
    assert np.abs(decoded - expected).std() < expected.std() / 30
    assert expected.std() > 0.01


def test_a_device_without_room_is_an_error_that_a_caller_knows(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    one = latent(net, 160)
    monkeypatch.setattr("models.rvc.decoder.Decoder.forward", full)
    with pytest.raises(OutOfMemory):
        net.decode(tiles(one, 0, 100))
    monkeypatch.setattr("models.rvc.encoder.Encoder.forward", full)
    with pytest.raises(OutOfMemory):
        latent(net, 160)
