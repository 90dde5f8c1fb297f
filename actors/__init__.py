"""The actors: what receives messages. Agents, orchestrators, and the runtime that hosts them."""

from actors.agents.agent import Agent, AgentContext, declares
from actors.agents.mailbox import MailboxPolicy
from actors.cells.breaker import AgentBreaker
from actors.cells.group import Group
from actors.control.dead_letters import DeadLetter, DeadLetterSubscription
from actors.control.telemetry import Observer
from actors.orchestrators.cached import Cached
from actors.orchestrators.conditional import Case, Conditional
from actors.orchestrators.loop import Loop
from actors.orchestrators.map import Map
from actors.orchestrators.mixed import RouteLoop, SequentialCollaborative
from actors.orchestrators.multi_stage import MultiStage, Stage
from actors.orchestrators.parallel import Collaborative, Parallel
from actors.orchestrators.route import Route
from actors.orchestrators.sequential import Sequential
from actors.runs.run import Run, RunResult
from actors.runtime.health import Health
from actors.runtime.runtime import Runtime
from actors.runtime.shutdown import StopReport
from actors.values.errors import (
    ActorError,
    AgentExistsError,
    AgentExitError,
    AgentFailedError,
    AgentStoppedError,
    AgentTimeoutError,
    CodecError,
    ContextEndedError,
    ForkedRuntimeError,
    GreenThreadsError,
    GroupExistsError,
    GroupStoppedError,
    InvalidResultError,
    MailboxFullError,
    MergeConflictError,
    MissingKeysError,
    NestingError,
    OverloadedError,
    ProcessEndedError,
    RunCancelledError,
    RuntimeNotRunningError,
    RunTimeoutError,
    SharedValueError,
    UnknownAgentError,
    WaitingThreadsError,
    WorkflowFailedError,
    WouldDeadlockError,
)
from actors.values.event import Event
from actors.values.findings import Finding, Severity
from actors.values.result import AgentResult
from actors.values.state import State
from actors.values.workflow_errors import InvalidWorkflowError
from actors.workflows.branch import Branch

__all__ = [
    "ActorError",
    "Agent",
    "AgentBreaker",
    "AgentContext",
    "AgentExistsError",
    "AgentExitError",
    "AgentFailedError",
    "AgentResult",
    "AgentStoppedError",
    "AgentTimeoutError",
    "Branch",
    "Cached",
    "Case",
    "CodecError",
    "Collaborative",
    "Conditional",
    "ContextEndedError",
    "DeadLetter",
    "DeadLetterSubscription",
    "Event",
    "Finding",
    "ForkedRuntimeError",
    "GreenThreadsError",
    "Group",
    "GroupExistsError",
    "GroupStoppedError",
    "Health",
    "InvalidResultError",
    "InvalidWorkflowError",
    "Loop",
    "MailboxFullError",
    "MailboxPolicy",
    "Map",
    "MergeConflictError",
    "MissingKeysError",
    "MultiStage",
    "NestingError",
    "Observer",
    "OverloadedError",
    "Parallel",
    "ProcessEndedError",
    "Route",
    "RouteLoop",
    "Run",
    "RunCancelledError",
    "RunResult",
    "RunTimeoutError",
    "Runtime",
    "RuntimeNotRunningError",
    "Sequential",
    "SequentialCollaborative",
    "Severity",
    "SharedValueError",
    "Stage",
    "State",
    "StopReport",
    "UnknownAgentError",
    "WaitingThreadsError",
    "WorkflowFailedError",
    "WouldDeadlockError",
    "declares",
]
