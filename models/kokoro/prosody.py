"""What is spoken and for how long: Kokoro's text side, for a padded batch. The modules are the package's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


@dataclass(frozen=True, slots=True)
class Prosody:
    """`durations`: int64 (items, tokens), in frames, 0 for padding. `tokens`: (items,), how many each has.

    `text` (items, 512, tokens) and `styled` (items, tokens, 640): encodings of the tokens, without and with a style.
    """

    durations: Tensor
    tokens: Tensor
    text: Tensor
    styled: Tensor

    def stretched(self, longest: int) -> tuple[Tensor, Tensor]:
        """`text` and `styled`, both as (items, channels, longest): each token for as many frames as it lasts."""
        ends = self.durations.cumsum(1)
        frames = torch.arange(longest, device=ends.device).expand(len(ends), -1).contiguous()
        which = torch.searchsorted(ends, frames, right=True)
        padding = (frames >= ends[:, -1:])[:, None]
        which = which.clamp(max=ends.shape[1] - 1)[:, None]
        both = (self.text, self.styled.transpose(1, 2))
        text, styled = (x.gather(2, which.expand(-1, x.shape[1], -1)).masked_fill_(padding, 0) for x in both)
        return text, styled


def prosody(model: Any, tokens: Sequence[Tensor], style: Tensor, speeds: Tensor) -> Prosody:
    """`tokens`: int64 (n,) each, borders included; `style`: (items, 128); `speeds`: (items,) divide the durations."""
    lengths = torch.tensor([len(one) for one in tokens])
    ids = pad_sequence(list(tokens), batch_first=True).to(style.device)
    padding = (torch.arange(ids.shape[1])[None] >= lengths[:, None]).to(style.device)
    # The package's encoders want the lengths where packing wants them, on the CPU.
    predictor = model.predictor
    encoded = model.bert_encoder(model.bert(ids, attention_mask=(~padding).int())).transpose(1, 2)
    styled = predictor.text_encoder(encoded, style, lengths, padding)
    logits = predictor.duration_proj(recurrent(predictor.lstm, styled, lengths))
    durations = (logits.sigmoid().sum(-1) / speeds[:, None]).round().clamp(min=1).long().masked_fill(padding, 0)
    return Prosody(durations, lengths, model.text_encoder(ids, lengths, padding), styled)


def recurrent(lstm: Any, x: Tensor, lengths: Tensor) -> Tensor:
    """A bidirectional LSTM over (items, steps, channels) that turns at each item's own end. `lengths` on the CPU."""
    if len(x) == 1:
        alone: Tensor = lstm(x)[0]
        return alone
    packed, _ = lstm(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    return pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]
