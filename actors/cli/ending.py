"""The ending: how a run ended, and what it left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actors.cli.interrupts import Interruption
from actors.orchestrators.base import BranchReport
from actors.runs.run import Run
from actors.runtime.shutdown import StopReport
from actors.values.state import State
from supervisors.outcome import Outcome
from supervisors.trace import TraceRecord

_FAILED = 1


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Attributes:
        workflow: The workflow's name.
        outcome: How it ended and why.
        state: The final state, or the partial one if it did not end ok.
        branches: How the branches of groups that failed ended, by path.
        trace: The records of what was executed; None after a defect of the runtime's.
        abandoned_work: How many pieces of work still run, by agent.
        interruption: The signal that cut it short, if one did.
    """

    workflow: str
    outcome: Outcome
    state: State
    branches: Mapping[str, BranchReport]
    trace: TraceRecord | None
    abandoned_work: Mapping[str, int]
    interruption: Interruption | None

    @classmethod
    def of(cls, run: Run, report: StopReport, interruption: Interruption | None) -> Ending:
        """Return the ending of a run whose runtime was stopped."""
        error = run.exception(timeout=0)
        ended = run.result(timeout=0) if error is None else error
        return cls(
            workflow=run.workflow,
            outcome=ended.outcome,
            state=ended.state,
            branches={} if error is None else error.branches,
            trace=ended.trace,
            abandoned_work=report.abandoned_work,
            interruption=interruption,
        )

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None when there is no trace."""
        return None if self.trace is None else self.trace.duration

    @property
    def exit_code(self) -> int:
        """What the process should exit with."""
        if self.interruption is not None:
            return self.interruption.exit_code
        return 0 if self.outcome.ok else _FAILED
