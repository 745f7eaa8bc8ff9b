"""`voxhall top`: queue, workers, models, cards and rates of a running server, live in the terminal."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from cli.process import fail, local_url
from cli.readings import Reading, Readings, Unread, read
from jobs.settings import Settings

GIBIBYTE = 1 << 30
UNKNOWN = "-"
QUIT = frozenset("qQ\x03\x04")
STATES = ("queued", "running")


def run(settings: Settings, *, server: str | None, once: bool, seconds: float) -> None:
    """Until `q` or Ctrl-C; one frame where `once`, or where nobody sits at a terminal.

    Args:
        seconds: between two looks.
    """
    url = (server or str(settings.public_url or local_url(settings))).rstrip("/")
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    console, readings = Console(highlight=False), Readings()
    try:
        readings.add(read(url, token))
    except Unread as error:
        raise fail(str(error)) from error
    if once or not console.is_terminal:
        console.print(frame(url, readings))
        return
    with _keys() as pressed, Live(frame(url, readings), console=console, screen=True, auto_refresh=False) as live:
        while not pressed(seconds):
            try:
                readings.add(read(url, token))
            except Unread as error:  # it may be back with the next look
                live.update(Group(Text(str(error), style="red"), "", frame(url, readings)), refresh=True)
            else:
                live.update(frame(url, readings), refresh=True)


def frame(url: str, readings: Readings) -> RenderableType:
    """All of it, as wide as the terminal, whatever that is."""
    parts = [_header(url, readings.last), _queues(readings.last), _workers(readings.last)]
    cards = _cards(readings.last)
    return Group(*_apart([*parts, *([cards] if cards.row_count else []), _rates(readings)]))


def _header(url: str, reading: Reading) -> RenderableType:
    ready = reading.state.get("status") == "ready"
    line = Text.assemble(
        ("voxhall ", "bold"), url, "  ", ("ready" if ready else "not ready", "green" if ready else "red")
    )
    line.append(time.strftime("  %H:%M:%S"))
    problems = [Text(f"  {problem}", style="red") for problem in reading.state.get("problems", ())]
    return Group(line, *problems)


def _queues(reading: Reading) -> Table:
    table = _table("queue", "queued", "running", "oldest")
    for queue, oldest in reading.by("voxhall_queue_oldest_seconds", "queue").items():
        counts = [reading.sum("voxhall_jobs", queue=queue, state=state) for state in STATES]
        table.add_row(queue, *(f"{count:,.0f}" for count in counts), _span(oldest) if counts[0] else UNKNOWN)
    return table


def _workers(reading: Reading) -> Table:
    table = _table("process", "device", "state", "steps", "memory", "models")
    for one in reading.find("process_resident_memory_bytes"):
        own = {"role": one.labels["role"], "worker": one.labels["worker"]}
        device = next(iter(reading.by("voxhall_worker_ready", "device", **own)), "")
        steps = f"{reading.sum('voxhall_worker_steps', **own):.0f}" if device else ""
        loaded = reading.by("voxhall_model_loaded", "model", **own)
        models = ", ".join(f"{name} ({count:.0f})" if count > 1 else name for name, count in loaded.items() if count)
        state = _ready(bool(reading.sum("voxhall_worker_ready", **own)) or not device)
        table.add_row(own["role"], device, state, steps, _size(one.value), escape(models))
    return table


def _cards(reading: Reading) -> Table:
    """A row for each worker on a card; several may tell of the same one."""
    table = _table("card of", "device", "used", "total", "models' budget", "busy")
    for one in reading.find("voxhall_vram_bytes", kind="total"):
        own = {name: one.labels[name] for name in ("role", "worker", "device")}
        if own["device"].startswith("cuda"):
            used, budget = (reading.sum("voxhall_vram_bytes", kind=kind, **own) for kind in ("used", "budget"))
            busy = [f"{card.value:.0%}" for card in reading.find("voxhall_gpu_utilization_ratio", **own)]
            table.add_row(own["role"], own["device"], _size(used), _size(one.value), _size(budget), *busy)
    return table


def _ready(ready: bool) -> Text:
    return Text("ready", style="green") if ready else Text("loading", style="yellow")


def _rates(readings: Readings) -> Table:
    last, rate = readings.last, readings.rate
    table = _table("", "a second", "in all")
    jobs, audio, device = "voxhall_jobs_total", "voxhall_job_audio_seconds_total", "voxhall_device_seconds_total"
    for name, state in (("jobs done", "succeeded"), ("jobs failed", "failed"), ("jobs cancelled", "canceled")):
        table.add_row(name, _rate(rate(jobs, state=state)), f"{last.sum(jobs, state=state):,.0f}")
    table.add_row("seconds of audio", _rate(rate(audio)), _span(last.sum(audio)))
    table.add_row("seconds of the device", _rate(rate(device)), _span(last.sum(device)))
    table.add_row(
        "requests", _rate(rate("voxhall_http_requests_total")), f"{last.sum('voxhall_http_requests_total'):,.0f}"
    )
    attempts = "voxhall_webhook_attempts_total"
    table.add_row("webhooks", _rate(rate(attempts)), f"{last.sum(attempts):,.0f}")
    table.add_row("webhooks that wait", "", f"{last.sum('voxhall_webhooks', state='waiting'):,.0f}")
    return table


def _table(first: str, *others: str) -> Table:
    """Cells that do not fit are folded, so that nothing is cut off."""
    left = {"device", "state", "models"}
    columns = [Column(name, justify="left" if name in left else "right", overflow="fold") for name in others]
    return Table(Column(first, overflow="fold"), *columns, box=None, padding=(0, 2, 0, 0), header_style="dim")


def _apart(parts: list[RenderableType]) -> Iterator[RenderableType]:
    for number, part in enumerate(parts):
        if number:
            yield ""
        yield part


def _rate(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}"


def _size(count: float) -> str:
    return f"{count / GIBIBYTE:,.2f} GiB"


def _span(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    return (
        f"{whole // 60}:{whole % 60:02}" if whole < 3600 else f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    )


class Pressed:
    """Args:
    terminal: where keys come from; None: nobody sits there, and only Ctrl-C ends it.
    """

    def __init__(self, terminal: int | None) -> None:
        self._terminal = terminal

    def __call__(self, seconds: float) -> bool:
        """Whether within so many seconds somebody wants to quit."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._terminal is None:
                time.sleep(left)
            elif select.select([self._terminal], [], [], left)[0]:
                key = os.read(self._terminal, 1).decode(errors="replace")
                if not key or key in QUIT:
                    return True
        return False


@contextmanager
def _keys() -> Iterator[Pressed]:
    """Waits for keys without echo and without Enter; the terminal is as before afterwards."""
    if not sys.stdin.isatty():
        yield Pressed(None)
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield Pressed(sys.stdin.fileno())
    except KeyboardInterrupt:
        pass
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
