"""Runs the product in a network namespace of its own, where nothing but loopback exists, and prints what it did.

unshare -rn python -m tests.e2e.offline FOLDER PORT MODELS_DIR
"""

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path

from tests.e2e.product import Product, running
from tests.e2e.texts import SENTENCE

OUTSIDE = (("192.0.2.1", 443), ("2001:db8::1", 443))
"""Addresses for documentation: they belong to nobody, but with a network the way to them is known."""

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        name, flags = struct.unpack("16sH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | IFF_UP))


def refusal(address: tuple[str, int]) -> str | None:
    """Why nothing can be reached outside; None where something might be."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(address)
        except OSError as error:
            return error.strerror or type(error).__name__
    return None


def there_and_back(product: Product) -> str:
    """What Whisper hears of `SENTENCE`."""
    with product.client() as client:
        speech = {"model": "kokoro", "voice": "bf_emma", "input": SENTENCE}
        audio = client.post("/v1/audio/speech", json=speech).raise_for_status().content
        form = {"model": "whisper-base"}
        answer = client.post("/v1/audio/transcriptions", data=form, files={"file": ("a.mp3", audio)})
        return str(answer.raise_for_status().json()["text"])


def main(folder: Path, port: int, models_dir: Path) -> None:
    raise_loopback()
    with running(folder, port, models_dir) as product:
        text = there_and_back(product)
    json.dump({"refusals": [refusal(address) for address in OUTSIDE], "text": text}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
