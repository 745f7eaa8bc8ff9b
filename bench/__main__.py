"""`python -m bench [NAME …]`: all but the endurance, the soak and the chaos by default; prints Markdown."""

import sys
from collections.abc import Callable

from bench import (
    accepting,
    chaos,
    clone,
    conversion,
    diarization,
    endurance,
    feeding,
    interactive,
    machine,
    queue,
    roundtrip,
    soak,
    speech,
    transcription,
)

BENCHES: dict[str, Callable[[], None]] = {
    "speech": speech.run,
    "interactive": interactive.run,
    "feeding": feeding.run,
    "queue": queue.run,
    "accepting": accepting.run,
    "roundtrip": roundtrip.run,
    "transcription": transcription.run,
    "diarization": diarization.run,
    "conversion": conversion.run,
    "clone": clone.run,
    "endurance": endurance.run,
    "soak": soak.run,
    "chaos": chaos.run,
}
DEFAULT = [name for name in BENCHES if name not in {"endurance", "soak", "chaos"}]


def main(names: list[str]) -> None:
    if unknown := sorted({*names} - {*BENCHES}):
        sys.exit(f"There is no bench {unknown[0]!r}. There are: {', '.join(BENCHES)}.")
    print(f"{machine.description()}, commit {machine.commit()}\n")
    for name in names or DEFAULT:
        print(f"## {name}\n")
        BENCHES[name]()
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
