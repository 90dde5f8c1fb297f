"""The shutdown: drain, cancel, stop the agents, end the threads, in that order and within a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actors.cells.agent_cell import AgentCell
from actors.control.facilities import System
from actors.control.reply import Reply
from actors.orchestrators.caches import FORGET_ALL
from actors.runs.run import RunKeeper
from supervisors.outcome import Outcome, OutcomeKind, Reason

_MARGIN = 1.0
"""Seconds that all steps together may take beyond the time that was given, for what needs no waiting in principle."""

_SHUTDOWN = Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN, detail="the runtime was stopped")


@dataclass(frozen=True, slots=True)
class StopReport:
    """What `stop()` could not finish.

    Attributes:
        cancelled_runs: The runs that had not ended within the grace time, as text.
        abandoned_work: How many pieces of work still run, by agent.
    """

    cancelled_runs: tuple[str, ...]
    abandoned_work: Mapping[str, int]


def shut_down(system: System, runs: Iterable[RunKeeper], seconds: float) -> StopReport:
    """Stop everything; blocks. No new run may come in meanwhile.

    Args:
        system: The runtime's parts.
        runs: The runs in progress.
        seconds: How long runs, and then agents, may take to end by themselves.
    """
    until = system.plane.now() + seconds
    left = _drain(system, runs, until)
    for keeper in left:
        keeper.run.close(_SHUTDOWN)
    for keeper in left:
        keeper.run.wait(_time_left(system, until))
    cells = _stop_agents(system, until)
    system.loops.stop(_time_left(system, until) / 2)  # the rest is for those who come after it
    system.pinned.stop(0.0)
    system.threads.stop(_time_left(system, until) / 2)
    system.processes.stop(_time_left(system, until) / 2)
    system.matchers.stop()
    abandoned = {cell.name: cell.abandoned_count for cell in cells if cell.abandoned_count}
    system.plane.post(system.caches, FORGET_ALL)  # whoever keeps a run keeps the runtime's parts
    system.plane.stop()
    system.delivery.stop(_time_left(system, until))
    return StopReport(tuple(repr(keeper.run) for keeper in left), abandoned)


def _drain(system: System, runs: Iterable[RunKeeper], until: float) -> list[RunKeeper]:
    """Wait for the runs in progress; return those that have not ended in time."""
    left = []
    for keeper in runs:
        if not keeper.run.wait(max(0.0, until - system.plane.now())):
            left.append(keeper)
    return left


def _stop_agents(system: System, until: float) -> list[AgentCell]:
    """Stop all groups, and all agents that are in none, at once, the last spawned first; return the agents."""
    cells = list(reversed(system.agents.values()))
    replies = []
    for group in list(system.groups.values()):
        replies.append(reply := Reply())
        group.request_stop(reply, until)
    for cell in cells:
        if cell.lifecycle.supervisor is system.agent_supervisor:
            replies.append(reply := Reply())
            cell.request_stop(reply, max(0.0, until - system.plane.now()))
    for reply in replies:
        reply.wait(max(0.0, until - system.plane.now()) + _time_left(system, until))
    return cells


def _time_left(system: System, until: float) -> float:
    """Return the seconds that a step may take which should take none: what is left of the margin that all share."""
    return min(_MARGIN, max(0.0, until + _MARGIN - system.plane.now()))
