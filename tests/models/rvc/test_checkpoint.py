import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.rvc import checkpoint
from models.rvc.architecture import Architecture
from models.rvc.checkpoint import read_checkpoint
from models.rvc.errors import NotAVoice
from tests.models.rvc import huberts, voices

SMALL = voices.architecture()

Fields = dict[str, Any]


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Fields:
    """What a small voice's file holds."""
    path = voices.write_pth(tmp_path_factory.mktemp("genuine") / "voice.pth", SMALL)
    loaded: Fields = torch.load(path, weights_only=True)
    return loaded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "voice.pth"


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(NotAVoice) as error:
        read_checkpoint(path)
    return str(error.value)


def equal(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("one", voices.architectures(), ids=voices.name)
def test_each_architecture_is_recognised(one: Architecture, path: Path) -> None:
    found = read_checkpoint(voices.write_pth(path, one))
    assert found.architecture == one
    assert equal(found.tensors, voices.tensors(one))


@pytest.mark.parametrize("fields", [{}, {"version": "v1", "f0": 0, "sr": "48k"}, {"sr": 40_000}], ids=str)
def test_the_tensors_are_believed_and_not_the_fields(fields: Fields, genuine: Fields, path: Path) -> None:
    """Old files lack version and f0, or have a rate that is a number."""
    bare = {"weight": genuine["weight"], "config": genuine["config"]}
    assert read_checkpoint(saved(path, bare | fields)).architecture == SMALL


def test_the_rate_may_be_a_word(genuine: Fields, path: Path) -> None:
    found = read_checkpoint(saved(path, genuine | {"config": [*genuine["config"][:-1], "40k"]}))
    assert found.architecture == SMALL


def test_the_speakers_are_counted(genuine: Fields, path: Path) -> None:
    """RVC writes 109, however many there are."""
    config = [*genuine["config"][:-3], 109, *genuine["config"][-2:]]
    assert read_checkpoint(saved(path, genuine | {"config": config})).architecture.speakers == SMALL.speakers


def test_names_of_the_newer_weight_norm(genuine: Fields, path: Path) -> None:
    newer = {
        name.replace(".weight_g", ".parametrizations.weight.original0").replace(
            ".weight_v", ".parametrizations.weight.original1"
        ): tensor
        for name, tensor in genuine["weight"].items()
    }
    assert newer.keys() != genuine["weight"].keys()
    assert equal(read_checkpoint(saved(path, genuine | {"weight": newer})).tensors, genuine["weight"])


def test_the_posterior_encoder_is_dropped(genuine: Fields, path: Path) -> None:
    with_it = genuine["weight"] | {"enc_q.pre.weight": torch.zeros(2)}
    assert equal(read_checkpoint(saved(path, genuine | {"weight": with_it})).tensors, genuine["weight"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_floating_type_is_kept(dtype: torch.dtype, genuine: Fields, path: Path) -> None:
    wanted = {name: tensor.to(dtype) for name, tensor in genuine["weight"].items()}
    assert equal(read_checkpoint(saved(path, genuine | {"weight": wanted})).tensors, wanted)


def test_a_file_of_older_torch(genuine: Fields, path: Path) -> None:
    torch.save(genuine, path, _use_new_zipfile_serialization=False)
    assert equal(read_checkpoint(path).tensors, genuine["weight"])


@pytest.mark.parametrize(
    ("fields", "info", "epochs"),
    [
        ({"info": "200epoch"}, "200epoch", 200),
        ({"info": "Extracted model."}, "Extracted model.", None),
        ({"info": "mine", "epoch": "300epoch", "step": 12_000}, "mine", 300),
        ({"info": "1 epoch\x1b[31m\n" + "x" * 500}, "1 epoch[31m" + "x" * 187, 1),
        ({"info": None}, "", None),
    ],
)
def test_what_the_trainer_tells(fields: Fields, info: str, epochs: int | None, genuine: Fields, path: Path) -> None:
    found = read_checkpoint(saved(path, genuine | fields))
    assert (found.info, found.epochs) == (info, epochs)


@pytest.mark.parametrize(
    "fields",
    [{"vocoder": "HiFi-GAN", "embedder_model": "contentvec", "speakers_id": 1}, {"embedder_model": "hubert_base"}],
)
def test_a_voice_of_applio_with_rvcs_own_parts(fields: Fields, genuine: Fields, path: Path) -> None:
    assert read_checkpoint(saved(path, genuine | fields)).architecture == SMALL


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"vocoder": "RefineGAN"}, r"has a vocoder \(RefineGAN\) that RVC has not"),
        ({"embedder_model": "spin"}, r"trained on features \(spin\) that are not RVC's"),
        ({"config": list(SMALL.config[:-1])}, "has not the 18 entries"),
        ({"config": {"data": {}}}, "has not the 18 entries"),
        ({"config": [*SMALL.config[:-1], 24_000]}, "sample rate is not 32, 40 or 48 kHz"),
        ({"config": [*SMALL.config[:-1], "4k"]}, "sample rate"),
        ({"config": [*SMALL.config[:6], 10**9, *SMALL.config[7:]]}, "layers entry is no number from 1 to 24"),
        ({"config": [*SMALL.config[:3], True, *SMALL.config[4:]]}, "more than numbers and words"),
        ({"config": [*SMALL.config[:12], [10, 10, 4], *SMALL.config[13:]]}, "built in another way"),
        ({"config": [*SMALL.config[:8], torch.zeros(1), *SMALL.config[9:]]}, "more than numbers and words"),
        ({"config": [*SMALL.config[:3], 64, *SMALL.config[4:]]}, "tensors are not those of an RVC voice"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_foreign_parts(fields: Fields, sentence: str, genuine: Fields, path: Path) -> None:
    saved(path, genuine | fields)
    with pytest.raises(NotAVoice, match=sentence):
        read_checkpoint(path)


def test_a_configuration_that_holds_itself(genuine: Fields, path: Path) -> None:
    config = list(SMALL.config)
    endless: list[Any] = []
    endless.append(endless)
    config[10] = endless
    assert "more than numbers and words" in refusal(saved(path, genuine | {"config": config}))


def without(weight: dict[str, Tensor]) -> None:
    del weight["flow.flows.0.post.bias"]


def with_more(weight: dict[str, Tensor]) -> None:
    weight["flow.flows.9.bias"] = torch.zeros(1)


def misshapen(weight: dict[str, Tensor]) -> None:
    weight["dec.conv_post.weight"] = torch.zeros(1, 1, 3)


def not_finite(weight: dict[str, Tensor]) -> None:
    weight["dec.conv_post.weight"][0, 0, 0] = torch.nan


def integers(weight: dict[str, Tensor]) -> None:
    weight["dec.conv_post.weight"] = weight["dec.conv_post.weight"].int()


def sparse(weight: dict[str, Tensor]) -> None:
    weight["emb_g.weight"] = weight["emb_g.weight"].to_sparse()


def other_width(weight: dict[str, Tensor]) -> None:
    weight["enc_p.emb_phone.weight"] = torch.zeros(16, 1024)


def other_decoder(weight: dict[str, Tensor]) -> None:
    weight["dec.mrfs.0.0.weight"] = torch.zeros(1)


def no_speakers(weight: dict[str, Tensor]) -> None:
    weight["emb_g.weight"] = torch.zeros(0, 8)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without, "flow.flows.0.post.bias is missing"),
        (with_more, "flow.flows.9.bias is no tensor of an RVC voice"),
        (misshapen, "dec.conv_post.weight is (1, 1, 3)"),
        (not_finite, "not finite: its training failed"),
        (integers, "not plain floating point"),
        (sparse, "not plain floating point"),
        (other_width, "hears 1024 features a frame"),
        (other_decoder, "has a vocoder (another) that RVC has not"),
        (no_speakers, "tells of 0 speakers"),
        (dict.clear, "no voice of RVC"),
    ],
)
def test_wrong_tensors(change: Callable[[dict[str, Tensor]], None], sentence: str, genuine: Fields, path: Path) -> None:
    weight = {name: tensor.clone() for name, tensor in genuine["weight"].items()}
    change(weight)
    assert sentence in refusal(saved(path, genuine | {"weight": weight}))


def test_tensors_that_take_more_memory_than_the_file(
    genuine: Fields, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tensor with strides of 0 is as large as it says it is, from one number."""
    one = torch.zeros(1, dtype=torch.float64)
    saved(path, genuine | {"weight": {name: one.expand(tensor.shape) for name, tensor in genuine["weight"].items()}})
    monkeypatch.setattr(checkpoint, "MAX_BYTES", path.stat().st_size)
    assert "made to fill memory" in refusal(path)


HUBERT = {"feature_extractor.conv_layers.0.0.weight": torch.zeros(1)}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"model": {}, "optimizer": {}, "iteration": 3, "learning_rate": 0.1}, "a checkpoint of a training"),
        ({"model": HUBERT, "args": None, "cfg": {}}, "HuBERT"),
        (HUBERT, "HuBERT"),
        ({"unet.encoder.bn.weight": torch.zeros(1)}, "RMVPE"),
        ({"enc_p.emb_phone.weight": torch.zeros(1)}, "bare tensors of a voice"),
        ({"weight": torch.zeros(1), "config": []}, "no voice of RVC"),
        ({"weight": {"a": 1}, "config": []}, "no voice of RVC"),
        ({"weight": {1: torch.zeros(1)}, "config": []}, "no voice of RVC"),
        ({"weight": {"a": torch.zeros(1)}, "config": []}, "no voice of RVC"),
        ([torch.zeros(1)], "no voice of RVC"),
        (torch.zeros(1), "no voice of RVC"),
    ],
    ids=str,
)
def test_torch_files_that_are_no_voices(content: Any, sentence: str, path: Path) -> None:
    assert sentence in refusal(saved(path, content))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"hello", "no voice of RVC"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"IwFl\x00\x03\x00\x00", "an index"),
        (b"IxF2\x00\x03\x00\x00", "an index"),
        (b'\x40\x00\x00\x00\x00\x00\x00\x00{"weight":', "safetensors"),
        (b"\x08\x08\x12\x07pytorch\x1a", "ONNX"),
        (b"7z\xbc\xaf\x27\x1c", "an archive"),
        (b"Rar!\x1a\x07", "an archive"),
        (b"RIFF\x24\x00\x00\x00WAVE", "a recording"),
        (b"PK\x03\x04broken", "damaged or cut short"),
        (b"\x80\x02}q\x00.", "no voice of RVC"),
    ],
)
def test_other_files(content: bytes, sentence: str, path: Path) -> None:
    path.write_bytes(content)
    assert sentence in refusal(path)


def test_an_onnx_file_of_torch_itself(path: Path) -> None:
    import onnx  # noqa: PLC0415 - slow

    graph = onnx.helper.make_graph([], "empty", [], [])
    path.write_bytes(onnx.helper.make_model(graph, producer_name="pytorch").SerializeToString())
    assert "ONNX" in refusal(path)
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    assert "ONNX" in refusal(path)


def test_hubert_as_it_is_shared(tmp_path: Path) -> None:
    net = huberts.hubert()
    huberts.save_fairseq(net, tmp_path)
    huberts.save_transformers(net, tmp_path, pickled=True)
    assert "HuBERT" in refusal(tmp_path / "hubert_base.pt")
    assert "HuBERT" in refusal(tmp_path / "pytorch_model.bin")


class Hostile:
    """Unpickled, it runs a program that leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self._mark}",)


def in_zip(hostile: Hostile, genuine: Fields, path: Path) -> None:
    torch.save(hostile, path)


def nested(hostile: Hostile, genuine: Fields, path: Path) -> None:
    torch.save(genuine | {"info": [{"by": (hostile,)}]}, path)


def of_older_torch(hostile: Hostile, genuine: Fields, path: Path) -> None:
    torch.save(genuine | {"info": hostile}, path, _use_new_zipfile_serialization=False)


def plain(hostile: Hostile, genuine: Fields, path: Path) -> None:
    path.write_bytes(pickle.dumps(hostile, protocol=2))


def plain_and_new(hostile: Hostile, genuine: Fields, path: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": hostile}, protocol=5))


@pytest.mark.parametrize("disguise", [in_zip, nested, of_older_torch, plain, plain_and_new])
def test_code_in_a_file_does_not_run(
    disguise: Callable[[Hostile, Fields, Path], None], genuine: Fields, path: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    disguise(Hostile(mark), genuine, path)
    said = refusal(path)
    assert not mark.exists()
    if disguise is plain_and_new:  # torch reads no newer pickle, so nobody names what is in it
        assert "no voice of RVC" in said
    else:
        assert f"wants to run code when it is opened (`{os.system.__module__}.system`), so it was not opened" in said


def test_the_code_would_run_elsewhere(genuine: Fields, path: Path, tmp_path: Path) -> None:
    """Else the test above would show nothing."""
    nested(Hostile(tmp_path / "mark"), genuine, path)
    torch.load(path, weights_only=False)
    assert (tmp_path / "mark").exists()


def test_a_file_that_is_too_large(genuine: Fields, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "MAX_BYTES", 1 << 16)
    assert "larger than" in refusal(saved(path, genuine))


def test_a_file_that_unpacks_to_too_much(path: Path) -> None:
    """torch reads packed tensors as well."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"")
        file.writestr("archive/data/0", b"")
    whole = path.read_bytes()
    at = whole.rindex(b"PK\x01\x02") + 24
    path.write_bytes(whole[:at] + (0xFFFFFF00).to_bytes(4, "little") + whole[at + 4 :])
    assert "unpacks to more than 1024 MiB" in refusal(path)


def test_damaged_bytes_give_a_voice_or_a_refusal(genuine: Fields, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In the pickle mostly, which tells torch what to make."""
    path = saved(tmp_path_factory.mktemp("damaged") / "voice.pth", genuine)
    whole = path.read_bytes()
    start = whole.index(b"data.pkl") + 8
    places = st.integers(0, 200) | st.integers(start, start + 2000) | st.integers(len(whole) - 2000, len(whole) - 1)

    @settings(max_examples=40)
    @given(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6))
    def damaged(damage: list[tuple[int, int]]) -> None:
        changed = bytearray(whole)
        for place, value in damage:
            changed[place] = value
        path.write_bytes(changed)
        try:
            found = read_checkpoint(path)
        except (NotAVoice, MemoryError):
            return
        assert found.tensors.keys() == genuine["weight"].keys()

    damaged()
