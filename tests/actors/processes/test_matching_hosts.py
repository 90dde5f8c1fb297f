"""The processes that search for patterns: what they have of their host, and what is left when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from actors.processes import child_process
from actors.processes.matching import Matcher, Matchers
from actors.values.errors import MatcherError
from tests.actors.child_processes import PATIENCE, await_end, is_running, signals
from tests.actors.searches import BACKTRACKS, ENDLESS, SOON, matcher, matchers, no_process_and_no_file_is_left, searched

__all__ = ["matcher", "matchers", "no_process_and_no_file_is_left"]  # fixtures


def test_it_has_none_of_the_hosts_files_and_its_own_session(matcher: Matcher) -> None:
    with socket.socket() as listener:
        listener.set_inheritable(True)
        other = Matcher()
        searched(other, "a", "a")

        files = {each.name: str(each.readlink()) for each in Path(f"/proc/{other.pid}/fd").iterdir()}

        assert files.keys() == {"0", "1", "2"}
        assert files["0"] == files["1"]
        assert files["2"] == os.devnull
        assert os.getsid(other.pid) == other.pid != os.getsid(0)
        other.end()


def test_a_ctrl_c_does_not_reach_it(matcher: Matcher) -> None:
    searched(matcher, "a", "a")

    os.kill(matcher.pid, signal.SIGINT)

    assert searched(matcher, "a", "a")
    assert signal.SIGINT in signals(matcher.pid, "SigIgn")


def test_what_the_host_blocks_or_ignores_does_not_keep_the_alarm_out() -> None:
    blocked = {signal.SIGALRM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    handler = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        other = Matcher()
        assert searched(other, "a", "a")
        assert signals(other.pid, "SigBlk") == set()
        with pytest.raises(MatcherError, match="have passed"):
            searched(other, BACKTRACKS, ENDLESS, seconds=SOON)
    finally:
        signal.signal(signal.SIGUSR1, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_broken_connection_is_an_error_even_where_sigpipe_kills() -> None:
    program = (
        "import os, signal; from actors.processes.matching import *\n"
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "m = Matcher(); ask = lambda: m.search('a', 0, ['a' * 9_000_000], seconds=lambda: 9.0, on_slow=print)\n"
        "ask(); os.kill(m.pid, 9)\n"
        "try: ask()\n"
        "except MatcherError as error: print(error)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "ended by signal 9" in ended.stdout


HOST = """
import sys, threading
from actors.processes.matching import Matcher

idle, busy = Matcher(), Matcher()
idle.search("a", 0, ["a"], seconds=lambda: 9.0, on_slow=print)

def tell():
    print(idle.pid, busy.pid, flush=True)

busy.search({pattern!r}, 0, [{text!r}], seconds=lambda: 1.0, on_slow=tell)
"""


def test_no_process_outlives_a_host_that_is_killed() -> None:
    program = HOST.format(pattern=BACKTRACKS, text=ENDLESS)
    host = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    idle, busy = map(int, host.stdout.readline().split())
    assert is_running(idle)
    assert is_running(busy)

    host.kill()

    assert await_end(idle)  # it reads that nobody will ask
    assert await_end(busy)  # its alarm
    host.wait(PATIENCE)
    host.stdout.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_in_the_child_of_a_fork_the_parents_processes_are_forgotten(matchers: Matchers, matcher: Matcher) -> None:
    searched(matcher, "a", "a")
    pid = os.fork()
    if pid == 0:
        try:
            is_forgotten = not matcher.is_alive
            matcher.kill()
            matcher.end()
            os._exit(0 if is_forgotten else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert searched(matcher, "a", "a")


def test_what_is_forgotten_ends_by_itself() -> None:
    other = Matcher()
    searched(other, "a", "a")

    child_process._after_fork()  # in this process, whose child it is

    assert await_end(other.pid)
    assert os.waitpid(other.pid, 0)[0] == other.pid
