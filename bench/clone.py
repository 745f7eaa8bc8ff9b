"""Every installed cloning model beside a stock voice, in the same run: speed, first audio, memory, likeness, words.

`python -m bench.clone --references FOLDER` takes clips of real people (any audio, 10 to 30 s each, with their consent);
without it three stock voices are cloned, which shows speed and words, and says little of likeness.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import httpx
import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

from bench import machine
from bench.first_audio import BYTES_PER_SECOND
from bench.house import House, running_house
from bench.likeness import Judges
from bench.record import CLONES, NOTHING, record
from bench.report import Report, middle
from bench.roundtrip import done
from bench.texts import SENTENCES

STOCK = ("af_heart", "am_michael", "bf_emma")
BASELINE = "kokoro"
TEXTS = SENTENCES[:6]
WARM = "One moment, please."
normalize = EnglishTextNormalizer()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text by a model."""

    text: str
    wall: float
    seconds: float
    audio: bytes

    @property
    def factor(self) -> float:
        return self.wall / self.seconds


@dataclass(frozen=True, slots=True)
class Figures:
    factors: list[float]
    first: list[float]
    """Seconds until the first audio of a streamed request."""
    megabytes: float | None
    """Of the card, while the model is loaded; None without one."""
    campplus: float
    ge2e: float | None
    """None for a model that was made with this judge."""
    errors: float
    """Word error rate by Whisper."""


def run(references: Path | None = None, *, device: str | None = None, keep: bool = False) -> None:
    report = Report()
    with running_house(device) as house, house.client() as client, tempfile.TemporaryDirectory() as folder:
        models = _cloners(client)
        clips = _clips(client, references, Path(folder))
        judges = Judges.installed()
        _head(report, judges, clips, synthetic=references is None)
        stock = _baseline(client, house)
        _row(report, BASELINE, stock, stock)
        found = {model: _measured(client, house, model, clips, judges) for model in models}
        for model, figures in found.items():
            _row(report, model, figures, stock)
    if keep:
        rows = [_cells(model, figures, stock, real=references is not None) for model, figures in found.items()]
        record(rows, f"{machine.description()}, commit {machine.commit()}: cloning", report.text, CLONES)


def _cloners(client: httpx.Client) -> list[str]:
    models = client.get("/models").json()["models"]
    return [model["id"] for model in models if model["installed"] and "clone" in model.get("verbs", [])]


def _clips(client: httpx.Client, references: Path | None, folder: Path) -> dict[str, Path]:
    """Saved voices by name, and the clips that they came from."""
    if references:
        clips = {path.stem: path for path in sorted(references.iterdir()) if path.suffix != ".txt"}
    else:
        clips = {f"like {voice}": folder / f"{voice}.flac" for voice in STOCK}
        for voice, path in zip(STOCK, clips.values(), strict=True):
            text = " ".join(SENTENCES[6:9])
            job = done(client, json={"kind": "speech", "text": text, "voice": voice, "format": "flac"})
            path.write_bytes(_fetched(job))
    for name, path in clips.items():
        form = {"name": name, "consent": "true", "language": "en"}
        with path.open("rb") as clip:
            answer = client.post("/voices/saved", data=form, files={"reference": (path.name, clip)})
        if not answer.is_success:
            raise RuntimeError(f"{path.name}: {answer.text}")
    return clips


def _measured(client: httpx.Client, house: House, model: str, clips: Mapping[str, Path], judges: Judges) -> Figures:
    _spoken(client, WARM, model, next(iter(clips)))
    spoken = {voice: [_spoken(client, text, model, voice) for text in TEXTS] for voice in clips}
    likeness = [judges.alike(clips[voice].read_bytes(), one.audio) for voice, said in spoken.items() for one in said]
    own = model == "kokoro-match"
    every = [one for said in spoken.values() for one in said]
    return Figures(
        factors=[one.factor for one in every],
        first=[_first(client, model, voice, TEXTS[0]) for voice in clips],
        megabytes=_card(house),
        campplus=mean(found.campplus for found in likeness),
        ge2e=None if own else mean(found.ge2e for found in likeness),
        errors=_errors(client, every),
    )


def _baseline(client: httpx.Client, house: House) -> Figures:
    said = []
    for text in TEXTS:
        started = time.monotonic()
        job = done(client, json={"kind": "speech", "text": text, "voice": "af_heart", "format": "flac"})
        said.append(Spoken(text, time.monotonic() - started, job["result"]["duration"], _fetched(job)))
    first = [_first(client, BASELINE, "af_heart", text) for text in TEXTS[:3]]
    return Figures([one.factor for one in said], first, _card(house), 0.0, None, _errors(client, said))


def _spoken(client: httpx.Client, text: str, model: str, voice: str) -> Spoken:
    spec = {
        "kind": "clone",
        "text": text,
        "model": model,
        "voice": voice,
        "language": "en",
        "format": "flac",
        "seed": 1,
    }
    started = time.monotonic()
    job = done(client, json=spec)
    return Spoken(text, time.monotonic() - started, job["result"]["duration"], _fetched(job))


def _fetched(job: Mapping[str, Any]) -> bytes:
    return httpx.get(job["result"]["url"], timeout=600).raise_for_status().content


def _first(client: httpx.Client, model: str, voice: str, text: str) -> float:
    """Seconds until the first audio."""
    body = {"model": model, "voice": voice, "input": text, "response_format": "pcm"}
    started = time.monotonic()
    with client.stream("POST", "/v1/audio/speech", json=body) as response:
        response.raise_for_status()
        stream = response.iter_bytes()
        next(stream)
        first = time.monotonic() - started
        assert sum(map(len, stream)) < 600 * BYTES_PER_SECOND
    return first


def _errors(client: httpx.Client, said: Sequence[Spoken]) -> float:
    heard = []
    for one in said:
        spec = {"kind": "transcription", "model": "whisper-base", "language": "en"}
        job = done(client, data={"spec": json.dumps(spec)}, files={"audio": ("speech.flac", one.audio)})
        heard.append(httpx.get(job["result"]["url"]).json()["text"])
    return float(jiwer.wer([normalize(one.text) for one in said], [normalize(text) for text in heard]))


def _card(house: House) -> float | None:
    """Megabytes that the torch worker has on the card."""
    query = ("nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits")
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    worker = str(house.pid_of("worker speech"))
    return next((float(line.split(",")[1]) for line in lines if line.split(",")[0] == worker), None)


def _head(report: Report, judges: Judges, clips: Mapping[str, Path], *, synthetic: bool) -> None:
    halves = [judges.halves(path.read_bytes()) for path in clips.values()]
    whose = "three stock voices, so likeness says little" if synthetic else f"{len(clips)} people"
    report.say(f"Clips of {whose}; {len(TEXTS)} sentences each. The clips' own halves are alike by")
    report.say(
        f"{mean(half.campplus for half in halves):.2f} (CAM++) and {mean(half.ge2e for half in halves):.2f} (GE2E).\n"
    )
    report.table("model", "real-time factor", "of kokoro's", "first audio", "card", "CAM++", "GE2E", "word error rate")


def _row(report: Report, model: str, figures: Figures, stock: Figures) -> None:
    alike = f"{figures.campplus:.2f}" if model != BASELINE else "-"
    ge2e = "-" if figures.ge2e is None else f"{figures.ge2e:.2f}"
    card = "-" if figures.megabytes is None else f"{figures.megabytes:,.0f} MB"
    ratio = f"{median(figures.factors) / median(stock.factors):.2f}"
    first = f"{median(figures.first):.2f} s"
    report.row(model, middle(figures.factors, 3), ratio, first, card, alike, ge2e, f"{figures.errors:.2%}")


def _cells(model: str, figures: Figures, stock: Figures, *, real: bool) -> list[str]:
    """The columns of the table in RESULTS.md."""
    return [
        machine.today(),
        machine.commit() or NOTHING,
        machine.hardware(),
        model,
        "people" if real else "stock voices",
        f"{median(figures.factors):.3f}",
        f"{median(figures.factors) / median(stock.factors):.2f}",
        f"{median(figures.first):.2f}",
        NOTHING if figures.megabytes is None else f"{figures.megabytes:,.0f}",
        f"{figures.campplus:.2f}",
        NOTHING if figures.ge2e is None else f"{figures.ge2e:.2f}",
        f"{figures.errors:.2%}",
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=Path, help="folder of clips")
    parser.add_argument("--device", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--record", action="store_true", help="add rows to RESULTS.md")
    options = parser.parse_args()
    run(options.references, device=options.device, keep=options.record)
