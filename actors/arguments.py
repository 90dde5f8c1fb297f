"""What callers hand to the runtime, checked when they do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from actors.event import Event
from supervisors.deadlines import check_timeout


def as_event(event: object, target: str) -> Event:
    """Return what was submitted as an event; a mapping becomes the data of a new one.

    Raises:
        TypeError: If it is none of these.
    """
    if event is None:
        return Event(target=target)
    if isinstance(event, Event):
        return event
    if isinstance(event, Mapping):
        return Event(target=target, data=dict(event))
    raise TypeError(f"an event is an actors.Event or a mapping that becomes its data, not {type(event).__name__}")


def check_name(name: object) -> None:
    """Refuse what cannot name an agent.

    Raises:
        TypeError: If it is no string.
        ValueError: If it is empty or contains a slash.
    """
    if not isinstance(name, str):
        raise TypeError(f"an agent's name is a string, not {name!r}")
    if not name or "/" in name:
        raise ValueError(f"an agent's name is not empty and has no '/', unlike {name!r}")


def check_count(value: object, owner: str) -> None:
    """Refuse what is no positive whole number.

    Raises:
        TypeError: If it is no int; a bool is none.
        ValueError: If it is below 1.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{owner} must be a whole number, not {value!r}")
    if value < 1:
        raise ValueError(f"{owner} must be at least 1, not {value!r}")


def check_stop_timeout(timeout: float) -> float:
    """Return a time to stop in: zero is allowed, and means at once.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is negative or not finite.
    """
    if timeout == 0 and not isinstance(timeout, bool):
        return 0.0
    return check_timeout(timeout, "stop():") or 0.0


def check_loop(loop: object) -> None:
    """Refuse what is no event loop.

    Raises:
        TypeError: If it is neither one nor None.
    """
    if loop is not None and not isinstance(loop, asyncio.AbstractEventLoop):
        raise TypeError(f"Runtime: loop must be an asyncio event loop or None, not {loop!r}")


def check_observers(observers: Sequence[object]) -> None:
    """Refuse what cannot observe.

    Raises:
        TypeError: If one has no method `observe`.
    """
    for observer in observers:
        if not callable(getattr(observer, "observe", None)):
            raise TypeError(f"Runtime: observers must have a method observe(fact), unlike {observer!r}")
