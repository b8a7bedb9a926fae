"""Log lines: one JSON object a line, UTC times, and only what is on a list.

Personal data stays out by construction (Luat 91/2025/QH15): a key that is not listed, and a value that is not a plain
scalar, is written as "withheld"; texts are cut to `TEXT_CHARS_MAX` and lose digit runs and query strings; an exception
is written as its class and its places in the code, without its text. Only `HubError.hint` is kept, which promises to
carry no personal data.
"""

import logging
import re
import sys
from types import TracebackType
from typing import Protocol, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from hub.errors import HubError

WITHHELD = "withheld"
TEXT_CHARS_MAX = 300
FRAMES_MAX = 6

KEYS = frozenset(
    {
        *("event", "level", "timestamp", "component"),
        *("message_id", "request_id", "correlation_id", "ordering_key", "revision", "kind", "order"),
        *("agency", "system", "service", "purpose", "procedure", "sender"),
        *("platform", "operation", "part", "of", "attempt", "step", "state", "outcome_class", "code", "origin"),
        *("topic", "partition", "offset", "committed", "epoch", "window", "records", "rows", "lanes", "deliveries"),
        *("method", "route", "status", "bytes", "retry_after_s", "delay_s", "duration_ms", "wait_s", "limit"),
        *("host", "port", "file", "signal", "version", "setting", "task", "restarts", "disk_free_bytes", "count"),
        *("error", "hint", "places"),
    }
)
"""Every key that a line may carry. `route` is a route's template, never the address that was called."""

_SCALARS = frozenset({bool, int, float, type(None)})
_TEXTS = frozenset({"event", "hint"})
_NUMBERS = re.compile(r"\d{8,}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{2}-\d{2}")
_QUERIES = re.compile(r"\?\S+")
_SILENT = ("uvicorn.access", "aiohttp.access")
_FOREIGN = ("uvicorn", "uvicorn.error", "zeep", "aiohttp", "httpx", "httpcore", "sqlalchemy", "alembic", "asyncio")


class Logger(Protocol):
    """What the rest of the hub sees of a logger: an event in constant words, and keys of `KEYS`."""

    def debug(self, event: str, **keys: object) -> None:
        """For a developer; off in production."""

    def info(self, event: str, **keys: object) -> None:
        """One line per start, stop and change of state; normal traffic is silent."""

    def warning(self, event: str, **keys: object) -> None:
        """Somebody should look when it stays."""

    def error(self, event: str, **keys: object) -> None:
        """Somebody must look. `exc_info=error` adds class and places of an exception."""


def logger(component: str) -> Logger:
    """Return a logger whose lines carry the component's name."""
    bound: Logger = structlog.get_logger(component=component)
    return bound


def configure_logging(stream: TextIO, level: int = logging.INFO) -> None:
    """Send every line of the process to `stream`; lines of libraries only from WARNING on, and no request lines."""
    structlog.configure(
        processors=_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Forgiving(stream))),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Foreign()]
    root.setLevel(logging.WARNING)
    for name in (*_FOREIGN, *_SILENT):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)
    for name in _SILENT:
        logging.getLogger(name).disabled = True


def _processors() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _described,
        _withheld,
        structlog.processors.JSONRenderer(serializer=_serialised),
    ]


def _serialised(event: EventDict, **_: object) -> str:
    return orjson.dumps(event).decode()


def _described(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put class, places and (for the hub's own errors) hint and code of an exception in place of `exc_info`."""
    error = _error_of(event.pop("exc_info", None))
    if error is not None:
        event["error"] = type(error).__name__
        event["places"] = " < ".join(_places(error.__traceback__))
        if isinstance(error, HubError):
            event["hint"] = error.hint
            event["code"] = error.problem_code
    return event


def _error_of(exc_info: object) -> BaseException | None:
    """Read the three forms that `exc_info` has: an exception, the triple of `sys.exc_info`, or True for the current."""
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _places(traceback: TracebackType | None) -> list[str]:
    """Return `module:line` of the innermost frames, the innermost first."""
    places = []
    while traceback is not None:
        places.append(f"{traceback.tb_frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places[-FRAMES_MAX:][::-1]


def _withheld(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep listed keys with plain values, and withhold the rest."""
    return {key: _plain(key, value) if key in KEYS else WITHHELD for key, value in event.items()}


def _plain(key: str, value: object) -> object:
    if type(value) in _SCALARS:
        return value
    if not isinstance(value, str):
        return WITHHELD
    if key in _TEXTS:
        value = _QUERIES.sub("?", _NUMBERS.sub("#", value))
    return str(value[:TEXT_CHARS_MAX])


class _Forgiving:
    """A stream that loses what it cannot write: the hub outlives its log file, its full disk and a reader that left.

    A line that was torn by this ends before the next one begins.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._torn = False

    def write(self, text: str) -> None:
        """Write what can be written."""
        try:
            self._stream.write("\n" + text if self._torn else text)
            self._torn = False
        except (OSError, ValueError):  # ValueError: the stream was closed
            self._torn = True

    def flush(self) -> None:
        """Flush what can be flushed."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._torn = True


class _Foreign(logging.Handler):
    """Turns a line of a library into one of ours: the first line of its template, never what was filled in."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line as a warning or an error."""
        line = logger(record.name)
        write = line.error if record.levelno >= logging.ERROR else line.warning
        write(str(record.msg).partition("\n")[0], exc_info=record.exc_info)
