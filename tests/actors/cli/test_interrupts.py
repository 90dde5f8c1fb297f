from __future__ import annotations

import os
import pty
import subprocess
import sys

SCRIPT = "from actors.cli.interrupts import end_process; end_process(7)"


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
