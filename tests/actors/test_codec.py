import math
import random
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import actors.errors
from actors.codec import FORMAT_VERSION, decode, encode
from actors.errors import (
    ActorError,
    AgentFailedError,
    AgentTimeoutError,
    CodecError,
    ForkedRuntimeError,
    MissingKeysError,
    RunTimeoutError,
    UnknownAgentError,
    WorkflowFailedError,
)
from actors.event import Event
from actors.orchestrators.base import BranchReport
from actors.result import AgentResult
from actors.state import Delta, Snapshot, State
from actors.values import MAX_DEPTH, FrozenDict, FrozenList, freeze, same
from supervisors.errors import RestartLimitReachedError
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord
from tests.actors.plain_data import RECORDS, Counted, Point, Profile, Question, Setting, fields, nested, plain_data

INT, TUPLE, DATETIME, DATE, TIME, TIMEDELTA, OFFSET, ZONE, RECORD = [msgpack.ExtType(code, b"") for code in range(9)]

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
    )


traces = st.recursive(
    records(st.just(())), lambda inner: records(st.lists(inner, max_size=3).map(tuple)), max_leaves=5
)
notes = st.dictionaries(short, frozen_fields, max_size=2)
states = st.builds(lambda values, meta: State._over(Snapshot(values, meta=meta)), frozen_fields, notes)
events = st.builds(Event, short, fields, fields, id=st.none() | st.text(min_size=1, max_size=5))
results = st.builds(AgentResult, state=st.none() | states | fields, metadata=fields)
reports = st.builds(BranchReport, outcomes, fields)
branches = st.dictionaries(short, reports, max_size=2)
names = st.lists(short, max_size=3).map(tuple)
whole = st.integers(min_value=0)
failed_runs = (short, outcomes, states, branches, st.none() | traces)
FACTS: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "ActorError": (plain_data,),
    "UnknownAgentError": (names, names),
    "AgentExistsError": (short,),
    "RuntimeNotRunningError": (short,),
    "ForkedRuntimeError": (),
    "OverloadedError": (whole,),
    "WouldDeadlockError": (short,),
    "AgentStoppedError": (short, short),
    "MailboxFullError": (short, whole),
    "AgentFailedError": (short, outcomes),
    "AgentTimeoutError": (short, outcomes),
    "InvalidResultError": (short, short),
    "MissingKeysError": (short, st.sampled_from(["requires", "produces"]), names),
    "AgentExitError": (short, short),
    "MergeConflictError": (short, st.tuples(short, short)),
    "SharedValueError": (short,),
    "CodecError": (short,),
    "WorkflowFailedError": failed_runs,
    "RunTimeoutError": failed_runs,
    "RunCancelledError": failed_runs,
}
errors = st.one_of([st.builds(getattr(actors.errors, name), *facts) for name, facts in FACTS.items()])


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
        case Outcome() | Failure() | OutcomeKind() | Reason():
            return (type(value), value)
        case tuple() | Mapping() if any(isinstance(each, BranchReport | TraceRecord) for each in contents(value)):
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


def message(kind: str, body: Any) -> bytes:
    packed: bytes = msgpack.packb([FORMAT_VERSION, kind, body])
    return packed


@given(plain_data)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    decoded = decode(encode(value), types=RECORDS)

    assert type(decoded) is type(value)
    assert same(freeze(decoded, "it"), freeze(value, "it"))


@settings(deadline=None)
@given(events | states | results | outcomes | failures | traces | reports | errors)
def test_the_vocabulary_comes_back_as_it_was(value: Any) -> None:
    decoded = decode(encode(value), types=RECORDS)

    assert type(decoded) is type(value)
    assert shown(decoded) == shown(value)


@pytest.mark.parametrize("value", [*OutcomeKind, *Reason])
def test_kinds_and_reasons_come_back_as_they_were(value: Any) -> None:
    assert decode(encode(value)) is value


def test_every_error_of_ours_is_tried() -> None:
    own = {name for name, each in vars(actors.errors).items() if isinstance(each, type) and issubclass(each, ActorError)}

    assert own == FACTS.keys()


def test_errors_of_the_supervisors_come_back_too() -> None:
    decoded = decode(encode(RestartLimitReachedError("writer", 3, 60.0)))

    assert str(decoded) == str(RestartLimitReachedError("writer", 3, 60.0))


@settings(deadline=None)
@given(events | states | results | traces | errors | plain_data)
def test_equal_values_give_equal_bytes(value: Any) -> None:
    first = encode(value)

    assert encode(decode(first, types=RECORDS)) == first


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        2**64 - 1,
        -(2**63),
        -(2**2047),
        10**5000,
        -0.0,
        math.inf,
        -math.inf,
        "\ud83d\ude00 \udcff",
        b"\xff",
        (),
        ((), ((),)),
        [(), []],
        {2**80: 1, b"k": (1,), "\udc80": {}},
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1, microseconds=1), "\udc80")),
        datetime.max,
        datetime.min,
        date(1, 1, 1),
        time(23, 59, 59, 999999, fold=1),
        time(1, tzinfo=ZoneInfo("Asia/Kathmandu")),
        timedelta.max,
        timedelta.min,
        Point(Point(1), [Question("a", [{}], (Profile(name="b"),))]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_edges_of_plain_data_come_back_as_they_were(value: Any) -> None:
    decoded = decode(encode(value), types=RECORDS)

    assert same(freeze(decoded, "it"), freeze(value, "it"))


def test_what_was_decoded_can_be_changed_and_an_event_cannot() -> None:
    decoded = decode(encode({"a": [1]}))
    event = decode(encode(Event("a", {"b": [1]})))

    decoded["a"].append(2)

    assert decoded == {"a": [1, 2]}
    assert type(event.data["b"]) is FrozenList
    assert type(decode(encode(BranchReport(COMPLETED, {"a": [1]}))).delta["a"]) is list
    assert type(decode(encode(AgentResult(state={"a": [1]}))).state["a"]) is list


def test_the_metadata_of_a_trace_stays_frozen() -> None:
    record = TraceRecord("a", "agent", COMPLETED, 0, 1, 1, 0, 0.5, 0.5, metadata=freeze({"a": [1]}, "it"))

    assert type(decode(encode(record)).metadata) is FrozenDict


def test_the_bytes_are_these_in_version_one() -> None:
    state = State({"a": (1, 2**64), "at": date(2026, 1, 2)})

    assert FORMAT_VERSION == 1
    assert encode(state).hex(" ", 1) == (
        "93 01 a5 73 74 61 74 65 92 82 a1 61 93 c7 00 01 01 c7 09 00 01 00 00 00 00 00 00 00 00 "
        "a2 61 74 94 c7 00 03 cd 07 ea 01 02 80"
    )


def test_meta_is_kept() -> None:
    state = State._over(Snapshot(freeze({"a": 1}, "it"), meta={"flow": freeze({"step": [1]}, "it")}))

    assert decode(encode(state)).meta == {"flow": {"step": [1]}}


def test_what_was_changed_in_a_state_is_encoded() -> None:
    state = State(a=[1], b=2)
    state["a"].append(3)
    del state["b"]

    assert decode(encode(state)) == {"a": [1, 3]}


def test_the_exception_of_a_failure_stays_behind() -> None:
    failure = Failure(("ValueError",), "ValueError: no", "Traceback", ValueError("no"))

    decoded = decode(encode(failure))

    assert decoded == failure
    assert decoded.exception is None


def test_what_is_shared_is_refused_by_name() -> None:
    state = State(a=1)
    state.share("connection", object())
    failed = WorkflowFailedError("flow", COMPLETED, state, {}, None)

    for value in (state, failed, AgentResult(state=state)):
        with pytest.raises(CodecError, match=r"^state\['connection'\] is shared by reference, not durable; remove it"):
            encode(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({1, 2}, r"^the value is a builtins\.set, which is not plain data; convert it, it cannot be encoded$"),
        ({"a": [object()]}, r"^the value\['a'\]\[0\] is a builtins\.object, "),
        (nested(MAX_DEPTH + 1), r"^the value nests deeper than 100 levels, or contains itself$"),
        (BranchReport(COMPLETED, {"a": {1}}), r"^the value\['a'\] is a builtins\.set, "),
        (AgentResult(state={"a": {1}}), r"^result state\['a'\] is a builtins\.set, "),
        (AgentResult(state={1: 1}), r"^result state must have string keys, not 1$"),
        (ActorError({1}), r"^the value is a builtins\.set, "),
        (AgentFailedError("a", None), r"^a Outcome was expected, not None$"),  # type: ignore[arg-type]  # under test
        (UnknownAgentError(["a"], ()), r""),  # type: ignore[arg-type]  # under test
        (UnknownAgentError("a", ()), r"^UnknownAgentError\.unknown must be a tuple, not 'a'$"),  # type: ignore[arg-type]
        (MissingKeysError("a", "requires", (1,)), r"^MissingKeysError\.keys must be a str, not 1$"),  # type: ignore[arg-type]
        (ForkedRuntimeError("a", {1}), r"is a builtins\.set"),
        (Outcome("ok", Reason.COMPLETED), r"^a OutcomeKind was expected, not 'ok'$"),  # type: ignore[arg-type]
        (Failure((), "", traceback=1), r"^Failure\.traceback must be a str, not 1$"),  # type: ignore[arg-type]
        (
            WorkflowFailedError("a", COMPLETED, State(), {1: 2}, None),  # type: ignore[dict-item]  # under test
            r"^WorkflowFailedError\.branches must be a mapping with string keys, not \{1: 2\}$",
        ),
        (ValueError("a"), r"^ValueError is no error of ours; encode the outcome that tells of it$"),
        (type("CodecError", (ActorError,), {})(), r"^CodecError is no error of ours"),
    ],
)
def test_what_cannot_be_encoded_is_refused_by_name(value: Any, text: str) -> None:
    if not text:
        assert isinstance(decode(encode(value)), type(value))
        return
    with pytest.raises(CodecError, match=text):
        encode(value)


def test_a_state_that_was_filled_with_something_else_is_refused() -> None:
    state = State(a=[])
    state["a"].append({1})

    with pytest.raises(CodecError, match=r"^state\['a'\]\[0\] is a builtins\.set, .* convert it, it cannot be encoded$"):
        encode(state)


def test_a_state_that_was_put_together_from_something_else_is_refused() -> None:
    state = State._over(Snapshot({"a": {1}}))

    with pytest.raises(CodecError, match=r"^\{1\} is not plain data; it cannot be encoded$"):
        encode(state)


def test_levels_that_a_merger_laid_around_a_value_do_no_harm() -> None:
    deep: Any = freeze(nested(MAX_DEPTH), "it")
    for _ in range(20):
        deep = FrozenDict({"branch": deep})

    assert same(decode(encode(State._over(Snapshot({"a": deep})))).snapshot().values["a"], deep)


def test_what_nests_deeper_than_msgpack_goes_is_refused() -> None:
    deep = FrozenList()
    for _ in range(600):
        deep = FrozenList([deep])

    with pytest.raises(CodecError, match="^what is to be encoded is too long or nests too deeply: "):
        encode(State._over(Snapshot({"a": deep})))


def test_a_trace_may_be_of_any_depth() -> None:
    record = TraceRecord("0", "agent", COMPLETED, 0, 1, 1, 0, 0, 0)
    for level in range(3000):
        record = TraceRecord(str(level), "sequential", COMPLETED, 0, 1, 1, 0, 0, 0, children=(record,))

    decoded = decode(encode(record))

    assert [each.path for each in decoded.walk()] == [each.path for each in record.walk()]


# Objects.


def test_objects_come_back_as_what_the_caller_passes() -> None:
    state = State(question=Question("a", [Point(1)]), profile=Profile(name="b", more=1))  # type: ignore[call-arg]

    decoded = decode(encode(state), types=[Question, Point, Profile])

    assert decoded["question"] == Question("a", [Point(1)])
    assert decoded["profile"] == state["profile"]


def test_an_unknown_class_is_named_and_never_imported() -> None:
    data = encode(State(question=Question("a")))

    with pytest.raises(
        CodecError,
        match=r"^the message holds an object of 'tests\.actors\.plain_data:Question'; pass that class to decode\(\)",
    ):
        decode(data, types=[Point])
    with pytest.raises(CodecError, match="'os:system'; pass that class"):
        decode(message("data", [RECORD, "os:system", {}, {}]))


@pytest.mark.parametrize("wrong", [int, "Question", Question("a"), None])
def test_types_must_be_dataclasses_or_models(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^types must be dataclasses and pydantic models, and .* is neither$"):
        decode(encode(1), types=[wrong])


def test_what_an_object_holds_beside_its_fields_comes_back() -> None:
    profile = Profile(name="a")
    profile._visits = 3

    assert decode(encode(profile), types=RECORDS)._visits == 3
    assert decode(encode(Counted(["a"])), types=RECORDS).count == 1


NAME = "tests.actors.test_codec:"


def version(of: str, **fields_: Any) -> type:
    """Return a dataclass of the given name, as another version of the program may have it."""
    made = make_dataclass(of, [(name, kind) for name, kind in fields_.items()])
    made.__module__ = __name__
    return made


def test_an_object_of_another_version_of_its_class_is_refused() -> None:
    data = encode(version("Person", name=str)("a"))  # type: ignore[operator]  # mypy does not see the class
    later = version("Person", name=str, age=int)

    with pytest.raises(CodecError, match=rf"^an object of '{NAME}Person' lacks 'age', a field of that class$"):
        decode(data, types=[later])


def test_fields_that_a_class_has_lost_are_refused_where_there_is_no_room_for_them() -> None:
    name = "tests.actors.plain_data:"
    with pytest.raises(CodecError, match=rf"^an object of '{name}Point' has 'z', which is no field of that class$"):
        decode(message("data", [RECORD, f"{name}Point", {"x": 1, "y": 1, "z": 1}, {}]), types=RECORDS)
    with pytest.raises(CodecError, match="has 'z', which is no field"):
        decode(message("data", [RECORD, f"{name}Setting", {"key": "", "value": 1, "z": 1}, {}]), types=RECORDS)
    with pytest.raises(CodecError, match="has 1, which is no field"):
        decode(message("data", [RECORD, f"{name}Question", {"text": "", "options": [], "answer": 1, 1: 1}, {}]), types=RECORDS)


def test_an_incomplete_object_is_refused_when_it_is_encoded() -> None:
    point = object.__new__(Point)
    object.__setattr__(point, "x", 1)

    with pytest.raises(CodecError, match="lacks 'y', a field of that class"):
        encode(point)


class Small(BaseModel):
    name: str


SLOTS = {"__pydantic_extra__": None, "__pydantic_private__": None, "__pydantic_fields_set__": [TUPLE, "name"]}


@pytest.mark.parametrize(
    "slots",
    [
        {},
        {**SLOTS, "more": None},
        {**SLOTS, "__pydantic_fields_set__": None},
        {**SLOTS, "__pydantic_fields_set__": ["name"]},
        {**SLOTS, "__pydantic_fields_set__": [TUPLE, 1]},
        {**SLOTS, "__pydantic_extra__": "a"},
        {**SLOTS, "__pydantic_private__": {1: 1}},
        {**SLOTS, "__pydantic_private__": ["a"]},
        {**SLOTS, "__pydantic_private__": 1},
    ],
)
def test_a_model_without_what_pydantic_keeps_is_refused(slots: Any) -> None:
    with pytest.raises(CodecError, match="does not hold what pydantic keeps beside its fields$"):
        decode(message("data", [RECORD, f"{NAME}Small", {"name": "a"}, slots]), types=[Small])


def test_a_model_from_the_wire_is_a_model() -> None:
    decoded = decode(message("data", [RECORD, f"{NAME}Small", {"name": "a"}, SLOTS]), types=[Small])

    assert decoded == Small(name="a")
    assert decoded.model_dump() == {"name": "a"}


@dataclass
class Plain:
    held: Any = field(default_factory=list)


def test_a_dataclass_with_what_only_models_have_is_refused() -> None:
    with pytest.raises(CodecError, match="does not hold what pydantic keeps"):
        decode(message("data", [RECORD, f"{NAME}Plain", {"held": 1}, SLOTS]), types=[Plain])


# Bytes that are no message.


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", r"^the bytes are no message: "),
        (b"\xc1", r"^the bytes are no message: FormatError$"),
        (b"\x93\x01", r"^the bytes are no message: No more data"),
        (encode(1)[:-1], r"^the bytes are no message: No more data"),
        (encode(1) + b"\x00\x00", r"^the bytes are no message: 2 bytes follow its end$"),
        (b"\x91" * 2000 + b"\x90", r"^the bytes are no message: StackError$"),
        (b"\x01", r"it begins with a format version, not with 1$"),
        (b"\x90", r"it begins with a format version, not with \[\]$"),
        (b"\x93\xc3\xa4data\x01", r"it begins with a format version, not with \[True"),
        (b"\x93\x02\xa4data\x01", r"^the message has the format version 2; this codec reads 1$"),
        (b"\x92\x01\xa4data", r"^a message has a version, a kind and a body, not 2 parts$"),
        (b"\x93\x01\xa4date\x01", r"^the message is of the unknown kind 'date'; known are: data, event, "),
        (b"\x93\x01\x90\x01", r"unknown kind \[\]"),
        (b"\x93\x01\xa4data\xa1\xff", r"can't decode byte 0xff"),
        (b"\x93\x01\xa4data\x81\x90\x01", r"unhashable type: 'list'$"),
        (b"\x93\x01\xa4data\xd5\xff\x00\x00", r"invalid timestamp data"),
        (message("data", msgpack.Timestamp(1)), r"^plain data was expected in the message, not Timestamp"),
        (message("data", msgpack.ExtType(1, b"a")), r"^the bytes are no message: .* unknown extension type 1$"),
        (message("data", msgpack.ExtType(99, b"")), r"unknown extension type 99$"),
        (message("data", TUPLE), r"^plain data was expected in the message, not <Tag\.TUPLE: 1>$"),
        (message("data", [1, TUPLE]), r"^plain data was expected"),
        (message("data", {1.5: 1}), r"^a key in the message must be a str, an int or bytes, not 1\.5$"),
        (message("data", {True: 1}), r"^a key in the message must be"),
        (message("data", {None: 1}), r"^a key in the message must be"),
        (message("data", {TUPLE: 1}), r"^a key in the message must be"),
        (message("data", [OFFSET, 0, 0, 0]), r"^a time zone stands alone in the message: \[0, 0, 0\]$"),
        (message("data", [ZONE, "UTC"]), r"^a time zone stands alone"),
        (message("data", [DATE, 2026, 1]), r"^3 parts were expected in the message, not 2$"),
        (message("data", [DATE, 2026, 13, 1]), r"^\[2026, 13, 1\] in the message is no date: month must be in 1\.\.12$"),
        (message("data", [DATE, True, 1, 1]), r"is no date: whole numbers were expected$"),
        (message("data", [DATE, [], 1, 1]), r"is no date"),
        (message("data", [DATE, 2**63, 1, 1]), r"is no date"),
        (message("data", [TIMEDELTA, 2**63, 1, 1]), r"is no timedelta"),
        (message("data", [TIME, 1, 1, 1, 1, 2, None]), r"is no time"),
        (message("data", [DATETIME, 1, 1, 1, 1, 1, 1, 1, 0, 5]), r"is no datetime: it has no such time zone$"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [TUPLE]]), r"is no time: it has no such time zone$"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [OFFSET, 5, 0, 0]]), r"is no time: offset must be"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [OFFSET, 0, 0, 0, 5]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "No/Where"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "Europe"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "../../etc/passwd"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "a" * 5000]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "\0"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, 5]]), r"is no time: it has no such time zone$"),
        (message("data", [RECORD, "a:b"]), r"^3 parts were expected in the message, not 1$"),
        (message("data", [RECORD, 5, {}, {}]), r"^the name of a class was expected in the message, not 5$"),
        (message("data", [RECORD, f"{NAME}Plain", [], {}]), r"^the fields of '.*Plain' were expected in the message"),
        (message("data", nested(201)), r"^the message nests deeper than 200 levels$"),
        (message("outcome_kind", "fine"), r"^'fine' is no OutcomeKind that is known here$"),
        (message("reason", []), r"^\[\] is no Reason that is known here$"),
        (message("outcome", ["ok", "completed"]), r"^Outcome must be 6 values, not \['ok', 'completed'\]$"),
        (message("outcome", ["ok", "completed", 1, "", "", None]), r"^Outcome\.detail must be a str, not 1$"),
        (message("failure", [["a", 1], "", "", None]), r"^Failure\.types must be a str, not 1$"),
        (message("failure", ["ab", "", "", None]), r"^Failure\.types must be a tuple, not 'ab'$"),
        (message("event", ["a", {}, {}]), r"^Event must be 4 values, not "),
        (message("event", [1, {}, {}, "a"]), r"^event target must be a string, not int$"),
        (message("event", ["a", {}, {}, ""]), r"^event id must not be empty"),
        (message("event", ["a", {}, {}, 5]), r"^event id must be a string, not int$"),
        (message("event", ["a", [], {}, "a"]), r"^a dict with string keys was expected in the message, not \[\]$"),
        (message("event", ["a", {1: 1}, {}, "a"]), r"^a dict with string keys was expected"),
        (message("state", [{}, {"a": 1}]), r"^the notes of a State must be mappings, not \{'a': 1\}$"),
        (message("state", 5), r"^State must be 2 values, not 5$"),
        (message("result", [[False, 1], {}]), r"^a dict with string keys was expected"),
        (message("result", [[False], {}]), r"^AgentResult\.state must be 2 values"),
        (message("trace", []), r"^a trace has one root, not 0$"),
        (message("trace", [[[], 0]]), r"^TraceRecord must be 12 values, not \[\]$"),
        (message("trace", [[[], 1]]), r"^a TraceRecord has 1 children, and 0 are there$"),
        (message("trace", [[[], -1]]), r"^a TraceRecord has -1 children"),
        (message("trace", [[[], True]]), r"^a TraceRecord has True children"),
        (message("report", [None, {}]), r"^Outcome must be 6 values, not None$"),
        (message("error", ["SystemExit", []]), r"^'SystemExit' is no error that is known here$"),
        (message("error", [[], []]), r"^\[\] is no error that is known here$"),
        (message("error", ["OverloadedError", []]), r"^OverloadedError must be 1 values, not \[\]$"),
        (message("error", ["OverloadedError", [1.5]]), r"^OverloadedError\.max_runs must be a int, not 1\.5$"),
        (message("error", ["ForkedRuntimeError", 5]), r"^ForkedRuntimeError must be a tuple, not 5$"),
        (
            message("error", ["WorkflowFailedError", ["a", encoded_outcome := ["ok", "completed", "", "", "", None]]]),
            r"^WorkflowFailedError must be 5 values",
        ),
        (
            message("error", ["WorkflowFailedError", ["a", encoded_outcome, [{}, {}], {1: 1}, None]]),
            r"^WorkflowFailedError\.branches must be a mapping with string keys, not \{1: 1\}$",
        ),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(CodecError, match=text):
        decode(data, types=[Plain])


@pytest.mark.parametrize("data", ["text", None, 5, [1]])
def test_only_bytes_can_be_decoded(data: Any) -> None:
    with pytest.raises(TypeError, match="^what is to be decoded must be bytes, not "):
        decode(data)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_kind_of_bytes_will_do(kind: Callable[[bytes], Any]) -> None:
    assert decode(kind(encode({"a": 1}))) == {"a": 1}


def test_a_child_of_a_trace_must_have_come_before_it() -> None:
    record = TraceRecord("a", "agent", COMPLETED, 0, 1, 1, 0, 0, 0)
    body = msgpack.unpackb(encode(record))[2]

    with pytest.raises(CodecError, match="^a trace has one root, not 2$"):
        decode(message("trace", body * 2))


def test_announcing_much_takes_no_memory() -> None:
    claims = b"\x93\x01\xa4data" + b"\xdd\x00\x0f\xff\xff" * 900 + b"\x00" * 1_000_000
    bombs = [claims, b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdb\x7f\xff\xff\xff"]
    tracemalloc.start()
    try:
        for bomb in bombs:
            with pytest.raises(CodecError):
                decode(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000


# Fuzzing.


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
    ]
    return [encode(value) for value in values]


def is_decoded_or_refused(data: bytes) -> bool:
    try:
        value = decode(data, types=RECORDS)
    except CodecError as error:
        assert str(error)
        return False
    repr(value), str(value)
    encode(value)
    return True


def garbage(chance: random.Random) -> bytes:
    """Return random bytes: some of them begin as a message does."""
    body = chance.randbytes(chance.randrange(60))
    begin = chance.choice([b"", b"\x93\x01", *[data[:8] for data in SAMPLES]])
    return begin + body


def damaged(chance: random.Random) -> bytes:
    """Return a message in which bits were flipped, bytes replaced, left out or cut off, or two were mixed."""
    data = bytearray(chance.choice(SAMPLES))
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        position = chance.randrange(len(data)) if data else 0
        match chance.randrange(6):
            case 0 if data:
                data[position] ^= 1 << chance.randrange(8)
            case 1 if data:
                data[position] = chance.choice(b"\x00\x80\x90\xa0\xc0\xc1\xc7\xc9\xca\xcf\xd4\xd9\xdd\xdf\xff")
            case 2:
                del data[position : position + chance.randrange(1, 4)]
            case 3:
                del data[position:]
            case 4:
                data[position:position] = chance.randbytes(chance.randrange(1, 4))
            case _:
                other = chance.choice(SAMPLES)
                data[position : position + 4] = other[position : position + 4]
    return bytes(data)


SAMPLES = samples()
FEW, MANY = 2_000, 100_000


@pytest.mark.parametrize("make", [garbage, damaged])
def test_whatever_is_decoded_gives_a_value_or_one_typed_error(make: Callable[[random.Random], bytes]) -> None:
    chance = random.Random(20)

    for _ in range(FEW):
        is_decoded_or_refused(make(chance))


def test_a_message_that_is_cut_off_anywhere_is_refused() -> None:
    for data in SAMPLES:
        for size in range(len(data)):
            assert not is_decoded_or_refused(data[:size])


@pytest.mark.soak
@pytest.mark.parametrize("make", [garbage, damaged])
@pytest.mark.parametrize("seed", range(4))
def test_much_garbage_gives_values_or_one_typed_error(make: Callable[[random.Random], bytes], seed: int) -> None:
    chance = random.Random(seed)

    for _ in range(MANY):
        is_decoded_or_refused(make(chance))


@given(st.binary(max_size=64))
def test_any_bytes_give_a_value_or_one_typed_error(data: bytes) -> None:
    is_decoded_or_refused(data)
    is_decoded_or_refused(b"\x93\x01\xa4data" + data)


def test_the_samples_are_of_every_kind() -> None:
    kinds = {msgpack.unpackb(data, strict_map_key=False, unicode_errors="surrogatepass")[1] for data in SAMPLES}

    assert kinds == set("data event state result outcome failure reason trace report error".split())
    assert all(map(is_decoded_or_refused, SAMPLES))


def test_a_change_is_not_encoded_by_mistake() -> None:
    with pytest.raises(CodecError, match=r"^the value is a actors\.state\.Delta, which is not plain data"):
        encode(Delta())
