"""Log lines carry what is on the list and nothing else."""

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
import structlog

from hub.errors import Unavailable
from hub.telemetry import configure_logging, logger


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A stream that receives every line of the process; the logging of the test run is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    text = io.StringIO()
    configure_logging(text)
    yield text
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
    for name in ("uvicorn.access", "aiohttp.access"):
        logging.getLogger(name).disabled = False


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_utc_time(stream: io.StringIO) -> None:
    """A line is one JSON object with its component, level and a UTC time."""
    logger("delivery").info("circuit opened", platform="national_portal", attempt=3)
    (line,) = _lines(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert {
        "component": "delivery",
        "event": "circuit opened",
        "level": "info",
        "platform": "national_portal",
        "attempt": 3,
    } == line


def test_unlisted_keys_are_withheld(stream: io.StringIO) -> None:
    """A key that is not on the list keeps its name and loses its value."""
    logger("ingress").warning("refused", full_name="Nguyễn Văn A", body=b"{}")
    (line,) = _lines(stream)
    assert ("withheld", "withheld") == (line["full_name"], line["body"])
    assert "Nguyễn" not in stream.getvalue()


def test_values_that_are_not_plain_are_withheld(stream: io.StringIO) -> None:
    """A listed key does not smuggle a model, a mapping or bytes."""
    logger("ingress").info("refused", code={"name": "Nguyễn Văn A"}, state=b"x")
    (line,) = _lines(stream)
    assert ("withheld", "withheld") == (line["code"], line["state"])


def test_numbers_dates_and_queries_leave_the_texts(stream: io.StringIO) -> None:
    """An event text loses identity numbers, dates of birth and query strings."""
    logger("x").info("asked 001000000001 born 22/11/1990 or 1990-11-22 at /p?cccd=001000000001&x=1 end")
    assert "asked # born # or # at /p? end" == _lines(stream)[0]["event"]


def test_an_exception_shows_class_and_place_without_its_text(stream: io.StringIO) -> None:
    """What an exception says may be personal, so only its class and the lines of code are written."""
    try:
        raise KeyError("Nguyễn Văn A")
    except KeyError as error:
        logger("x").error("failed", exc_info=error)
    (line,) = _lines(stream)
    assert "KeyError" == line["error"]
    assert "test_telemetry_logs:" in str(line["places"])
    assert "Nguyễn" not in stream.getvalue()


def test_the_hubs_own_errors_keep_code_and_hint(stream: io.StringIO) -> None:
    """A HubError promises a hint without personal data, so the hint is written."""
    logger("x").error("failed", exc_info=Unavailable("disk full"))
    (line,) = _lines(stream)
    assert ("Unavailable", "hub.unavailable", "disk full") == (line["error"], line["code"], line["hint"])


def test_libraries_speak_from_warning_on_without_arguments(stream: io.StringIO) -> None:
    """A library's line keeps the words of its template; what was filled in is dropped, and so are INFO lines."""
    logging.getLogger("zeep.transports").info("HTTP Post to %s", "http://127.0.0.1/?name=A")
    logging.getLogger("sqlalchemy.engine").warning("row %s", "Nguyễn Văn A")
    (line,) = _lines(stream)
    assert ("sqlalchemy.engine", "row %s", "warning") == (line["component"], line["event"], line["level"])


@pytest.mark.parametrize("name", ["uvicorn.access", "aiohttp.access"])
def test_request_lines_are_never_written(stream: io.StringIO, name: str) -> None:
    """Access logs name addresses, so they are off at every level."""
    logging.getLogger(name).error('"GET /persons/001000000001"')
    assert "" == stream.getvalue()


def test_debug_is_off_unless_asked_for(stream: io.StringIO) -> None:
    """The level holds for the hub's own lines."""
    logger("x").debug("detail")
    assert "" == stream.getvalue()
    configure_logging(stream, logging.DEBUG)
    logger("x").debug("detail")
    assert "detail" == _lines(stream)[0]["event"]


def test_long_texts_are_cut(stream: io.StringIO) -> None:
    """No value is longer than 300 characters."""
    logger("x").info("e" * 301, platform="p" * 301)
    (line,) = _lines(stream)
    assert ("e" * 300, "p" * 300) == (line["event"], line["platform"])


def test_a_stream_that_fails_harms_nobody(stream: io.StringIO) -> None:
    """A full disk, a closed file: the line is lost, and whoever wrote it goes on."""
    closed = io.StringIO()
    closed.close()
    full = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w", buffering=1)
    for failing in (full, closed):
        configure_logging(failing)
        logger("x").error("lost")
        logging.getLogger("uvicorn.error").error("lost too")
    with suppress(OSError):  # what is left in its buffer
        full.close()

    assert "" == stream.getvalue()


class _Tearing(io.StringIO):
    """Takes half of the first line and then fails once, as a disk does that fills up."""

    _torn = False

    def write(self, text: str) -> int:
        """Write, or tear."""
        if self._torn:
            return super().write(text)
        self._torn = True
        super().write(text[: len(text) // 2])
        raise OSError("no space left")


def test_a_torn_line_spoils_no_other(stream: io.StringIO) -> None:
    """What comes after a line that was cut off begins on a line of its own."""
    tearing = _Tearing()
    configure_logging(tearing)
    logger("x").info("torn")
    logger("x").info("whole")

    assert "" == stream.getvalue()
    assert "whole" == json.loads(tearing.getvalue().splitlines()[-1])["event"]
