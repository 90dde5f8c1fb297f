"""How the parameters of a test are spelled in its name."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def spelled(value: object) -> str:
    """Return the `repr()` of a value without addresses in memory.

    Workers that share the tests among themselves compare the names of all tests, and each of them has addresses of
    its own.
    """
    return _ADDRESS.sub("", repr(value))
