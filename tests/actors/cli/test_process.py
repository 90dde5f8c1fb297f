"""Tests of the `mixmode` command as a process: its exit codes, and the signals that it is sent."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from actors.cli import main
from tests.actors.cli.commands import EXIT_CODES, TOO_LONG, InterruptedInput, flows

__all__ = ["flows"]  # a fixture


def test_version_is_that_of_the_distribution(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "--version"])

    assert main() == 0
    assert capsys.readouterr().out == "mixmode, version 0.1.0\n"


def test_main_returns_2_for_a_wrong_call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "walk"])

    assert main() == 2
    assert "No such command 'walk'" in capsys.readouterr().err


def test_main_returns_130_when_reading_the_arguments_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "run", "flows:HELLO", "--state", "-"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(InterruptedInput())))

    assert main() == 130


@pytest.fixture
def launch(flows: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "mixmode", "run", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, cwd=flows, text=True, **pipes)  # type: ignore[call-overload]  # a mapping
        processes.append(process)
        return process  # type: ignore[no-any-return]  # the same

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def lines_until(process: subprocess.Popen[str], text: str, times: int = 1) -> list[str]:
    """Read what it tells until a line begins with `text` for the last time."""
    assert process.stderr is not None
    lines: list[str] = []
    while times:
        lines.append(process.stderr.readline())
        assert lines[-1], f"ended without {text!r}: {lines}"
        times -= lines[-1].startswith(text)
    return lines


def test_metrics_are_served_during_the_run(launch: Callable[..., subprocess.Popen[str]]) -> None:
    process = launch("flows:WAITS", "--metrics-port", "0")
    first, *_ = lines_until(process, "running")

    with urlopen(first.removeprefix("metrics: ").strip(), timeout=TOO_LONG) as page:
        served = page.read().decode()
    process.communicate("go on\n", timeout=TOO_LONG)

    assert 'mixmode_runs_in_progress{workflow="waits"} 1.0' in served
    assert process.returncode == 0


# What swallows its cancellation may or may not have been ended with its event loop by then.
STUCK = [("STUCK", 2, {"stuck"}), ("BLOCKED", 2, {"blocks", "stuck"}), ("LINGERS", 1, {"lingers"})]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("workflow", "agents", "abandoned"), STUCK)
def test_signal_ends_the_process_and_names_the_agents_that_do_not_stop(
    launch: Callable[..., subprocess.Popen[str]],
    number: signal.Signals,
    workflow: str,
    agents: int,
    abandoned: set[str],
) -> None:
    process = launch(f"flows:{workflow}", "--json")
    lines_until(process, "running", agents)

    process.send_signal(number)
    out, err = process.communicate(timeout=TOO_LONG)

    told = json.loads(out)
    assert process.returncode == EXIT_CODES[number]
    assert (told["outcome"]["kind"], told["interrupted_by"]) == ("cancelled", number.name)
    assert told["abandoned_work"].keys() - {"swallows"} == abandoned
    assert f"interrupted by {number.name}" in err
    assert all(f"abandoned: agent {agent!r} still runs 1 call that would not stop" in err for agent in abandoned)


def test_process_that_nothing_stops_is_ended_by_force(launch: Callable[..., subprocess.Popen[str]]) -> None:
    process = launch("flows:HELLO", "--agents", "flows:deaf")
    lines_until(process, "running")

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=TOO_LONG)

    assert process.returncode == 143


def test_second_signal_ends_the_process(launch: Callable[..., subprocess.Popen[str]]) -> None:
    process = launch("flows:STUCK")
    lines_until(process, "running", 2)
    process.send_signal(signal.SIGINT)
    lines_until(process, "interrupted by SIGINT")

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TOO_LONG)

    assert process.returncode == 130


def test_result_is_kept_when_the_stopping_of_agents_is_interrupted(
    launch: Callable[..., subprocess.Popen[str]],
) -> None:
    process = launch("flows:STOPS_SLOWLY", "--agents", "flows:STOPPING")
    lines_until(process, "running")

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=TOO_LONG)

    assert (process.returncode, json.loads(out)) == (130, {"done": True})
