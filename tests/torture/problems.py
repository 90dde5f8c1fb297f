"""What went wrong: kept, with where every thread was when something never came."""

from __future__ import annotations

import logging
import sys
import threading
import traceback

MOST = 20
"""How many problems are kept; more say nothing new."""

ASKED_FOR = (
    "a callback or observer raised",  # observers here do, on purpose
    "is marked failed",
    "Task exception was never retrieved",
)
"""What may be logged at ERROR."""

TOLD_TO_HEAL = "lost a wake-up"
"""What is a problem though it is only a warning: it healed, and should not have happened."""


class Problems:
    """Collects problems from all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.found: list[str] = []

    def add(self, text: str) -> None:
        """Keep one."""
        with self._lock:
            if len(self.found) < MOST:
                self.found.append(text)

    def add_stuck(self, text: str) -> None:
        """Keep one that says that something never came, with what every thread does."""
        if self.found:
            return  # once something is wrong, what comes is not waited for long enough
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        stacks = [
            f"  {names.get(ident, '?')}: " + " < ".join(_places(frame))
            for ident, frame in sys._current_frames().items()
        ]
        self.add("\n".join([f"stuck: {text}", *stacks]))


def _places(frame: object) -> list[str]:
    summary = traceback.extract_stack(frame, limit=4)  # type: ignore[arg-type]  # a frame
    return [f"{each.filename.rpartition('/')[2]}:{each.lineno} {each.name}" for each in reversed(summary)]


class Listener(logging.Handler):
    """Takes for a problem whatever is logged at ERROR unasked, and whatever Python warns of."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(logging.WARNING)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        """Judge a record."""
        text = record.getMessage()
        if record.levelno < logging.ERROR and record.name != "py.warnings" and TOLD_TO_HEAL not in text:
            return
        if not any(part in text for part in ASKED_FOR):
            error = record.exc_info[1] if record.exc_info else None
            lines = traceback.format_exception(error) if error is not None else []
            self._problems.add(f"logged by {record.name}: {text[:500]} ({error!r})\n{''.join(lines)}")
