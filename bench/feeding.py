"""How much speech one core feeds and takes away: G2P before the model, storing and encoding after it.

By the processor's time, so that whatever else the machine does changes little; no model is needed. A model that
makes N audio-seconds per second wants N of each row from the cores beside it. Codecs run without Python's lock, so the
threads of a worker encode on as many cores as there are; the rows of the worker's own Python share one of them.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from audio.encode import encode_file
from audio.formats import FORMATS
from audio.measure import measure
from bench.report import Report
from bench.texts import of_length
from jobs.settings import load_settings
from models.catalog import load_catalog
from models.kokoro.engine import Kokoro, Synthesis
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import Segment, segments
from models.kokoro.silence import FRAME
from models.kokoro.word_times import word_times
from models.store import Store
from workers.word_times import to_json

CHARACTERS = 30_000
PHONEMES_PER_SECOND = 15.0
"""Kokoro's pace."""
PITCH = 140.0


@dataclass(frozen=True, slots=True)
class Fed:
    """What one text costs before the model, in processor seconds."""

    parts: list[Segment]
    process: float
    """Of the G2P process."""
    worker: float
    """Of the worker's own Python: the messages, the segments and their words."""

    @property
    def seconds(self) -> float:
        """Of audio."""
        return sum(len(part.phonemes) for part in self.parts) / PHONEMES_PER_SECOND


def run() -> None:
    report = Report()
    report.table("on one core", "audio-s/s")
    fed = _fed(of_length(CHARACTERS))
    report.row("G2P process", f"{fed.seconds / fed.process:,.0f}")
    report.row("worker's Python: text to segments", f"{fed.seconds / fed.worker:,.0f}")
    spoken = [_hum(part) for part in fed.parts]
    audio = sum(one.samples.size for one in spoken) / Kokoro.sample_rate
    times = _cost(lambda: [to_json(word_times(part.words, one)) for part, one in zip(fed.parts, spoken, strict=True)])
    report.row("worker's Python: times of words", f"{audio / times:,.0f}")
    with TemporaryDirectory(prefix="voxhall-bench-") as folder:
        for name in FORMATS:
            report.row(f"{name}, encoded and measured", f"{audio / _encoding(spoken, name, Path(folder) / name):,.0f}")


def _fed(text: str) -> Fed:
    settings = load_settings()
    phonemizer = Phonemizer(Store(settings.models_dir, load_catalog(settings.catalog)).folder_of("spacy-en"))
    try:
        phonemizer.phonemize("Nothing is loaded before the first text.", "en-us")
        before, started = _of_children(), time.process_time()
        parts = [*segments(text, lambda paragraph: phonemizer.phonemize(paragraph, "en-us"))]
        return Fed(parts, _of_children() - before, time.process_time() - started)
    finally:
        phonemizer.close()


def _encoding(spoken: Sequence[Synthesis], name: str, path: Path) -> float:
    """Processor seconds for one file of it, and for the look at how long it became, as a job's result takes them."""

    def work() -> None:
        encode_file((one.samples for one in spoken), path, FORMATS[name], Kokoro.sample_rate)
        measure(path, FORMATS[name], Kokoro.sample_rate)

    return _cost(work)


def _hum(part: Segment) -> Synthesis:
    """As long as the speech would be; harmonics with noise, which codecs find no easier than speech."""
    size = round(len(part.phonemes) / PHONEMES_PER_SECOND * Kokoro.sample_rate / FRAME) * FRAME
    place = np.arange(size) / Kokoro.sample_rate
    voice = sum(np.sin(2 * np.pi * PITCH * n * place) / n for n in range(1, 20))
    swell = 0.15 * (1 + np.sin(2 * np.pi * 3 * place))
    samples = swell * (voice + 0.2 * np.random.default_rng(0).normal(size=size))
    ends = np.linspace(0, size // FRAME, len(part.phonemes) + 3).astype(np.int64)
    return Synthesis(np.clip(samples, -1, 1).astype(np.float32), ends[1:] - ends[:-1])


def _cost(work: Callable[[], object]) -> float:
    """Processor seconds of this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _of_children() -> float:
    """Processor seconds of the child processes that live."""
    pids = [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]
    # After the name: the state is field 3, and 14 and 15 are the ticks.
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")
