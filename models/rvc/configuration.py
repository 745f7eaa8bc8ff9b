"""The 18 numbers and lists of a voice's configuration: which architecture they are, or why they are none of RVC's.

The decoder's layers must be RVC's own: how far it hears (`net.MARGIN`) was measured on them. Widths may differ.
"""

from collections.abc import Sequence
from typing import Any

from models.rvc.architecture import Architecture, Version
from models.rvc.errors import NotAVoice

ENTRIES = 18

WIDTHS = {
    "spectrum": (1, 4096),
    "segment": (1, 1 << 20),
    "latent": (2, 1024),
    "hidden": (2, 1024),
    "filter": (1, 4096),
    "heads": (2, 2),
    "layers": (1, 24),
    "kernel": (3, 3),
}
"""The first eight entries, in order, and their ranges."""

RESBLOCKS = ("1", [3, 7, 11], [[1, 3, 5], [1, 3, 5], [1, 3, 5]])

UPSAMPLING = {
    32_000: (([10, 4, 2, 2, 2], [16, 16, 4, 4, 4]), ([10, 8, 2, 2], [20, 16, 4, 4])),
    40_000: (([10, 10, 2, 2], [16, 16, 4, 4]),),
    48_000: (([10, 6, 2, 2, 2], [16, 16, 4, 4, 4]), ([12, 10, 2, 2], [24, 20, 4, 4])),
}
"""Rates and kernels of v1 and v2, by sample rate; at 40 kHz they are the same."""

INITIAL, SPEAKER_WIDTH = (32, 2048), (1, 1024)

_RATES = {"32k": 32_000, "40k": 40_000, "48k": 48_000}


def architecture(entries: object, *, version: Version, f0: bool, speakers: int) -> Architecture:
    """From the 18 entries, with what the tensors say of version, f0 and speakers. Raises `NotAVoice`."""
    if not isinstance(entries, list | tuple) or len(entries) != ENTRIES:
        raise NotAVoice(_foreign(f"it has not the {ENTRIES} entries of RVC"))
    # As the reference has it: only the number of speakers may be older than the tensors, and the rate a word.
    rate = _RATES.get(entries[-1], entries[-1]) if isinstance(entries[-1], str) else entries[-1]
    config = (*_plain(entries[:-3]), speakers, *_plain([entries[-2], rate]))
    for (name, (least, most)), value in zip(WIDTHS.items(), config, strict=False):
        _within(name, value, least, most)
    if type(config[8]) not in {int, float} or not 0 <= config[8] <= 1:
        raise NotAVoice(_foreign("its dropout is no number from 0 to 1"))
    _decoder(config)
    return Architecture(version, f0, config)


def _decoder(config: Sequence[Any]) -> None:
    resblocks, (rates, initial, kernels, _speakers, speaker_width, sample_rate) = tuple(config[9:12]), config[12:]
    if type(sample_rate) is not int or sample_rate not in UPSAMPLING:
        raise NotAVoice(_foreign("its sample rate is not 32, 40 or 48 kHz"))
    if resblocks != RESBLOCKS or (rates, kernels) not in UPSAMPLING[sample_rate]:
        raise NotAVoice(_foreign("its decoder is built in another way than RVC's"))
    _within("decoder", initial, *INITIAL)
    _within("speaker", speaker_width, *SPEAKER_WIDTH)


def _within(name: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise NotAVoice(_foreign(f"its {name} entry is no number from {least} to {most}"))


def _plain(value: Any, depth: int = 3) -> Any:
    """Tuples as the lists that JSON knows; nothing but lists, numbers and words."""
    if isinstance(value, list | tuple) and depth:
        return [_plain(one, depth - 1) for one in value]
    if type(value) not in {int, float, str}:
        raise NotAVoice(_foreign("it holds more than numbers and words"))
    return value


def _foreign(reason: str) -> str:
    return f"The file's configuration is none of RVC's ({reason}): it was made by another program."
