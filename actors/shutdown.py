"""The shutdown: drain, cancel, stop the agents, end the threads, in that order and within a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actors.agent_cell import AgentCell
from actors.reply import Reply
from actors.run import RunKeeper
from actors.system import System
from supervisors.outcome import Outcome, OutcomeKind, Reason

_MARGIN = 1.0
"""Seconds that each step may take beyond the time that was given, for what needs no waiting in principle."""

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
        keeper.run.wait(_MARGIN)
    cells = _stop_agents(system, until)
    system.loops.stop(_MARGIN)
    system.threads.stop(_MARGIN)
    system.matchers.stop()
    abandoned = {cell.name: cell.abandoned_count for cell in cells if cell.abandoned_count}
    system.plane.stop()
    system.delivery.stop(_MARGIN)
    system.control_cells.clear()
    return StopReport(tuple(repr(keeper.run) for keeper in left), abandoned)


def _drain(system: System, runs: Iterable[RunKeeper], until: float) -> list[RunKeeper]:
    """Wait for the runs in progress; return those that have not ended in time."""
    left = []
    for keeper in runs:
        if not keeper.run.wait(max(0.0, until - system.plane.now())):
            left.append(keeper)
    return left


def _stop_agents(system: System, until: float) -> list[AgentCell]:
    """Stop the agents all at once, the last spawned first, and return them."""
    cells = list(reversed(system.agents.values()))
    replies = []
    for cell in cells:
        reply = Reply()
        replies.append(reply)
        cell.request_stop(reply, max(0.0, until - system.plane.now()))
    for reply in replies:
        reply.wait(max(0.0, until - system.plane.now()) + _MARGIN)
    return cells
