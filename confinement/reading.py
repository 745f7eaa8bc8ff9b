"""What a child of the zygote does with its one file."""

import io
import os
import traceback
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

import numpy as np

from audio.decode import decoding
from audio.errors import AudioError, UnreadableAudio
from audio.pcm import Samples
from audio.probe import probe
from confinement import messages
from confinement.messages import Order

TOO_MUCH_MEMORY = "reading the file takes more memory than a file may take"


def read(order: Order, source: int, answer: int) -> None:
    """Reads the file behind the descriptor `source` and says on the socket `answer` what is in it."""
    try:
        for message in _answers(order, cast("BinaryIO", io.BufferedReader(Given(source)))):
            os.write(answer, message)
    except MemoryError:
        os.write(answer, messages.failed(UnreadableAudio(TOO_MUCH_MEMORY)))
    except AudioError as error:
        os.write(answer, messages.failed(error))
    except ConnectionError:
        raise
    except Exception:  # noqa: BLE001 - whatever a library makes of a broken file ends here
        os.write(answer, messages.fault(traceback.format_exc()))


def _answers(order: Order, source: BinaryIO) -> Iterator[bytes]:
    if order.verb == "probe":
        yield messages.probed(probe(source))
        return
    with decoding(source, order.sample_rate, order.max_seconds) as audio:
        for packet in _packets(audio.blocks()):
            yield messages.samples(packet)
        yield messages.warned(audio.warnings())


def _packets(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """The same samples in fewer pieces, each of which the socket takes at once."""
    held: list[Samples] = []
    size = 0
    for block in blocks:
        for start in range(0, block.size, messages.PACKET_SAMPLES):
            piece = block[start : start + messages.PACKET_SAMPLES]
            if size + piece.size > messages.PACKET_SAMPLES:
                yield np.concatenate(held)
                held, size = [], 0
            held.append(piece)
            size += piece.size
    if held:
        yield np.concatenate(held)


class Given(io.RawIOBase):
    """A file by its descriptor, whose position is shared with whoever handed it over, and stays where it is."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0
        self._size = os.fstat(descriptor).st_size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        count = os.preadv(self._descriptor, [buffer], self._position)
        self._position += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("before the start of the file")
        self._position = start + offset
        return self._position
