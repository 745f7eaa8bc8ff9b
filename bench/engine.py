"""The engine alone: phonemes of ours, rendered by each side in turn, so that noise hits all alike."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.calls import counted
from bench.clock import Run, agreement, timed
from bench.material import Material, utterances
from bench.power import PowerMeter
from bench.record import PACKAGE, SINGLE, batch_of
from bench.report import Report, middle
from bench.sides import Int8, PackageLoop, Side, Voxhall
from models.errors import OutOfMemory
from models.kokoro.engine import Utterance

WARM_UPS = 2
ALONE = 8
"""Segments whose calls are counted one by one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rendered, by device: a CPU takes seconds for what a card does in milliseconds."""

    prose: bool
    """Segments of about 250 phonemes; else single sentences."""
    one_by_one: int
    """Segments of a round where each is rendered alone. A batch takes as many, and at least one batch."""
    batches: tuple[int, ...]
    compiled: bool
    """Whether our kernels are compiled first."""
    counted: int
    """The batch whose calls are counted beside those of single renders."""


PLANS = {
    "cpu": Plan(prose=False, one_by_one=8, batches=(4, 16), compiled=True, counted=64),
    "cuda": Plan(prose=True, one_by_one=32, batches=(4, 16, 64, 256), compiled=True, counted=64),
}


@dataclass(slots=True)
class Contender:
    """A side, and how much it is given at once."""

    name: str
    side: Side
    batch: int
    spoken: list[Utterance]
    runs: list[Run] = field(default_factory=list)
    failed: bool = False

    def run(self) -> Run:
        return self.side.ask(timed, self.spoken, self.batch)

    @property
    def spans(self) -> list[tuple[float, float]]:
        return [(run.started, run.ended) for run in self.runs]

    @property
    def speed(self) -> float:
        return statistics.median(run.speed for run in self.runs)

    def ratio(self, other: "Contender") -> list[float]:
        """Round by round."""
        return [run.speed / theirs.speed for run, theirs in zip(self.runs, other.runs, strict=True)]


def plan_for(device: str) -> Plan:
    return PLANS[device.partition(":")[0]]


def measure(report: Report, material: Material, device: str, plan: Plan, rounds: int) -> dict[str, float]:
    """Seconds of audio per second, by contender. Prints three tables: speed, calls, agreement."""
    with _contenders(material, device, plan) as contenders, PowerMeter(device) as meter:
        for _ in range(WARM_UPS):
            _each(report, contenders, lambda one: one.run())
        for _ in range(rounds):
            _each(report, contenders, lambda one: one.runs.append(one.run()))
        done = [one for one in contenders if not one.failed]
        _speeds(report, done, plan, rounds, meter)
        _calls(report, material, done, plan)
        _agreement(report, done)
    return {one.name: one.speed for one in done}


@contextmanager
def _contenders(material: Material, device: str, plan: Plan) -> Iterator[list[Contender]]:
    texts = material.phonemes.prose if plan.prose else material.phonemes.sentences
    few = utterances(texts, plan.one_by_one)
    with ExitStack() as stack:
        ours = stack.enter_context(Side(Voxhall, material.folder, device, plan.compiled))
        package = stack.enter_context(Side(PackageLoop, material.folder, device))
        found = [Contender(PACKAGE, package, 1, few)]
        if device == "cpu" and material.export is not None:
            onnx = stack.enter_context(Side(Int8, material.export, material.folder))
            found.append(Contender("int8, ONNX Runtime", onnx, 1, few))
        found.append(Contender(SINGLE, ours, 1, few))
        for size in plan.batches:
            spoken = utterances(texts, max(size, plan.one_by_one))
            found += [Contender(batch_of(size), ours, size, spoken)]
        yield found


def _each(report: Report, contenders: Sequence[Contender], act: Callable[[Contender], object]) -> None:
    """One that has no room is out."""
    for one in contenders:
        if one.failed:
            continue
        try:
            act(one)
        except OutOfMemory:
            one.failed = True
            report.say(f"{one.name}: the device has no room for it.\n")


def _speeds(report: Report, contenders: Sequence[Contender], plan: Plan, rounds: int, meter: PowerMeter) -> None:
    what = "prose, in segments of up to 250 phonemes" if plan.prose else "single sentences, for a CPU takes seconds"
    report.say(
        f"Engine alone, phonemes prepared beforehand ({what}), two voices. {rounds} rounds after warm-up, each side in"
    )
    report.say(
        "turn: median (least to most). Audio is counted without the silence at the ends of a segment, for all sides."
    )
    report.say(f"Our kernels are {'compiled' if plan.compiled else 'plain'}.")
    report.say()
    report.table(
        "",
        "segments",
        "audio",
        "audio-s/s",
        "real-time factor",
        "times the package's",
        "padding",
        "GPU memory",
        "power",
    )
    package = next(one for one in contenders if one.name == PACKAGE)
    for one in contenders:
        run = one.runs[-1]
        watts = meter.mean(one.spans)
        report.row(
            one.name,
            str(len(one.spoken)),
            f"{run.audio:.0f} s",
            middle([run.speed for run in one.runs]),
            f"{1 / one.speed:.4f}",
            middle(one.ratio(package), 2),
            f"{run.padding(one.batch):.1%}" if one.batch > 1 else "",
            f"{run.memory / 2**30:.2f} GiB" if run.memory else "",
            f"{watts:.0f} W" if watts else "",
        )
    report.say()


def _calls(report: Report, material: Material, contenders: Sequence[Contender], plan: Plan) -> None:
    texts = material.phonemes.prose if plan.prose else material.phonemes.short
    sides = {one.name: one.side for one in contenders}
    report.say(f"Calls ({'kernel launches' if plan.prose else 'operators, an LSTM as one'}) per second of audio.\n")
    report.table("", "segments", "audio", "calls", "calls per audio-second")
    for name, side, batch in (
        (PACKAGE, sides[PACKAGE], 1),
        (SINGLE, sides[SINGLE], 1),
        (batch_of(plan.counted), sides[SINGLE], plan.counted),
    ):
        spoken = utterances(texts, plan.counted if batch > 1 else min(ALONE, plan.one_by_one))
        found = side.ask(counted, spoken, batch)
        report.row(name, str(len(spoken)), f"{found.audio:.0f} s", f"{found.count:,}", f"{found.per_second:,.0f}")
    report.say()


def _agreement(report: Report, contenders: Sequence[Contender]) -> None:
    largest = max(contenders, key=lambda one: one.batch)
    found = largest.side.ask(agreement, largest.spoken, largest.batch)
    report.say(
        f"{largest.name.capitalize()} against its items alone, from the same seeds: durations equal in "
        f"{found.same_durations} of {found.items}; signal-to-noise ratio of the worst {found.worst:.1f} dB."
    )
    report.say()
