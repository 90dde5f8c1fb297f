"""The agent supervisor: restarts the agents of one group that crashed, within their intensity.

What it does is what Erlang/OTP's `supervisor` does (https://www.erlang.org/doc/apps/stdlib/supervisor.html), but for
this: the intensity is counted for each child on its own, so one that keeps crashing uses up nobody else's; nothing is
waited for, so it answers while a child starts, stops or hangs; and the end of the escalation is not the end of the
supervisor. A child that fails too often escalates to its group, which is started anew as a whole, as often as the
group's own intensity allows; after that those whom the strategy concerns are marked failed, and nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from supervisors.agents.roster import Entry, Fate, Phase, Roster
from supervisors.behaviour import Context, Timer
from supervisors.errors import RestartLimitReachedError
from supervisors.facts import AgentGivenUp, AgentRestarted, GroupRestarted
from supervisors.policies.child_spec import NO_GROUP, GroupSpec
from supervisors.policies.restarts import RestartWindow
from supervisors.policies.strategies import Strategy
from supervisors.signals import (
    ChildAdded,
    ChildFailed,
    ChildHalted,
    ChildStarted,
    ChildStopped,
    GroupStopped,
    Restartable,
    RestartDue,
    StartsDue,
    StopGroup,
)

Signal = ChildAdded | ChildStarted | ChildFailed | ChildHalted | ChildStopped | RestartDue | StartsDue | StopGroup

GROUP_RESTARTED = "group_restarted"
"""The reason for which an agent is restarted that did not fail itself."""

_STOPPED = "its group was stopped"


class AgentSupervisor:
    """Decide when crashed agents are restarted, who with them, and when they are given up.

    Args:
        spec: The group. With `NO_GROUP` children start by themselves, and become known by their first failure.
    """

    def __init__(self, spec: GroupSpec = NO_GROUP) -> None:
        self._spec = spec
        self._roster = Roster()
        self._window = RestartWindow(spec.restart)
        # Before this moment nobody is started: the back-off of a restart that concerns several.
        self._starts_at = 0.0
        self._stop: StopGroup | None = None
        # The timers of restarts, by child and part; and the timer after which those who wait are started.
        self._restarts: dict[Restartable, dict[Any, Timer]] = {}
        self._starts: Timer | None = None

    def receive(self, message: Signal, context: Context) -> None:
        """Handle one signal."""
        match message:
            case ChildFailed():
                self._on_failed(message, context)
            case RestartDue(child, part, reason, detail):
                self._restarts.get(child, {}).pop(part, None)
                if self._is_alive(child, part):
                    self._restart(child, part, reason, detail, context)
            case ChildAdded(child):
                self._on_added(child, context)
            case ChildStarted(child):
                if (entry := self._roster.get(child)) is not None:
                    self._roster.note_up(entry)
            case ChildHalted(child):
                if (entry := self._roster.get(child)) is not None:
                    self._roster.note_halted(entry)
            case ChildStopped(child):
                self._remove(child)
            case StartsDue():
                pass
            case StopGroup():
                self._stop = message
                self._roster.condemn(self._roster.entries, Fate.END)
            case _:
                assert_never(message)
        self._advance(context)

    def _on_added(self, child: Restartable, context: Context) -> None:
        if child.has_stopped:
            return  # before it was its turn
        entry = self._roster.get(child) or self._roster.add(child)
        if self._stop is not None:
            self._roster.condemn([entry], Fate.END)

    def _remove(self, child: Restartable) -> None:
        """Forget a child that has stopped, and cancel the restarts of its parts."""
        self._roster.remove(child)
        for timer in self._restarts.pop(child, {}).values():
            timer.cancel()

    def _is_alive(self, child: Restartable, part: Any) -> bool:
        """Say whether a part of a child may be restarted by itself."""
        entry = self._roster.get(child)
        return entry is not None and entry.is_alive and child.owns(part)

    # Failures

    def _on_failed(self, message: ChildFailed, context: Context) -> None:
        child, part, reason, detail, is_normal = message
        if not child.owns(part):
            return
        entry = self._roster.get(child) or self._roster.add(child, Phase.UP)
        if not entry.is_alive:
            return
        if child.spec.restart.is_over(is_normal=is_normal):
            self._roster.dismiss(entry)
            child.end(f"it is {child.spec.restart.kind} and ended: {detail}", None)
            return
        delay = entry.window.next_delay(context.now(), context.random)
        if delay is None:
            self._escalate(entry, detail, context)
        elif self._spec.strategy is not Strategy.ONE_FOR_ONE:
            concerned = self._spec.strategy.affected(self._roster.entries, entry)
            self._restart_together(concerned, entry, reason, detail)
            self._wait(delay, context)
        elif delay == 0:
            self._roster.note_up(entry)  # the next need not wait until it has done better
            self._restart(child, part, reason, detail, context)
        else:
            self._roster.note_up(entry)
            timer = context.schedule(context.now() + delay, RestartDue(child, part, reason, detail))
            self._restarts.setdefault(child, {})[part] = timer

    def _restart(self, child: Restartable, part: Any, reason: str, detail: str, context: Context) -> None:
        context.observe(AgentRestarted(child.spec.name, reason, detail))
        child.restart(part, reason)

    def _restart_together(self, concerned: Sequence[Entry], failed: Entry, reason: str, detail: str) -> None:
        """Condemn those whom a failure concerns; each learns why when it is started again."""
        because = f"agent {failed.child.spec.name!r} of group {self._spec.name!r} failed: {detail}"
        for entry in concerned:
            if entry.is_alive:
                is_culprit = entry is failed
                entry.reason = reason if is_culprit else GROUP_RESTARTED
                entry.detail = detail if is_culprit else because
        leaving = [entry for entry in concerned if entry.is_alive and entry.child.spec.restart.kind == "temporary"]
        self._roster.condemn(concerned, Fate.RESTART)
        self._roster.condemn(leaving, Fate.END)

    def _wait(self, delay: float, context: Context) -> None:
        """Start nobody for a while; whoever has to be stopped is, meanwhile."""
        if delay > 0:
            self._starts_at = max(self._starts_at, context.now() + delay)
            self._forget_starts()
            self._starts = context.schedule(self._starts_at, StartsDue())

    def _forget_starts(self) -> None:
        if self._starts is not None:
            self._starts.cancel()

    def _escalate(self, failed: Entry, detail: str, context: Context) -> None:
        policy = failed.child.spec.restart
        limit = RestartLimitReachedError(failed.child.spec.name, policy.max_restarts, policy.within)
        text = f"{limit}; the last failure: {detail}"
        delay = self._window.next_delay(context.now(), context.random)
        if delay is None:
            self._give_up(failed, text, context)
            return
        context.observe(GroupRestarted(self._spec.name, text))
        everybody = self._roster.entries
        for entry in everybody:
            entry.window = RestartWindow(entry.child.spec.restart)
        self._restart_together(everybody, failed, GROUP_RESTARTED, detail)
        self._wait(delay, context)

    def _give_up(self, failed: Entry, text: str, context: Context) -> None:
        concerned = [
            entry
            for entry in self._spec.strategy.affected(self._roster.entries, failed)
            if entry.phase is not Phase.OUT and entry.fate is Fate.RESTART  # else it has been given up, or is ended
        ]
        for entry in concerned:
            name = entry.child.spec.name
            culprit = failed.child.spec.name
            detail = text if entry is failed else f"it depends on agent {culprit!r}, which is marked failed"
            context.observe(AgentGivenUp(name, detail))
            entry.child.give_up(detail)
        self._roster.condemn(concerned, Fate.FAIL)

    # One after the other

    def _advance(self, context: Context) -> None:
        """Have the next child stopped or started, if it is time. To tell it twice, after an interrupt, does no harm."""
        while (entry := self._roster.next_step(may_start=context.now() >= self._starts_at)) is not None:
            if entry.phase is Phase.WAITING:
                self._start(entry, context)
            elif entry.fate is Fate.END:
                self._end(entry.child, context)
            else:
                entry.child.halt(entry.child.spec.grace)
            self._roster.take_step(entry)
        if self._stop is not None and self._stop.asker is not None and not self._roster:
            self._forget_starts()
            context.send(self._stop.asker, GroupStopped())
            self._stop = StopGroup(None, self._stop.until)  # told once

    def _start(self, entry: Entry, context: Context) -> None:
        if entry.reason:
            context.observe(AgentRestarted(entry.child.spec.name, entry.reason, entry.detail))
        entry.child.start(entry.reason)

    def _end(self, child: Restartable, context: Context) -> None:
        if self._stop is None:
            child.end(f"it is {child.spec.restart.kind}, and its group {self._spec.name!r} is restarted", None)
            return
        until = self._stop.until
        child.end(_STOPPED, None if until is None else max(0.0, until - context.now()))
