"""Tests of what the command does where it cannot write."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from actors.cli import main
from tests.actors.cli.commands import TOO_LONG, InterruptedInput, flows

__all__ = ["flows"]  # a fixture

FULL = Path("/dev/full")
BY_MODULE = "Error: cannot write the output: a module of the workflow has closed it\n"
NO_SPACE = "Error: cannot write the output: No space left on device\n"

needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")


@needs_full_device
@pytest.mark.parametrize(
    "arguments",
    [["schema"], ["graph", "flows:HELLO"], ["check", "flows:UNKNOWN"], ["run", "flows:STAMP"]],
    ids=lambda arguments: arguments[0],
)
def test_a_full_disk_is_told_of_and_the_command_exits_with_2(flows: Path, arguments: list[str]) -> None:
    with FULL.open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "mixmode", *arguments],
            cwd=flows,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TOO_LONG,
            check=False,
        )

    assert ended.returncode == 2
    assert ended.stderr.endswith(NO_SPACE)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run closing:X", BY_MODULE),
        ("graph closing:X", BY_MODULE),
        ("check closing:X", ""),  # it has only stderr to close
        ("run closing_both:X", ""),
    ],
    ids=["run", "graph", "check", "both"],
)
def test_where_a_module_closes_a_standard_stream_the_command_exits_with_2(
    flows: Path, arguments: str, said: str
) -> None:
    (flows / "closing.py").write_text(
        "import sys\nX = 'x'\nAGENTS = {X: lambda event, state: None}\nsys.stdout.close()\n"
    )
    (flows / "closing_both.py").write_text("from closing import *\nsys.stderr.close()\n")

    ended = subprocess.run(
        [sys.executable, "-m", "mixmode", *arguments.split()],
        cwd=flows,
        capture_output=True,
        text=True,
        timeout=TOO_LONG,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(said)
    assert "Traceback" not in ended.stderr


def test_what_an_error_of_clicks_own_repeats_is_escaped(
    flows: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "run", "flows:HELLO", "\x1b[2J"])

    code = main()

    assert (code, r"unexpected extra argument (\u001b[2J)" in capsys.readouterr().err) == (2, True)


@needs_full_device
def test_main_returns_2_when_its_output_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "schema"])

    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code = main()

    assert (code, capsys.readouterr().err) == (2, NO_SPACE)


@needs_full_device
def test_main_returns_2_when_nobody_can_be_told_either(flows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert flows == Path.cwd()
    monkeypatch.setattr(sys, "argv", ["mixmode", "check", "flows:HELLO"])

    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        code = main()

    assert code == 2


def test_a_reader_that_has_gone_ends_the_command_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(sys, "argv", ["mixmode", "schema"])

    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code = main()

    assert (code, capsys.readouterr().err) == (2, "")


@pytest.mark.parametrize("argument", ["--help", "schema"])
def test_what_nobody_reads_ends_the_command_with_2_and_without_a_word(argument: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as pipe:
        ended = subprocess.run(
            [sys.executable, "-m", "mixmode", argument],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TOO_LONG,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (2, "")


@needs_full_device
def test_main_returns_130_for_a_ctrl_c_that_cannot_be_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "run", "flows:HELLO", "--state", "-"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(InterruptedInput())))

    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        code = main()

    assert code == 130


CLOSED = {"out": ">&-", "err": "2>&-", "both": ">&- 2>&-", "all": "<&- >&- 2>&-"}


@pytest.mark.parametrize(
    ("arguments", "closed", "code"),
    [
        ("schema", "out", 2),
        ("--help", "out", 2),
        ("--version", "all", 2),
        ("check flows:HELLO", "out", 0),
        ("check flows:HELLO", "err", 2),
        ("check flows:UNKNOWN", "both", 2),
        ("walk", "err", 2),
        ("run flows:STAMP", "out", 2),
        ("run flows:STAMP", "both", 2),
        ("run flows:STAMP --json", "err", 0),
    ],
)
def test_where_a_standard_stream_is_closed_the_command_exits_as_documented(
    flows: Path, arguments: str, closed: str, code: int
) -> None:
    command = f"{shlex.quote(sys.executable)} -m mixmode {arguments} {CLOSED[closed]}"

    ended = subprocess.run(
        ["/bin/sh", "-c", command], cwd=flows, capture_output=True, text=True, timeout=TOO_LONG, check=False
    )

    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
