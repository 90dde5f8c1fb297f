"""A process that searches texts for regular expressions. It is run as a script, by `actors.processes.matching`.

`re` holds the GIL for as long as it backtracks, which may be for ever: no thread of the process that it runs in can
stop it, or even notice. So it runs in this process, which the kernel ends at the deadline of a request, whatever `re`
is doing, and which ends by itself when the host does.

It says with one byte that it is ready. A request is a line of JSON, `[number, seconds, pattern, flags, texts]`, in
UTF-8 with surrogates passed through, so that every `str` arrives as it was sent. The answer is the number and one byte.
"""

from __future__ import annotations

import json
import re
import signal
import struct
import sys

ANSWER = struct.Struct("!Qc")
"""How an answer is sent: the number of its request, and what was found."""

READY, FOUND, NOT_FOUND = b"!", b"+", b"-"


def answer(pattern: str, flags: int, texts: list[str]) -> bytes:
    """Search texts in order, up to the first in which the pattern is found."""
    compiled = re.compile(pattern, flags)
    return FOUND if any(compiled.search(text) for text in texts) else NOT_FOUND


def main() -> None:  # pragma: no cover  # in a process of its own, which coverage does not see
    """Answer requests until there are no more, or the time of one is up."""
    # What the host ignores or blocks is inherited, and the alarm must end this process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _write(READY)
    for line in sys.stdin.buffer:
        number, seconds, *request = json.loads(line.decode("utf-8", "surrogatepass"))
        signal.setitimer(signal.ITIMER_REAL, seconds)
        found = answer(*request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(ANSWER.pack(number, found))


def _write(content: bytes) -> None:  # pragma: no cover  # as main()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":  # pragma: no cover  # as main()
    main()
