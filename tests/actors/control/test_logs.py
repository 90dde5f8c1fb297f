"""Log records: what they tell of cannot act on a terminal, or pass for another record."""

from __future__ import annotations

import logging

import pytest

from actors.control.logs import log
from actors.values.rendering import RenderedError
from supervisors.outcome import Failure, Reason

HOSTILE = "\x1b[2J gone\nFAKE: ok"
SHOWN = r"\u001b[2J gone\nFAKE: ok"

logger = logging.getLogger("tests.logs")


def test_texts_are_shown_and_kept_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    log(logger, logging.WARNING, "agent %r said %s, %d times", HOSTILE, HOSTILE, 3)

    (record,) = caplog.records
    assert record.getMessage() == f"agent {HOSTILE!r} said {SHOWN}, 3 times"
    assert record.args == (HOSTILE, HOSTILE, 3)
    assert (record.name, record.funcName) == ("tests.logs", "test_texts_are_shown_and_kept_as_they_are")


def test_an_exception_is_the_records_and_its_traceback_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    error = ValueError(HOSTILE)

    log(logger, logging.WARNING, "it failed", error=error)

    (record,) = caplog.records
    assert record.exc_info == (ValueError, error, None)
    printed = logging.Formatter().format(record)
    assert printed.startswith("it failed\nTraceback (most recent call last):\n")
    assert printed.endswith("\nValueError: \\u001b[2J gone\n    FAKE: ok")


def test_an_exception_is_not_asked_for_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    class SilentError(Exception):
        def __getattribute__(self, name: str) -> object:
            if name == "__class__":
                return super().__getattribute__(name)
            raise OSError("nobody asked")

    log(logger, logging.WARNING, "it failed", error=SilentError())

    told = "it failed\nTraceback (most recent call last):\nSilentError\n(its notes cannot be rendered)"
    assert logging.Formatter().format(caplog.records[0]) == told


def test_of_what_was_rendered_elsewhere_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    error = RenderedError(Failure(("lib.Error",), "Error: no", ""), Reason.EXCEPTION)

    log(logger, logging.WARNING, "it failed", error=error)

    assert logging.Formatter().format(caplog.records[0]) == "it failed\nError: no"


def test_what_is_not_wanted_is_not_rendered(caplog: pytest.LogCaptureFixture) -> None:
    class UnprintableError(Exception):
        def __str__(self) -> str:
            raise AssertionError("nobody asked")

    log(logger, logging.DEBUG, "it failed: %s", "x", error=UnprintableError())

    assert caplog.records == []
