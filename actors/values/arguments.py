"""What callers hand to the runtime, checked when they do."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Mapping, Sequence
from functools import partial

from actors.control.environment import Environment
from actors.values.event import Event
from supervisors.excerpt import excerpt
from supervisors.policies.deadlines import check_timeout


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


def as_environment(environment: object) -> Environment:
    """Return what was given as an environment; None is the machine.

    Raises:
        TypeError: If it is none.
    """
    if environment is None:
        return Environment()
    if isinstance(environment, Environment):
        return environment
    raise TypeError(f"Runtime: environment must be an Environment or None, not {excerpt(environment)}")


def is_coroutine_function(function: object) -> bool:
    """Say whether calling something makes a coroutine, which has to be awaited."""
    while isinstance(function, partial):
        function = function.func
    call = getattr(type(function), "__call__", None)  # noqa: B004  # the method itself is looked at
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def check_callback(callback: object, owner: str, of: str) -> None:
    """Refuse what cannot be called back.

    Args:
        callback: What the user gave.
        owner: Who is to be named when it cannot.
        of: What it will be called with.

    Raises:
        TypeError: If it cannot be called, or is a coroutine function: nobody would await it.
    """
    if not callable(callback):
        raise TypeError(f"{owner} callback must be callable with {of}, not {excerpt(callback)}")
    if is_coroutine_function(callback):
        raise TypeError(
            f"{owner} callback must be a plain function, callable with {of}; "
            f"nobody awaits {excerpt(callback)}, which is `async def`"
        )


def check_count(value: object, owner: str, most: int | None = None) -> None:
    """Refuse what is no positive whole number.

    Args:
        value: What the user gave.
        owner: What is to be named when it is none.
        most: The highest that it may be; None is no limit.

    Raises:
        TypeError: If it is no int; a bool is none.
        ValueError: If it is below 1, or above `most`.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{owner} must be a whole number, not {value!r}")
    if value < 1:
        raise ValueError(f"{owner} must be at least 1, not {excerpt(value)}")
    if most is not None and value > most:
        raise ValueError(f"{owner} must be at most {most:_}, not {excerpt(value)}")


def check_stop_timeout(timeout: float) -> float:
    """Return a time to stop in: zero is allowed, and means at once.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is negative or not finite.
    """
    if timeout == 0 and not isinstance(timeout, bool):
        return 0.0
    return check_timeout(timeout, "stop():") or 0.0


def check_wait(timeout: object, owner: str) -> float | None:
    """Return how long to wait: what is negative is no wait, as `concurrent.futures` has it; None is without end.

    Raises:
        TypeError: If it is neither a number nor None.
        ValueError: If it is nan.
    """
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"{owner} timeout must be seconds or None, not {timeout!r}")
    if math.isnan(timeout):
        raise ValueError(f"{owner} timeout must be seconds or None, not nan")
    return None if timeout == math.inf else max(0.0, timeout)


def check_stopping(owner: str, *, grace: float | None, block: bool, timeout: float | None) -> float | None:
    """Check what says how to stop something and whether to wait for that; return the grace, or None if not given.

    Raises:
        TypeError: If `block` is no bool, or a time is no number.
        ValueError: If the grace is negative, or a time is not finite.
    """
    if not isinstance(block, bool):
        raise TypeError(f"{owner} block must be True or False, not {excerpt(block)}")
    check_wait(timeout, owner)
    return None if grace is None else check_stop_timeout(grace)


def check_loop(loop: object) -> None:
    """Refuse what is no event loop.

    Raises:
        TypeError: If it is neither one nor None.
    """
    if loop is not None and not isinstance(loop, asyncio.AbstractEventLoop):
        raise TypeError(f"Runtime: loop must be an asyncio event loop or None, not {loop!r}")


def check_observers(observers: object) -> None:
    """Refuse what cannot observe.

    Raises:
        TypeError: If they are no sequence, or one has no method `observe`.
    """
    if isinstance(observers, str) or not isinstance(observers, Sequence):
        raise TypeError(f"Runtime: observers must be a sequence of observers, not {excerpt(observers)}")
    for observer in observers:
        if not callable(getattr(observer, "observe", None)):
            raise TypeError(f"Runtime: observers must have a method observe(fact), unlike {observer!r}")
