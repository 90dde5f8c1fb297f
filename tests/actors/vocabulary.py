"""The vocabulary for tests of the codec: strategies, samples, and a way to compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

import actors.values.errors
import actors.values.workflow_errors
from actors import Branch, Loop, Parallel, Route, Sequential
from actors.codec import encode
from actors.conditions import All, Equals, Exists, Not
from actors.mergers import Collect, Reduce
from actors.orchestrators.base import BranchReport
from actors.values.errors import AgentTimeoutError, RunTimeoutError
from actors.values.event import Event
from actors.values.findings import Code, Finding, Severity
from actors.values.freezing import freeze
from actors.values.frozen import same
from actors.values.result import AgentResult
from actors.values.state import Snapshot, State
from actors.values.workflow_errors import Mistake
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.policies.retries import Retry
from supervisors.trace import TraceRecord
from tests.actors.plain_data import Point, Profile, Question, fields, plain_data

short = st.text(max_size=6)


failures = st.builds(Failure, st.lists(short, max_size=3).map(tuple), short, short)


outcomes = st.builds(
    Outcome,
    st.sampled_from(OutcomeKind),
    st.sampled_from(Reason),
    detail=short,
    budget=short,
    culprit=short,
    failure=st.none() | failures,
)


frozen_fields = fields.map(lambda value: freeze(value, "it"))


seconds = st.floats(min_value=0, max_value=1e6)


def records(children: st.SearchStrategy[tuple[TraceRecord, ...]]) -> st.SearchStrategy[TraceRecord]:
    return st.builds(
        TraceRecord,
        path=short,
        pattern=short,
        outcome=outcomes,
        started=seconds,
        duration=seconds,
        attempts=st.integers(0, 9),
        iterations=st.integers(0, 9),
        queue_wait=seconds,
        run_time=seconds,
        delayed_by=short,
        metadata=frozen_fields,
        children=children,
        dropped=st.integers(0, 9),
        agent=short,
        has_begun=st.booleans(),
    )


traces = st.recursive(records(st.just(())), lambda inner: records(st.lists(inner, max_size=3).map(tuple)), max_leaves=5)


notes = st.dictionaries(short, frozen_fields, max_size=2)


states = st.builds(lambda values, meta: State._over(Snapshot(values, meta=meta)), frozen_fields, notes)


events = st.builds(Event, short, fields, fields, id=st.none() | st.text(min_size=1, max_size=5))


results = st.builds(AgentResult, state=st.none() | states | fields, metadata=fields)


reports = st.builds(BranchReport, outcomes, fields)


branches = st.dictionaries(short, reports, max_size=2)


names = st.lists(short, max_size=3).map(tuple)


whole = st.integers(min_value=0)


findings = st.builds(Finding, st.sampled_from(Severity), st.sampled_from(Code), short, short, short)


mistakes = st.builds(Mistake, short, short, whole, whole)


failed_runs = (short, outcomes, states, branches, st.none() | traces)


FACTS: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "ActorError": (plain_data,),
    "UnknownAgentError": (names, names),
    "InvalidWorkflowError": (short, st.lists(findings, max_size=2).map(tuple)),
    "AgentExistsError": (short,),
    "RuntimeNotRunningError": (short,),
    "ForkedRuntimeError": (),
    "GreenThreadsError": (short,),
    "OverloadedError": (whole, whole),
    "GroupExistsError": (short,),
    "GroupStoppedError": (short,),
    "ContextEndedError": (short, short),
    "NestingError": (names, whole),
    "WaitingThreadsError": (short, whole),
    "ProcessEndedError": (short, short),
    "WouldDeadlockError": (short,),
    "AgentStoppedError": (short, short),
    "MailboxFullError": (short, whole),
    "AgentFailedError": (short, outcomes),
    "AgentTimeoutError": (short, outcomes),
    "InvalidResultError": (short, short),
    "MissingKeysError": (short, st.sampled_from(["requires", "produces"]), names),
    "AgentExitError": (short, short),
    "MergeConflictError": (short, st.tuples(short, short)),
    "ReductionError": (short, short, short),
    "IncomparableError": (short, short, short, short),
    "MatcherError": (short, short),
    "SharedValueError": (short,),
    "CodecError": (short,),
    "DefinitionError": (short, st.lists(mistakes, max_size=2).map(tuple)),
    "UnresolvedReferenceError": (short, short),
    "MissingExtraError": (short, short),
    "WorkflowFailedError": failed_runs,
    "RunTimeoutError": failed_runs,
    "RunCancelledError": failed_runs,
}


ERRORS: dict[str, type[actors.values.errors.ActorError]] = {
    name: each
    for module in (actors.values.errors, actors.values.workflow_errors)
    for name, each in vars(module).items()
    if isinstance(each, type) and issubclass(each, actors.values.errors.ActorError)
}

errors = st.one_of([st.builds(ERRORS[name], *facts) for name, facts in FACTS.items()])


VOCABULARY = {
    "events": events,
    "states": states,
    "results": results,
    "outcomes": outcomes,
    "failures": failures,
    "traces": traces,
    "reports": reports,
    "errors": errors,
}


def shown(value: Any) -> Any:
    """Return all that can be seen of a value, as something that can be compared type-strictly."""
    match value:
        case State():
            snapshot = value.snapshot()
            return ("State", shown(dict(snapshot.values)), shown(dict(snapshot.meta)))
        case Event():
            return ("Event", value.target, shown(value.data), shown(value.metadata), value.id)
        case AgentResult():
            return ("AgentResult", shown(value.state), shown(value.metadata))
        case TraceRecord():
            return ("TraceRecord", [shown(getattr(value, name)) for name in TraceRecord.__slots__])
        case BranchReport():
            return ("BranchReport", value.outcome, shown(value.delta))
        case BaseException():
            return (type(value), str(value), [shown(fact) for fact in value.args], sorted(vars(value)))
        case Outcome() | Failure() | Finding() | Mistake() | OutcomeKind() | Reason():
            return (type(value), value)
        case tuple() | Mapping() if any(
            isinstance(each, BranchReport | Finding | Mistake | TraceRecord) for each in contents(value)
        ):
            return (type(value), [shown(each) for each in contents(value)])
    return Frozen(freeze(value, "it"))


def contents(value: Any) -> list[Any]:
    return [*value, *value.values()] if isinstance(value, Mapping) else list(value)


@dataclass(frozen=True)
class Frozen:
    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frozen) and same(self.value, other.value)

    __hash__ = None  # type: ignore[assignment]  # nothing needs it


def samples() -> list[bytes]:
    """Return messages of every kind."""
    state = State(a=[1, (2.5, b"c")], at=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), big=2**99)
    state["object"] = Question("a", [Profile(name="b"), Point(1)])
    failure = Failure(("ValueError",), "ValueError: no", "Traceback")
    outcome = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, "detail", "budget", "culprit", failure)
    leaf = TraceRecord("a/b", "agent", outcome, 0.5, 1.5, 1, 0, 0.25, 0.25, metadata=freeze({"tokens": 5}, "it"))
    trace = TraceRecord("a", "parallel", outcome, 0.0, 2.5, 1, 0, 0.0, 0.0, children=(leaf, leaf))
    report = BranchReport(outcome, {"a": (1, date(2026, 1, 1))})
    values: list[Any] = [
        {"a": [1, {b"k": -1}], 5: timedelta(1)},
        Event("a", {"b": [1, time(1, tzinfo=timezone(timedelta(hours=1), "x"))]}, {"session_id": "s"}, id="1"),
        state,
        AgentResult(state={"a": 1}, metadata={"m": 1}),
        AgentResult(state=state),
        outcome,
        failure,
        Reason.DEADLINE,
        trace,
        report,
        AgentTimeoutError("a", outcome),
        RunTimeoutError("flow", outcome, state, {"a/b": report}, trace),
        Sequential("a", Branch("b", timeout=3, retry=Retry(), fallback="c"), name="n"),
        Not(Exists("k")),
        Collect("k"),
        Loop(Route({"x": "a", Exists("k"): "b"}, default="c"), until=All(Equals("k", (1, None)), Not(Exists("z")))),
        Parallel("a", "b", merge=Collect("k", default=Reduce({"n": "sum"})), require=0.5),
    ]
    return [encode(value) for value in values]


SAMPLES = samples()
