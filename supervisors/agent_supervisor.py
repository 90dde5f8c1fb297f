"""The agent supervisor: restarts agents that crashed, within their intensity.

The intensity, a number of restarts in a sliding time, is that of Erlang/OTP's supervisors, but counted for each child
on its own: one that keeps crashing uses up nobody else's.
"""

from __future__ import annotations

from typing import Any, assert_never

from supervisors.behaviour import Context
from supervisors.errors import RestartLimitReachedError
from supervisors.facts import AgentGivenUp, AgentRestarted
from supervisors.restarts import RestartWindow
from supervisors.signals import ChildFailed, ChildStopped, Restartable, RestartDue


class AgentSupervisor:
    """Decide when a crashed agent is restarted, and when it is given up."""

    def __init__(self) -> None:
        self._windows: dict[Restartable, RestartWindow] = {}
        # Until they are stopped; what is left of them may still fail.
        self._given_up: set[Restartable] = set()

    def receive(self, message: ChildFailed | ChildStopped | RestartDue, context: Context) -> None:
        """Handle one signal."""
        match message:
            case ChildFailed():
                self._on_failed(message, context)
            case RestartDue(child, part, reason, detail):
                if child in self._windows:
                    self._restart(child, part, reason, detail, context)
            case ChildStopped(child):
                self._windows.pop(child, None)
                self._given_up.discard(child)
            case _:
                assert_never(message)

    def _on_failed(self, message: ChildFailed, context: Context) -> None:
        child, part, reason, detail = message
        if child in self._given_up:
            return
        window = self._windows.get(child)
        if window is None:
            window = self._windows[child] = RestartWindow(child.spec.restart)
        now = context.now()
        delay = window.next_delay(now, context.random)
        if delay is None:
            self._give_up(child, detail, context)
        elif delay == 0:
            self._restart(child, part, reason, detail, context)
        else:
            context.schedule(now + delay, RestartDue(child, part, reason, detail))

    def _restart(self, child: Restartable, part: Any, reason: str, detail: str, context: Context) -> None:
        context.observe(AgentRestarted(child.spec.name, reason, detail))
        child.restart(part, reason)

    def _give_up(self, child: Restartable, detail: str, context: Context) -> None:
        policy = child.spec.restart
        limit = RestartLimitReachedError(child.spec.name, policy.max_restarts, policy.within)
        self._windows.pop(child, None)
        self._given_up.add(child)
        text = f"{limit}; the last failure: {detail}"
        context.observe(AgentGivenUp(child.spec.name, text))
        child.give_up(text)
