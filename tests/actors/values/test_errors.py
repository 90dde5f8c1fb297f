import copy
import pickle
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from actors.orchestrators.base import BranchReport
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
    IncomparableError,
    InvalidResultError,
    MailboxFullError,
    MatcherError,
    MergeConflictError,
    MissingKeysError,
    NestingError,
    OverloadedError,
    ProcessEndedError,
    ReductionError,
    RunCancelledError,
    RuntimeNotRunningError,
    RunTimeoutError,
    SharedValueError,
    UnknownAgentError,
    WaitingThreadsError,
    WorkflowFailedError,
    WouldDeadlockError,
)
from actors.values.findings import Code, Finding, Severity
from actors.values.state import State
from actors.values.workflow_errors import (
    DefinitionError,
    InvalidWorkflowError,
    MissingExtraError,
    Mistake,
    UnresolvedReferenceError,
)
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord

LATE = Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE, budget="timeout of agent 'writer'")
TRACE = TraceRecord("flow", "sequential", LATE, 0.0, 1.0, 1, 0, 0.0, 0.0)
PARTS = ("flow", LATE, State(a=[1]), {"flow/a": BranchReport(LATE, {"b": [2]})}, TRACE)
FINDINGS = (
    Finding(Severity.WARNING, Code.MISSING_DEFAULT, "flow", "it has no default", "add one"),
    Finding(Severity.ERROR, Code.SUCCESS_NEVER_HOLDS, "flow/a", "it cannot hold", "correct it"),
)

ERRORS: list[tuple[ActorError, type[Exception], str]] = [
    (
        UnknownAgentError(("writer", "critic"), ("editor",)),
        LookupError,
        "no agent is spawned under the name 'writer', 'critic'; known are: 'editor'",
    ),
    (UnknownAgentError(("writer",), ()), LookupError, "no agent is spawned under the name 'writer'; known are: none"),
    (
        InvalidWorkflowError("flow", FINDINGS),
        ValueError,
        "no run of workflow 'flow' can end ok:\n  flow/a: error (success-never-holds): it cannot hold; correct it",
    ),
    (
        ReductionError("score", "ann", "'sum' takes numbers, not str"),
        MergeConflictError,
        "what branch 'ann' wrote to 'score' cannot be merged: 'sum' takes numbers, not str",
    ),
    (
        ReductionError("score", "", "it is shared"),
        MergeConflictError,
        "what 'score' held before the branches cannot be merged: it is shared",
    ),
    (
        IncomparableError("score", "<", "str", "int"),
        ActorError,
        "'score' holds a value of type str, which has no order with one of type int, so '<' cannot compare them; "
        "store one of that type or use a callable as condition",
    ),
    (
        MatcherError("a+", "it was killed"),
        ActorError,
        "pattern 'a+' was not searched for to the end: it was killed",
    ),
    (
        AgentExistsError("writer"),
        ValueError,
        "an agent named 'writer' is spawned already; stop it first or choose another name",
    ),
    (
        RuntimeNotRunningError("new"),
        RuntimeError,
        "the runtime was not started; use it as a context manager or call start()",
    ),
    (
        RuntimeNotRunningError("stopping"),
        RuntimeError,
        "the runtime is stopping; it takes no new work, make another Runtime",
    ),
    (
        GreenThreadsError("gevent"),
        RuntimeError,
        "'gevent' has patched threads, queues or selectors, and a runtime needs real ones; "
        "leave them out, in gevent by monkey.patch_all(thread=False, queue=False, select=False)",
    ),
    (
        ForkedRuntimeError(),
        RuntimeError,
        "this runtime belongs to the parent process of a fork; make a new Runtime in the child",
    ),
    (
        GroupExistsError("desk"),
        ValueError,
        "a group named 'desk' exists already; stop it first or choose another name",
    ),
    (GroupStoppedError("desk"), RuntimeError, "group 'desk' was stopped; it takes no agents, make another group"),
    (
        ContextEndedError("writer", "context.run()"),
        RuntimeError,
        "context.run() of agent 'writer': its event has ended, or nobody waits for it any more; "
        "a context starts something only while the agent handles the event that it came with",
    ),
    (NestingError(("a", "b"), 2), RecursionError, "child runs may be nested 2 deep, no deeper: a -> b -> ..."),
    (
        WaitingThreadsError("writer", 8),
        ActorError,
        "agent 'writer' cannot wait for a run or an answer: 8 threads do so, as many as may; "
        "make it `async def`, which takes no thread to wait",
    ),
    (
        ProcessEndedError("writer", "its process exited with status 3"),
        ActorError,
        "agent 'writer' has lost its process: its process exited with status 3",
    ),
    (OverloadedError(5, 3), ActorError, "5 runs are in progress and 3 wait their turn; submit again later"),
    (OverloadedError(5), ActorError, "5 runs are in progress, as many as max_runs allows; submit again later"),
    (
        WouldDeadlockError("Run.result()"),
        RuntimeError,
        "Run.result() would block the event loop that has to do the work; await the run or the future instead",
    ),
    (
        AgentStoppedError("writer", "it was stopped"),
        pykka.ActorDeadError,
        "agent 'writer' did not handle the event: it was stopped",
    ),
    (
        MailboxFullError("writer", 10),
        ActorError,
        "the mailbox of agent 'writer' is full (10 events); send again later",
    ),
    (
        AgentFailedError("writer", LATE),
        ActorError,
        "agent 'writer' timed_out (deadline), out of timeout of agent 'writer'",
    ),
    (
        AgentTimeoutError("writer", LATE),
        TimeoutError,
        "agent 'writer' timed_out (deadline), out of timeout of agent 'writer'",
    ),
    (
        InvalidResultError("writer", "it returned int"),
        ActorError,
        "agent 'writer' gave an invalid result: it returned int",
    ),
    (
        MissingKeysError("writer", "requires", ("topic", "tone")),
        ActorError,
        "agent 'writer' declares that it requires 'topic', 'tone', missing from the state before it ran",
    ),
    (
        MissingKeysError("writer", "produces", ("draft",)),
        ActorError,
        "agent 'writer' declares that it produces 'draft', missing from the state after it ran",
    ),
    (
        AgentExitError("writer", "SystemExit(1)"),
        ActorError,
        "a task of agent 'writer' raised SystemExit(1); only the agent's own step may fail",
    ),
    (
        MergeConflictError("draft", ("a", "b")),
        ActorError,
        "branches 'a' and 'b' wrote different values to 'draft'; "
        "let them write different keys or choose another merger",
    ),
    (
        SharedValueError("client"),
        ActorError,
        "'client' is shared by reference and cannot be compared; use a callable as condition",
    ),
    (CodecError("the bytes are no message"), ValueError, "the bytes are no message"),
    (
        DefinitionError("flow.toml", (Mistake("workflow.timeout", "must be a number", 3, 1), Mistake("", "is empty"))),
        ValueError,
        "flow.toml:3:1: workflow.timeout must be a number\nflow.toml: is empty",
    ),
    (DefinitionError("", (Mistake("workflow", "is wrong"),)), ActorError, "workflow is wrong"),
    (DefinitionError("", (Mistake("", "is wrong", 2, 5),)), ActorError, "2:5: is wrong"),
    (UnresolvedReferenceError("flows:a", "there is no module 'flows'"), LookupError, "there is no module 'flows'"),
    (
        MissingExtraError("a definition in YAML", "definitions"),
        ImportError,
        "a definition in YAML needs an extra: pip install 'mixmode[definitions]'",
    ),
    (WorkflowFailedError(*PARTS), ActorError, "workflow 'flow' timed_out (deadline), out of timeout of agent 'writer'"),
    (
        RunTimeoutError(*PARTS),
        WorkflowFailedError,
        "workflow 'flow' timed_out (deadline), out of timeout of agent 'writer'",
    ),
    (
        RunCancelledError(*PARTS),
        WorkflowFailedError,
        "workflow 'flow' timed_out (deadline), out of timeout of agent 'writer'",
    ),
]


def ids(error: object) -> str:
    return type(error).__name__ if isinstance(error, Exception) else ""


def subclasses(base: type[ActorError]) -> set[type[ActorError]]:
    found = set(base.__subclasses__())
    return found.union(*map(subclasses, found))


def test_every_error_is_tried() -> None:
    modules = {"actors.values.errors", "actors.values.workflow_errors"}
    own = {each for each in subclasses(ActorError) if each.__module__ in modules}

    assert {type(error) for error, _, _ in ERRORS} == own


@pytest.mark.parametrize(("error", "kind", "text"), ERRORS, ids=ids)
def test_the_text_names_the_culprit(error: ActorError, kind: type[Exception], text: str) -> None:
    assert str(error) == text
    assert isinstance(error, ActorError)
    assert isinstance(error, kind)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize("error", [error for error, _, _ in ERRORS], ids=ids)
def test_copies_and_pickles_have_the_same_facts(error: ActorError, duplicate: Callable[[Any], Any]) -> None:
    twin = duplicate(error)

    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)
    assert twin.args == error.args


@pytest.mark.parametrize("error", [error for error, _, _ in ERRORS], ids=ids)
def test_the_facts_are_what_it_was_made_of(error: ActorError) -> None:
    assert tuple(vars(error).values()) == error.args


def test_a_timeout_of_an_agent_pretends_to_no_error_number() -> None:
    error = AgentTimeoutError("writer", LATE)

    assert (error.errno, error.strerror) == (None, None)


def test_what_a_merger_could_not_take_conflicts_with_nobody_elses() -> None:
    error: MergeConflictError = ReductionError("score", "ann", "'sum' takes numbers, not str")

    assert error.branches == ("ann", "ann")


def test_a_pickled_failure_has_a_state_of_its_own() -> None:
    error = WorkflowFailedError(*PARTS)

    twin = pickle.loads(pickle.dumps(error))
    twin.state["a"].append(2)

    assert (twin.workflow, twin.outcome, twin.trace) == ("flow", LATE, TRACE)
    assert twin.branches == PARTS[3]
    assert error.state == {"a": [1]}
