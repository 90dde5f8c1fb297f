"""What the machine may have too little of for an agent to start, told by the error that the start ended with."""

from __future__ import annotations

import errno
from typing import Final

from actors.errors import ProcessEndedError

_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)
# In an agent's own code these may mean something else.
_OF_PROCESSES: Final = (*_DESCRIPTORS, errno.EAGAIN, errno.ENOMEM)
_NO_THREAD: Final = "can't start new thread"


def scarcity_of(error: BaseException) -> str:
    """Return what there was too little of: descriptors, threads, processes or memory. Empty if that was not the cause.

    An agent that could not start for this reason has done nothing wrong, and can start as soon as there is enough.
    """
    numbers = _OF_PROCESSES if isinstance(error, ProcessEndedError) else _DESCRIPTORS
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, OSError) and cause.errno in numbers:
            return cause.strerror or type(cause).__name__
        if isinstance(cause, RuntimeError) and cause.args == (_NO_THREAD,):
            return _NO_THREAD
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return ""
