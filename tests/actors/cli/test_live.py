from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from actors.cli.live import LiveTree
from actors.cli.stages import KEPT, SHOWN
from supervisors.clock import ManualClock
from supervisors.facts import StageEnded, StageStarted
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord

FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, detail="it\nbroke")


class Screen:
    """A terminal that is a string, and a live tree on it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        file = io.TextIOWrapper(self.bytes, encoding=encoding, write_through=True)
        self.console = Console(file=file, force_terminal=True, width=90, height=200, color_system=None)
        self.clock = ManualClock()
        self.tree = LiveTree(self.console, self.clock.now)

    def start(self, *paths: str) -> None:
        for path in paths:
            self.tree.observe(StageStarted("flow", 1, path, "agent"))

    def end(self, path: str, outcome: Outcome = COMPLETED, duration: float = 1.0) -> None:
        self.tree.observe(StageEnded("flow", 1, TraceRecord(path, "agent", outcome, 0.0, duration, 1, 0, 0.0, 0.0)))

    def lines(self) -> list[str]:
        with self.console.capture() as capture:
            self.console.print(self.tree)
        return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_a_running_stage_shows_the_time_since_it_started() -> None:
    screen = Screen()
    screen.start("flow", "flow/search")

    screen.clock.advance(2.5)

    assert screen.lines() == ["● flow 2.5 s running", "● search 2.5 s running"]


def test_what_a_stage_is_called_and_how_it_ended_cannot_act_on_the_terminal() -> None:
    screen = Screen()
    screen.start("flow", "flow/\x1b[2J")

    screen.end("flow/\x1b[2J", replace(FAILED, detail="no\x1b[2J\nluck"))

    assert screen.lines()[1:] == [r"✗ \u001b[2J 1.0 s failed (exception): no\u001b[2J\nluck"]


def test_an_ended_stage_shows_how_long_it_took_and_how_it_ended() -> None:
    screen = Screen()
    screen.start("flow", "flow/search", "flow/write")

    screen.end("flow/search", duration=0.25)
    screen.end("flow/write", FAILED, duration=1.5)
    screen.clock.advance(9)

    assert screen.lines()[1:] == ["✓ search 0.2 s ok (completed)", "✗ write 1.5 s failed (exception): it\\nbroke"]


@pytest.mark.parametrize("kind", OutcomeKind)
def test_every_way_to_end_can_be_shown(kind: OutcomeKind) -> None:
    screen = Screen()
    screen.start("flow")

    screen.end("flow", Outcome(kind, Reason.COMPLETED))

    assert f"{kind.value} (completed)" in screen.lines()[0]


def test_a_stage_run_again_says_how_often() -> None:
    screen = Screen()
    screen.start("flow", "flow/write", "flow/write")

    assert screen.lines()[1] == "● write x2 0.0 s 2 running"


def test_many_stages_are_counted_instead_of_shown() -> None:
    screen = Screen()
    screen.start("flow", *(f"flow/{number}" for number in range(SHOWN + 4)))
    assert screen.lines()[1] == "(4 more)"

    for number in range(SHOWN + 4):
        screen.end(f"flow/{number}", FAILED if number == 0 else COMPLETED)

    assert screen.lines()[1] == f"({SHOWN + 4 - KEPT} more ended, 1 of them not ok)"


def test_a_terminal_without_the_signs_gets_plain_ones() -> None:
    screen = Screen("ascii")
    screen.start("flow", "flow/a")
    screen.end("flow/a")

    assert screen.lines() == ["* flow 0.0 s running", "+ a 1.0 s ok (completed)"]


def test_markup_in_a_name_is_no_markup() -> None:
    screen = Screen()
    screen.start("flow", "flow/[bold]x[/bold]")

    assert screen.lines()[1].startswith("● [bold]x[/bold]")


def test_the_last_state_stays_when_it_is_left() -> None:
    screen = Screen()

    with screen.tree:
        screen.start("flow")
        screen.end("flow")

    assert "✓ flow" in screen.bytes.getvalue().decode()


def test_the_terminal_is_that_of_standard_error_if_none_is_given() -> None:
    assert LiveTree()._console.stderr
