"""The formats that audio is delivered in."""

from dataclasses import dataclass

from audio.errors import AudioError, UnknownFormat

SAMPLE_RATES = range(1_000, 384_001)
"""Sample rates in Hz that are taken seriously, in any file read or written."""


@dataclass(frozen=True)
class Format:
    """One way to deliver audio.

    `container` and `codec` are PyAV's names. `streamable` formats can be played while they are still being written.
    `sample_rates` are the rates in Hz that the format can hold (None: any in SAMPLE_RATES); `bit_rate` is in bits
    per second, None where the codec is lossless.
    """

    name: str
    extension: str
    media_type: str
    container: str
    codec: str
    streamable: bool
    sample_rates: tuple[int, ...] | None
    bit_rate: int | None

    def output_rate(self, sample_rate: int, wanted: int | None = None) -> int:
        """The rate in Hz at which audio of `sample_rate` is stored: `wanted`, else the same, else the next higher.

        Raises:
            AudioError: the format cannot hold `wanted`, or `sample_rate` is absurd.
        """
        if sample_rate not in SAMPLE_RATES:
            raise AudioError(f"audio at {sample_rate} Hz cannot be encoded")
        rates = self.sample_rates or SAMPLE_RATES
        if wanted is not None and wanted not in rates:
            offered = f"{', '.join(map(str, rates))} Hz" if self.sample_rates else f"{rates[0]} to {rates[-1]} Hz"
            raise AudioError(f"{self.name} cannot be made at {wanted} Hz, only at {offered}")
        rate = wanted or sample_rate
        return rate if rate in rates else min((r for r in rates if r > rate), default=max(rates))


_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC_RATES = (*_MPEG_RATES, 64_000, 88_200, 96_000)
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)

# PyAV is built without libvorbis, and ffmpeg's own Vorbis encoder is experimental and stereo only: "ogg" carries Opus.
FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("mp3", "mp3", "audio/mpeg", "mp3", "libmp3lame", True, _MPEG_RATES, 96_000),
        Format("wav", "wav", "audio/wav", "wav", "pcm_s16le", True, None, None),
        Format("flac", "flac", "audio/flac", "flac", "flac", True, None, None),
        Format("opus", "opus", "audio/ogg", "ogg", "libopus", True, _OPUS_RATES, 64_000),
        Format("ogg", "ogg", "audio/ogg", "ogg", "libopus", True, _OPUS_RATES, 64_000),
        Format("aac", "aac", "audio/aac", "adts", "aac", True, _AAC_RATES, 96_000),
        Format("m4a", "m4a", "audio/mp4", "ipod", "aac", False, _AAC_RATES, 96_000),
        # Raw samples carry no header, so their rate is part of the contract: OpenAI's, 24 kHz.
        Format("pcm", "pcm", "audio/pcm", "s16le", "pcm_s16le", True, (24_000,), None),
    )
}


def format_named(name: str) -> Format:
    """The format called `name`, such as "mp3".

    Raises:
        UnknownFormat: there is none; the message lists those there are.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownFormat(f"unknown audio format, use one of: {', '.join(FORMATS)}") from None
