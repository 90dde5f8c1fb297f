"""A run of one fan-out over an agent."""

from __future__ import annotations

from typing import Any

from supervisors.outcome import COMPLETED, Outcome
from supervisors.policies.branch_policies import OnFailure
from tests.supervisors.fakes import FakeAgent
from tests.supervisors.jobs import job
from tests.supervisors.patterns import FakeFanOut
from tests.supervisors.runs import FakeRun

MANY = 10_000


class Fan:
    """A run of one fan-out over an agent that keeps what it is given."""

    def __init__(
        self,
        size: int,
        *,
        concurrency: int | None = None,
        quorum: int | None = None,
        on_failure: OnFailure = "cancel",
        timeout: float | None = None,
        **policy: Any,
    ) -> None:
        self.agent = FakeAgent()
        policy = {"required": quorum is None, "is_branch": True, **policy}
        self.pattern = FakeFanOut(
            job("p/a", self.agent, **policy),
            size,
            concurrency=concurrency,
            quorum=quorum,
            on_failure=on_failure,
        )
        self.run = FakeRun(job("p", self.pattern, timeout=timeout)).start()

    @property
    def given(self) -> list[Any]:
        """The payloads of what the agent has been given so far."""
        return [handle.payload for handle in self.agent.handles]

    @property
    def outcomes(self) -> dict[int, Outcome]:
        return {ended.key: ended.outcome for ended in self.pattern.endings}

    def answer(self, index: int, outcome: Outcome = COMPLETED) -> None:
        """Answer the last attempt at a payload."""
        [*_, handle] = [each for each in self.agent.handles if each.payload == str(index)]
        handle.answer(outcome, f"value {index}")
