"""The stack of the calling thread: what must not fail half-way is not begun near its end."""

from __future__ import annotations

import sys
from typing import Final

FRAMES_FOR_TURN: Final = 250
"""How many frames must be left for a turn of the control plane: a message needs some dozens, nested values more."""

FRAMES_FOR_EVENT: Final = 100
"""How many must be left for an event to be handed to an agent."""


def is_used_up(frames: int = FRAMES_FOR_TURN) -> bool:
    """Return whether fewer frames than so many are left of this thread's stack."""
    try:
        sys._getframe(max(0, sys.getrecursionlimit() - frames))
    except ValueError:  # it is not that deep
        return False
    return True


def refuse_used_up_stack(call: str, frames: int = FRAMES_FOR_TURN) -> None:
    """Refuse what would fail half-way, and leave something behind.

    Args:
        call: What is refused, for the error.
        frames: How many frames it needs.

    Raises:
        RecursionError: If fewer are left.
    """
    if is_used_up(frames):
        raise RecursionError(f"{call} needs {frames} frames of the stack, and fewer are left; call it further out")
