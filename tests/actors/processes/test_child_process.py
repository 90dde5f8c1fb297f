"""A child process: how it starts, how it ends, and what is said of that."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from actors.processes.child_process import ChildProcess, ending
from tests.actors.child_processes import PATIENCE, await_end, is_running

SLEEPS = "import time; time.sleep(600)"
PARENT = (
    f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]).pid, flush=True); {SLEEPS}"
)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_it_is_ended_with_all_that_it_started(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    child = ChildProcess(["-c", PARENT], [ours], stdout=theirs.fileno())
    grandchild = int(ours.recv(100))
    assert is_running(grandchild)

    status = child.end()

    assert status == -9
    assert await_end(grandchild)
    assert ours.fileno() == -1


def test_ending_it_again_does_nothing() -> None:
    child = ChildProcess(["-c", "raise SystemExit(3)"], [])
    assert await_end(child.pid)

    assert [child.end(), child.end()] == [3, 3]
    child.kill()


def test_one_that_was_reaped_is_not_killed() -> None:
    child = ChildProcess(["-c", "raise SystemExit(3)"], [])
    assert await_end(child.pid)
    assert not child.is_alive

    child.kill()

    assert child.end() == 3


def test_a_hint_never_waits_and_is_not_sent_to_one_that_has_ended(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    child = ChildProcess(["-c", SLEEPS], [ours])

    for _ in range(100_000):
        child.hint(ours, b"12345678")
    child.end()
    child.hint(ours, b"87654321")

    theirs.setblocking(False)
    received = b""
    while part := theirs.recv(1 << 20):
        received += part
    assert received.startswith(b"12345678")
    assert b"87654321" not in received


def test_channels_are_closed_when_it_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[socket.socket, socket.socket]
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(OSError, match="nowhere"):
        ChildProcess([], [pair[0]])

    assert pair[0].fileno() == -1


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "its process exited with status 0"),
        (3, "its process exited with status 3"),
        (-11, "its process was ended by signal 11 (SIGSEGV)"),
        (-40, "its process was ended by signal 40"),
    ],
)
def test_an_exit_status_is_told_in_words(status: int, text: str) -> None:
    assert ending(status) == text


def test_it_may_exit_by_itself_before_it_is_ended() -> None:
    child = ChildProcess(["-c", "raise SystemExit(3)"], [])

    child.await_exit(PATIENCE)

    assert child.end() == 3


def test_one_that_does_not_exit_is_not_waited_for() -> None:
    child = ChildProcess(["-c", SLEEPS], [])

    child.await_exit(0.01)

    assert child.end() == -9
