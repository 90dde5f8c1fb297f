"""Signals that interrupt a command, and what is left of its terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from queue import SimpleQueue

import pytest

from actors.cli.interrupts import LIMIT, Interruption, Interrupts
from tests.actors.cli.commands import EXIT_CODES, SOON, TOO_LONG, flows, run

__all__ = ["flows"]  # a fixture

SCRIPT = "from actors.cli.interrupts import end_process; end_process(7)"
PROMISED = 2.0


def test_a_terminal_gets_its_cursor_back_when_the_process_is_ended() -> None:
    ours, theirs = pty.openpty()

    code = subprocess.call([sys.executable, "-c", SCRIPT], stderr=theirs)

    assert code == 7
    assert os.read(ours, 100) == b"\x1b[?25h"
    os.close(ours)
    os.close(theirs)


def test_what_is_no_terminal_gets_nothing_when_the_process_is_ended() -> None:
    process = subprocess.run([sys.executable, "-c", SCRIPT], stderr=subprocess.PIPE, check=False)

    assert (process.returncode, process.stderr) == (7, b"")


@pytest.mark.usefixtures("flows")
def test_agent_that_stops_when_told_is_not_abandoned() -> None:
    result = run("flows:KILLS")

    assert (result.exit_code, result.stdout) == (143, "")
    assert "interrupted by SIGTERM; cancelling" in result.stderr
    assert "error: workflow 'kills' cancelled (requested)" in result.stderr
    assert "abandoned" not in result.stderr


@pytest.mark.usefixtures("flows")
def test_signal_before_there_is_a_run_ends_the_command() -> None:
    result = run("flows:HELLO", "--agents", "flows:interrupted")

    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "interrupted by SIGINT\n")


@pytest.mark.usefixtures("flows")
def test_forced_exit_comes_in_the_promised_time_though_the_context_was_left() -> None:
    exits: SimpleQueue[int] = SimpleQueue()

    with pytest.raises(Interruption), Interrupts(limit=SOON, exit=exits.put):
        signal.raise_signal(signal.SIGTERM)

    assert exits.get(timeout=TOO_LONG) == 143
    assert LIMIT < PROMISED


@pytest.mark.usefixtures("flows")
def test_second_signal_exits_at_once() -> None:
    exits: list[int] = []
    with pytest.raises(Interruption), Interrupts(limit=SOON, exit=exits.append):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interruption):
        signal.raise_signal(signal.SIGTERM)

    assert 143 in exits


@pytest.mark.usefixtures("flows")
def test_deferred_interruption_is_raised_later() -> None:
    with pytest.raises(Interruption) as caught, Interrupts(limit=SOON, exit=lambda _code: None) as interrupts:
        interrupts.defer()
        signal.raise_signal(signal.SIGINT)
        interrupts.resume()

    assert (caught.value.name, caught.value.exit_code) == ("SIGINT", 130)


def test_without_a_signal_the_former_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in EXIT_CODES]

    with Interrupts():
        assert signal.getsignal(signal.SIGINT) not in before

    assert [signal.getsignal(number) for number in EXIT_CODES] == before
