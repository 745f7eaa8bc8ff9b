"""Logs of every process: one line per event, on stderr, with ids and numbers only. Never text, keys or audio."""

import logging
import logging.config
import re
import sys
import traceback

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

QUIET = (
    "uvicorn",
    "celery",
    "httpx",
    "httpcore",
    "kombu",
    "amqp",
    "faster_whisper",
    "alembic",
)

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""What moves a terminal's cursor or colours, or turns the reading order round. Tabs and line ends are not of these."""

_LINE_END = re.compile(r"\n(?=.)")


def configure(process: str, *, as_json: bool) -> None:
    """Sends the standard library's logging through structlog, with the process's name on every line."""
    colors = sys.stderr.isatty()
    renderer: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=colors)
    )
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _logger, _name, event: {"process": process, **event},
    ]
    after: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _without_messages,
        *([] if as_json else [_one_line_each]),  # JSON writes all of that as escapes
        renderer,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_messages(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Keeps the frames and the kinds of exceptions; their messages may quote a caller's text."""
    if error := (event.pop("exc_info", None) or (None, None))[1]:
        event["exception"] = _frames(error)
    return event


def _one_line_each(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """What follows a line end is indented, so that nothing in a line looks like a line of its own."""
    return {name: _plain(value) if isinstance(value, str) else value for name, value in event.items()}


def _plain(text: str) -> str:
    return _LINE_END.sub("\n    ", _UNSEEN.sub(lambda sign: ascii(sign[0])[1:-1], text))


def _frames(error: BaseException) -> str:
    before = error.__cause__ or error.__context__
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{_frames(before) if before else ''}{frames}{type(error).__name__}\n"
