"""A checkpoint as it lies in its folder, put on a device."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers.utils import logging

from models.device_errors import device_errors
from models.errors import BROKEN, ModelUnreadable
from models.qwen3_tts import graphs
from models.qwen3_tts.plain import Plain
from models.qwen3_tts.runtime import Runtime

_FILES = (
    "config.json",
    "generation_config.json",
    "merges.txt",
    "model.safetensors",
    "tokenizer_config.json",
    "vocab.json",
    "speech_tokenizer/config.json",
    "speech_tokenizer/model.safetensors",
    "speech_tokenizer/preprocessor_config.json",
)


def read(folder: Path, device: str, kind: str) -> Runtime:
    """`kind`: "base", "voice_design" or "custom_voice". Raises `ModelUnreadable`, `OutOfMemory`, `DeviceLost`."""
    remedy = f"run `voxhall models pull {folder.name}`"
    # What is not in the folder the library would look for on the hub.
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ModelUnreadable(f"{folder.name} has no {missing[0]}: {remedy}")
    try:
        with device_errors(torch.device(device)):
            runtime = _runtime(folder, device)
    except (*BROKEN, SafetensorError) as error:
        message = f"{folder.name} cannot be loaded on {device} ({error}); if a file is broken, {remedy}"
        raise ModelUnreadable(message) from error
    if (found := runtime.model.model.tts_model_type) != kind:
        raise ModelUnreadable(f"{folder.name} holds a checkpoint of the kind {found}, not {kind}: {remedy}")
    return runtime


def _runtime(folder: Path, device: str) -> Runtime:
    bars: Any = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return graphs.Graphs(folder, device) if device != "cpu" and graphs.installed() else Plain(folder, device)
    finally:
        if bars:
            logging.enable_progress_bar()
