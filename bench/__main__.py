"""`python -m bench [speech] [queue] [roundtrip] [transcription] [diarization]`: all by default; prints Markdown."""

import sys
from collections.abc import Callable

from bench import diarization, machine, queue, roundtrip, speech, transcription

BENCHES: dict[str, Callable[[], None]] = {
    "speech": speech.run,
    "queue": queue.run,
    "roundtrip": roundtrip.run,
    "transcription": transcription.run,
    "diarization": diarization.run,
}


def main(names: list[str]) -> None:
    print(f"{machine.description()}\n")
    for name in names or BENCHES:
        print(f"## {name}\n")
        BENCHES[name]()
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
