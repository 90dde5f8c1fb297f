"""Scripted agents: what they do with each event is written down beforehand, and what they were given is kept."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

from actors.agents.agent import AgentContext
from actors.testing.clock import clock_here
from actors.testing.steps import Step
from actors.values.event import Event
from actors.values.result import AgentResult
from actors.values.state import State
from supervisors.outcome import Outcome


class Call(NamedTuple):
    """An event that a scripted agent was given.

    Attributes:
        at: When, on the clock of the runtime.
        event: The event; its target is the agent's name.
        state: What was in the state.
        attempt: Which try it was.
        step: What the script said to do.
        previous_outcome: How what was tried before failed; None if nothing was.
    """

    at: float
    event: Event
    state: Mapping[str, Any]
    attempt: int
    step: Step
    previous_outcome: Outcome | None = None


class Script:
    """Steps in their order, one for each event, whatever run it belongs to. The last one is for all that follow.

    Args:
        steps: What to do.

    Raises:
        TypeError: If something else than a step is given.
        ValueError: If there is no step.
    """

    def __init__(self, *steps: Step) -> None:
        for step in steps:
            if not isinstance(step, Step):
                raise TypeError(f"{type(self).__name__}: expected steps such as {_step_for(step)}, not {step!r}")
        if not steps:
            raise ValueError(f"{type(self).__name__}: give it at least one step, such as Returns()")
        self._written = steps
        self._steps = tuple(step for step in steps for _ in range(step.times))
        self._numbers = itertools.count()
        # Appended to by any thread, in single operations.
        self._calls: list[Call] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._written))})"

    @property
    def calls(self) -> tuple[Call, ...]:
        """What it was given until now, in order."""
        return tuple(self._calls)

    def _next(self, event: Event, state: State, context: AgentContext) -> Step:
        step = self._steps[min(next(self._numbers), len(self._steps) - 1)]
        call = Call(clock_here().now(), event, dict(state), context.attempt, step, context.previous_outcome)
        self._calls.append(call)
        return step


def _step_for(given: object) -> str:
    """Return the step that was meant, for the text of an error."""
    if isinstance(given, type) and issubclass(given, BaseException):
        return f"Fails({given.__name__})"
    if isinstance(given, BaseException):
        return f"Fails({given!r})"
    if isinstance(given, type) and issubclass(given, Step):
        return f"{given.__name__}(...)"
    if callable(given):
        return f"Calls({getattr(given, '__name__', '...')})"
    if given is None or isinstance(given, Mapping | AgentResult):
        return f"Returns({given!r})"
    return f"Returns({{'answer': {given!r}}})"


class Scripted(Script):
    """An async agent that follows a script: `spawn("flaky", Scripted(Fails(OSError, times=2), Returns({"a": 1})))`.

    Spawn it under one name, or under several to have them share the script.
    """

    async def __call__(self, event: Event, state: State, context: AgentContext) -> Any:
        """Do what the next step says."""
        step = self._next(event, state, context)
        await step.pass_time_async()
        return step.answer(event, state)


class ScriptedThread(Script):
    """A plain function, run on a thread, that follows a script: as `Scripted`, but nothing can cancel it."""

    def __call__(self, event: Event, state: State, context: AgentContext) -> Any:
        """Do what the next step says."""
        step = self._next(event, state, context)
        step.pass_time()
        return step.answer(event, state)
