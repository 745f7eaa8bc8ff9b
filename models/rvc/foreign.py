"""What people give in place of a voice, by mistake mostly: recognised, so that the refusal can name it."""

import re
from collections.abc import Collection, Mapping

_BEGINNINGS = (
    (rb"version https://git-lfs", "a pointer of Git LFS instead of the file: fetch it with `git lfs pull`"),
    (rb"(?i)\s*(<!doctype|<html|<\?xml)", "a web page: the download did not give the file itself"),
    (rb"(Iw|Ix|IH)[A-Za-z0-9]{2}", "an index: give the `.pth` as the model, and this as its index"),
    (rb"(?s).{8}\{\"", "a safetensors file: give the `.pth` that RVC saved"),
    (
        rb"\x08[\x01-\x14][\x12\x1a\x22\x28\x3a\x42]",
        "an ONNX file, made for other programs: give the `.pth` it came from",
    ),
    (rb"7z\xbc\xaf|Rar!|\x1f\x8b|BZh|\xfd7zXZ", "an archive that is not read here: unpack it, or pack it as a `.zip`"),
    (rb"RIFF|fLaC|OggS|ID3", "a recording: give the `.pth` of the voice"),
)

_HUBERT = "HuBERT (ContentVec), which all voices share: give the voice's own `.pth`"
_RMVPE = "the pitch net RMVPE, which all voices share: give the voice's own `.pth`"

_TRAINING = {"optimizer", "iteration", "learning_rate"}

_HARMLESS_VOCODERS = {"", "hifi-gan", "hifigan"}
_HARMLESS_EMBEDDERS = {"", "contentvec", "contentvec_base", "hubert", "hubert_base"}
_OTHER_DECODERS = ("dec.mrfs.", "dec.upsample_blocks.", "dec.mel_conv.", "dec.downsample_blocks.")


def of_bytes(head: bytes) -> str | None:
    """What a file is that begins like this; none where it may be torch's."""
    return next((what for pattern, what in _BEGINNINGS if re.match(pattern, head)), None)


def of_global(name: str) -> str | None:
    """What a pickle is that asks for this class or function."""
    return _HUBERT if name.startswith(("fairseq.", "omegaconf.")) else None


def of_keys(keys: Collection[object]) -> str | None:
    """What a file is that holds a dict with these keys, and no voice."""
    names = {key for key in keys if isinstance(key, str)}
    if "model" in names and names & _TRAINING:
        return (
            "a checkpoint of a training (`G_….pth`, `D_….pth`), not a finished voice: in RVC's WebUI extract a small "
            "model from it, or take the voice from its folder `assets/weights`"
        )
    if "model" in names and names & {"args", "cfg", "task_state"}:
        return _HUBERT
    if any(name.removeprefix("hubert.").startswith("feature_extractor.conv_layers.") for name in names):
        return _HUBERT
    if any(name.startswith("unet.encoder.") for name in names):
        return _RMVPE
    if any(name.startswith("enc_p.") for name in names):
        return "the bare tensors of a voice without its configuration: give the `.pth` that RVC saved"
    return None


def vocoder(fields: Mapping[str, object], names: Collection[str]) -> str | None:
    """The name of a decoder that is not RVC's, as Applio has them; none where it is."""
    told = _word(fields, "vocoder")
    if told.lower() not in _HARMLESS_VOCODERS:
        return told
    return "another" if any(name.startswith(_OTHER_DECODERS) for name in names) else None


def embedder(fields: Mapping[str, object]) -> str | None:
    """The name of features that are not RVC's, as Applio has them; none where they are."""
    told = _word(fields, "embedder_model")
    return None if told.lower() in _HARMLESS_EMBEDDERS else told


def _word(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""
