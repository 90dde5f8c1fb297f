"""Every error that callers of this package may meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pykka

from supervisors.excerpt import shown

if TYPE_CHECKING:
    from actors.orchestrators.base import BranchReport
    from actors.values.state import State
    from supervisors.outcome import Outcome
    from supervisors.trace import TraceRecord


class ActorError(Exception):
    """The base of this package's errors."""


class UnknownAgentError(ActorError, LookupError):
    """A workflow or a call names agents that are not spawned."""

    def __init__(self, unknown: tuple[str, ...], known: tuple[str, ...]) -> None:
        super().__init__(unknown, known)
        self.unknown = unknown
        self.known = known

    def __str__(self) -> str:
        names = ", ".join(map(repr, self.unknown))
        known = ", ".join(map(repr, self.known)) or "none"
        return f"no agent is spawned under the name {names}; known are: {known}"


class AgentExistsError(ActorError, ValueError):
    """The name is taken by an agent that has not stopped yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"an agent named {self.name!r} is spawned already; stop it first or choose another name"


class GroupExistsError(ActorError, ValueError):
    """The name is taken by a group that has not stopped yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"a group named {self.name!r} exists already; stop it first or choose another name"


class GroupStoppedError(ActorError, RuntimeError):
    """The group was stopped: it takes no agents any more."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"group {self.name!r} was stopped; it takes no agents, make another group"


class RuntimeNotRunningError(ActorError, RuntimeError):
    """The runtime was not started yet, or is stopping or stopped."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        if self.status == "new":
            return "the runtime was not started; use it as a context manager or call start()"
        return f"the runtime is {self.status}; it takes no new work, make another Runtime"


class GreenThreadsError(ActorError, RuntimeError):
    """Threads are patched to take turns on one, where a runtime would keep itself from running."""

    def __init__(self, culprit: str) -> None:
        super().__init__(culprit)
        self.culprit = culprit

    def __str__(self) -> str:
        return (
            f"{self.culprit!r} has patched threads, queues or selectors, and a runtime needs real ones; "
            "leave them out, in gevent by monkey.patch_all(thread=False, queue=False, select=False)"
        )


class ForkedRuntimeError(ActorError, RuntimeError):
    """The process was forked: the runtime's threads exist in the parent only."""

    def __str__(self) -> str:
        return "this runtime belongs to the parent process of a fork; make a new Runtime in the child"


class OverloadedError(ActorError):
    """As many runs are in progress, and wait for their turn, as the runtime allows."""

    def __init__(self, max_runs: int, waiting: int = 0) -> None:
        super().__init__(max_runs, waiting)
        self.max_runs = max_runs
        self.waiting = waiting

    def __str__(self) -> str:
        if self.waiting:
            return f"{self.max_runs} runs are in progress and {self.waiting} wait their turn; submit again later"
        return f"{self.max_runs} runs are in progress, as many as max_runs allows; submit again later"


class WouldDeadlockError(ActorError, RuntimeError):
    """A blocking call on a thread that runs one of the runtime's event loops."""

    def __init__(self, call: str) -> None:
        super().__init__(call)
        self.call = call

    def __str__(self) -> str:
        return f"{self.call} would block the event loop that has to do the work; await the run or the future instead"


class ContextEndedError(ActorError, RuntimeError):
    """A context was used to start something when its event had ended already, or was not wanted any more."""

    def __init__(self, agent: str, call: str) -> None:
        super().__init__(agent, call)
        self.agent = agent
        self.call = call

    def __str__(self) -> str:
        return (
            f"{self.call} of agent {self.agent!r}: its event has ended, or nobody waits for it any more; "
            "a context starts something only while the agent handles the event that it came with"
        )


class NestingError(ActorError, RecursionError):
    """Agents that run workflows of agents that run workflows, too deep.

    Attributes:
        agents: The agents that wait for each other, the outermost first.
        limit: How deep child runs may be nested.
    """

    def __init__(self, agents: tuple[str, ...], limit: int) -> None:
        super().__init__(agents, limit)
        self.agents = agents
        self.limit = limit

    def __str__(self) -> str:
        return f"child runs may be nested {self.limit} deep, no deeper: {' -> '.join(self.agents)} -> ..."


class WaitingThreadsError(ActorError):
    """As many threads of agents wait for runs and for the answers of other agents as may."""

    def __init__(self, agent: str, limit: int) -> None:
        super().__init__(agent, limit)
        self.agent = agent
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"agent {self.agent!r} cannot wait for a run or an answer: {self.limit} threads do so, as many as may; "
            "make it `async def`, which takes no thread to wait"
        )


class AgentStoppedError(ActorError, pykka.ActorDeadError):
    """The agent stopped before it could handle the event."""

    def __init__(self, agent: str, detail: str) -> None:
        super().__init__(agent, detail)
        self.agent = agent
        self.detail = detail

    def __str__(self) -> str:
        return f"agent {self.agent!r} did not handle the event: {self.detail}"


class MailboxFullError(ActorError):
    """The agent's mailbox has no room."""

    def __init__(self, agent: str, capacity: int) -> None:
        super().__init__(agent, capacity)
        self.agent = agent
        self.capacity = capacity

    def __str__(self) -> str:
        return f"the mailbox of agent {self.agent!r} is full ({self.capacity} events); send again later"


class AgentFailedError(ActorError):
    """The agent did not answer with a result, for a reason other than an exception of its own."""

    def __init__(self, agent: str, outcome: Outcome) -> None:
        super().__init__(agent, outcome)
        self.agent = agent
        self.outcome = outcome

    def __str__(self) -> str:
        return f"agent {self.agent!r} {self.outcome}"


class AgentTimeoutError(AgentFailedError, TimeoutError):
    """The agent did not answer within its timeout."""

    def __init__(self, agent: str, outcome: Outcome) -> None:
        super().__init__(agent, outcome)
        # A TimeoutError is an OSError, and that one takes two arguments for an error number and its text.
        self.errno = self.strerror = None


class InvalidResultError(ActorError):
    """The agent returned something that is no result."""

    def __init__(self, agent: str, problem: str) -> None:
        super().__init__(agent, problem)
        self.agent = agent
        self.problem = problem

    def __str__(self) -> str:
        return f"agent {self.agent!r} gave an invalid result: {self.problem}"


class MissingKeysError(ActorError):
    """An agent declares keys that were not there: required before it ran, or produced after."""

    def __init__(self, agent: str, declared: str, keys: tuple[str, ...]) -> None:
        super().__init__(agent, declared, keys)
        self.agent = agent
        self.declared = declared
        self.keys = keys

    def __str__(self) -> str:
        keys = ", ".join(map(repr, self.keys))
        when = "before it ran" if self.declared == "requires" else "after it ran"
        return f"agent {self.agent!r} declares that it {self.declared} {keys}, missing from the state {when}"


class AgentExitError(ActorError):
    """A task that an agent created raised what would have ended the host: it is reported as this instead."""

    def __init__(self, agent: str, raised: str) -> None:
        super().__init__(agent, raised)
        self.agent = agent
        self.raised = raised

    def __str__(self) -> str:
        return f"a task of agent {self.agent!r} raised {shown(self.raised)}; only the agent's own step may fail"


class ProcessEndedError(ActorError):
    """The process of an agent ended, or was killed for what it sent, while it was needed; another takes its place."""

    def __init__(self, agent: str, problem: str) -> None:
        super().__init__(agent, problem)
        self.agent = agent
        self.problem = problem

    def __str__(self) -> str:
        return f"agent {self.agent!r} has lost its process: {self.problem}"


class MergeConflictError(ActorError):
    """Two branches wrote different values to one key."""

    def __init__(self, key: str, branches: tuple[str, str]) -> None:
        super().__init__(key, branches)
        self.key = key
        self.branches = branches

    def __str__(self) -> str:
        first, second = self.branches
        return (
            f"branches {first!r} and {second!r} wrote different values to {self.key!r}; "
            "let them write different keys or choose another merger"
        )


class ReductionError(MergeConflictError):
    """What a branch wrote to a key does not go with what the merger was to do with it.

    Attributes:
        key: The key.
        branch: Who wrote it; empty for what the state held before the branches.
        problem: What was expected.
    """

    def __init__(self, key: str, branch: str, problem: str) -> None:
        ActorError.__init__(self, key, branch, problem)
        self.key = key
        self.branch = branch
        self.problem = problem

    @property
    def branches(self) -> tuple[str, str]:  # type: ignore[override]  # there is one culprit only
        """The branch that wrote it, twice: there is no second branch that it conflicts with."""
        return self.branch, self.branch

    def __str__(self) -> str:
        if self.branch:
            return f"what branch {self.branch!r} wrote to {self.key!r} cannot be merged: {self.problem}"
        return f"what {self.key!r} held before the branches cannot be merged: {self.problem}"


class IncomparableError(ActorError):
    """A `Compare` found a value that has no order with its own."""

    def __init__(self, key: str, op: str, found: str, wanted: str) -> None:
        super().__init__(key, op, found, wanted)
        self.key = key
        self.op = op
        self.found = found
        self.wanted = wanted

    def __str__(self) -> str:
        return (
            f"{self.key!r} holds a value of type {self.found}, which has no order with one of type {self.wanted}, "
            f"so {self.op!r} cannot compare them; store one of that type or use a callable as condition"
        )


class MatcherError(ActorError):
    """The process that was to search for a pattern could not be started, or ended before it answered."""

    def __init__(self, pattern: str, problem: str) -> None:
        super().__init__(pattern, problem)
        self.pattern = pattern
        self.problem = problem

    def __str__(self) -> str:
        return f"pattern {self.pattern!r} was not searched for to the end: {self.problem}"


class SharedValueError(ActorError):
    """A stock condition was asked about a value that is shared by reference."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"{self.key!r} is shared by reference and cannot be compared; use a callable as condition"


class CodecError(ActorError, ValueError):
    """Something cannot be encoded, or bytes are not what the codec wrote."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


class WorkflowFailedError(ActorError):
    """A run did not end ok.

    Attributes:
        workflow: The workflow's name.
        outcome: How it ended and why.
        state: The partial state: what had been finished, overlaid in declared order.
        branches: The reports of the branches of every group that failed or was cut short, by path.
        trace: The records of all that was executed.
    """

    def __init__(
        self,
        workflow: str,
        outcome: Outcome,
        state: State,
        branches: Mapping[str, BranchReport],
        trace: TraceRecord | None,
    ) -> None:
        super().__init__(workflow, outcome, state, branches, trace)
        self.workflow = workflow
        self.outcome = outcome
        self.state = state
        self.branches = branches
        self.trace = trace

    def __str__(self) -> str:
        return f"workflow {self.workflow!r} {self.outcome}"


class RunTimeoutError(WorkflowFailedError):
    """A run did not end within its time."""


class RunCancelledError(WorkflowFailedError):
    """A run was cancelled: by its caller, or because the runtime stopped."""
