"""A Ctrl-C at the n-th check point of a control turn.

A check point is where the interpreter may handle signals, which it does when a function begins, after a call and when
a loop goes round.
"""

from __future__ import annotations

import opcode
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from actors.control.plane import ControlPlane
from tests.actors.interrupting import ENOUGH, House, is_finalizing, stack, surfaced_from

SAMPLE = 12
"""How many check points of a story are struck by default; the soak strikes them all."""

_CHECKING = {
    opcode.opmap[name]
    for name in ("CALL", "CALL_KW", "CALL_FUNCTION_EX", "JUMP_BACKWARD", "RESUME")
    if name in opcode.opmap
}
"""The instructions after which the interpreter handles signals."""


class Strike:
    """Presses Ctrl-C at the n-th check point in the rest of the turn in which it begins; 0 only counts them."""

    def __init__(self, nth: int) -> None:
        self._nth = nth
        # Put back in the end: it may be that of a coverage measurement.
        self._previous = sys.gettrace()
        self._turn: FrameType | None = None
        self._last: dict[FrameType, int | None] = {}
        self.points = 0
        self.where = ""

    def begin(self, turn: FrameType) -> None:
        """Watch the frame of a turn and what it calls."""
        self._turn = turn
        turn.f_trace_opcodes = True
        turn.f_trace = self._on_step
        sys.settrace(self._on_call)

    def end(self) -> None:
        self._look_away()
        sys.settrace(self._previous)

    def _look_away(self) -> None:
        sys.settrace(None)
        self._last.clear()
        self._turn = None

    def _on_call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        frame.f_trace_opcodes = True
        caller = frame.f_back
        if caller is not None and frame.f_code.co_name != "__init__":
            self._last[caller] = None  # calls of Python functions are checked when these begin, not after
        return self._on_step

    def _on_step(self, frame: FrameType, event: str, _arg: object) -> Any:
        if self._turn is None:
            return None
        if event == "opcode":
            if self._last.get(frame) in _CHECKING:
                self._check(frame)
            self._last[frame] = frame.f_code.co_code[frame.f_lasti]
        elif event == "return":
            self._last.pop(frame, None)
            if frame is self._turn:
                self.end()
        return self._on_step

    def _check(self, frame: FrameType) -> None:
        names = stack(frame)
        if is_finalizing(names):
            return
        self.points += 1
        if self.points == self._nth:
            self.where = " < ".join(names)
            self._look_away()  # and have no other tracer struck
            signal.raise_signal(signal.SIGINT)


class Hold:
    """A recipient that keeps the main thread inside a turn until others have queued what the turn goes on with."""

    def __init__(self, strike: Strike) -> None:
        self._strike = strike
        self.has_held = False

    def handle(self, fill: Callable[[], object]) -> None:
        if self.has_held or threading.current_thread() is not threading.main_thread():
            return
        self.has_held = True
        fill()
        turn = sys._getframe().f_back
        assert turn is not None
        assert turn.f_code is ControlPlane._turn.__code__
        self._strike.begin(turn)


class Story(NamedTuple):
    """What happens to a house.

    Attributes:
        fill: Queues messages for the turn that is struck; called on the main thread, inside the turn.
        damages: Tells afterwards what went wrong.
    """

    fill: Callable[[], object]
    damages: Callable[[], list[str]]


def strike(story: Callable[[House], Story], nth: int) -> tuple[Strike, list[str]]:
    """Let a story happen in a new house, struck at its n-th check point; return the strike and the damages."""
    house = House()
    try:
        assert not house.damages()
        happening, ctrl_c = story(house), Strike(nth)
        hold = Hold(ctrl_c)

        def enter() -> None:
            while not hold.has_held:  # another thread may be inside just now
                house.plane.post(hold, happening.fill)

        surfaced = surfaced_from(enter)
        ctrl_c.end()
        damages = (surfaced if ctrl_c.where else []) + happening.damages() + house.damages()
    finally:
        house.close()
    return ctrl_c, damages


def findings(story: Callable[[House], Story], step: int | None) -> list[str]:
    """Strike a story at check points and return what went wrong, and where it was struck."""
    unstruck, damages = strike(story, 0)
    assert damages == [], "even without an interrupt"
    assert unstruck.points, "nothing happened in the turn"
    found = []
    for nth in range(1, unstruck.points + 1, step or max(1, unstruck.points // SAMPLE)):
        struck, damages = strike(story, nth)
        if struck.where and damages:
            found.append(f"{damages} after a strike at {struck.where}")
        if len(found) >= ENOUGH:
            break
    return found
