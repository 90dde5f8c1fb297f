from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.codec import decode, encode
from actors.codec.shapes import shape_of
from actors.orchestrators.base import BranchReport
from actors.values.errors import (
    ActorError,
    AgentFailedError,
    CodecError,
    ForkedRuntimeError,
    MissingKeysError,
    UnknownAgentError,
    WorkflowFailedError,
)
from actors.values.event import Event
from actors.values.freezing import MAX_DEPTH, freeze
from actors.values.frozen import FrozenDict, FrozenList
from actors.values.result import AgentResult
from actors.values.state import Delta, Snapshot, State
from supervisors.errors import RestartLimitReachedError
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord
from tests.actors.messages import message
from tests.actors.plain_data import RECORDS, nested
from tests.actors.vocabulary import (
    ERRORS,
    FACTS,
    VOCABULARY,
    shown,
)
from tests.thoroughness import examples


@pytest.mark.parametrize("kind", VOCABULARY)
@settings(deadline=None, max_examples=examples(50))
@given(st.data())
def test_the_vocabulary_comes_back_as_it_was(kind: str, data: st.DataObject) -> None:
    value = data.draw(VOCABULARY[kind])

    decoded = decode(encode(value), types=RECORDS)

    assert type(decoded) is type(value)
    assert shown(decoded) == shown(value)
    assert encode(decoded) == encode(value)


@pytest.mark.parametrize("value", [*OutcomeKind, *Reason])
def test_kinds_and_reasons_come_back_as_they_were(value: Any) -> None:
    assert decode(encode(value)) is value


@pytest.mark.parametrize("name", FACTS)
@settings(deadline=None, max_examples=examples(20))
@given(st.data())
def test_every_error_comes_back_with_its_facts(name: str, data: st.DataObject) -> None:
    facts = data.draw(st.tuples(*FACTS[name]))
    error = ERRORS[name](*facts)

    decoded = decode(encode(error), types=RECORDS)

    assert shown(decoded) == shown(error)


def test_every_error_of_ours_is_tried() -> None:
    assert ERRORS.keys() == FACTS.keys()


def test_errors_of_the_supervisors_come_back_too() -> None:
    decoded = decode(encode(RestartLimitReachedError("writer", 3, 60.0)))

    assert str(decoded) == str(RestartLimitReachedError("writer", 3, 60.0))


def test_results_come_back_in_the_form_they_had() -> None:
    for state in (None, {"a": (1,)}, State(a=(1,))):
        decoded = decode(encode(AgentResult(state=state)))

        assert type(decoded.state) is type(state)
        assert decoded.state == state


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
        (object(), r"^the value is a builtins\.object, which is not plain data; convert it, it cannot be encoded$"),
        ({"a": [object()]}, r"^the value\['a'\]\[0\] is a builtins\.object, "),
        (nested(MAX_DEPTH + 1), r"^the value nests deeper than 100 levels, or contains itself$"),
        (BranchReport(None, {}), r"^a Outcome was expected, not None$"),  # type: ignore[arg-type]  # under test
        (BranchReport(COMPLETED, {"a": 1j}), r"^the value\['a'\] is a builtins\.complex, "),
        (AgentResult(state={"a": 1j}), r"^result state\['a'\] is a builtins\.complex, "),
        (AgentResult(state={1: 1}), r"^result state must have string keys, not 1$"),  # type: ignore[dict-item]  # under test
        (ActorError(1j), r"^the value is a builtins\.complex, "),
        (AgentFailedError("a", None), r"^a Outcome was expected, not None$"),  # type: ignore[arg-type]  # under test
        (UnknownAgentError(["a"], ()), r""),  # type: ignore[arg-type]  # under test
        (UnknownAgentError("a", ()), r"^UnknownAgentError\.unknown must be a tuple, not 'a'$"),  # type: ignore[arg-type]
        (MissingKeysError("a", "requires", (1,)), r"^MissingKeysError\.keys must be a str, not 1$"),  # type: ignore[arg-type]
        (ForkedRuntimeError("a", 1j), r"is a builtins\.complex"),
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
    state["a"].append(object())

    with pytest.raises(
        CodecError, match=r"^state\['a'\]\[0\] is a builtins\.object, .* convert it, it cannot be encoded$"
    ):
        encode(state)


def test_a_trace_may_be_of_any_depth() -> None:
    record = TraceRecord("0", "agent", COMPLETED, 0, 1, 1, 0, 0, 0)
    for level in range(3000):
        record = TraceRecord(str(level), "sequential", COMPLETED, 0, 1, 1, 0, 0, 0, children=(record,))

    decoded = decode(encode(record))

    assert [each.path for each in decoded.walk()] == [each.path for each in record.walk()]


def test_a_child_of_a_trace_must_have_come_before_it() -> None:
    record = TraceRecord("a", "agent", COMPLETED, 0, 1, 1, 0, 0, 0)
    body = msgpack.unpackb(encode(record))[2]

    with pytest.raises(CodecError, match="^a trace has one root, not 2$"):
        decode(message("trace", body * 2))


def test_a_change_is_not_encoded_by_mistake() -> None:
    with pytest.raises(CodecError, match=r"^the value is a actors\.values\.state\.Delta, which is not plain data"):
        encode(Delta())


def test_a_fact_of_a_type_without_a_shape_is_refused_when_it_is_declared() -> None:
    with pytest.raises(TypeError, match=r"^NewError\.limits is a set\[int\], and no shape is known for it$"):
        shape_of(set[int], "NewError.limits")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (message("outcome_kind", "fine"), r"^'fine' is no OutcomeKind that is known here$"),
        (message("reason", []), r"^\[\] is no Reason that is known here$"),
        (message("outcome", ["ok", "completed"]), r"^Outcome must be 6 values, not \['ok', 'completed'\]$"),
        (message("outcome", ["ok", "completed", 1, "", "", None]), r"^Outcome\.detail must be a str, not 1$"),
        (message("failure", [["a", 1], "", "", None, []]), r"^Failure\.types must be a str, not 1$"),
        (message("failure", ["ab", "", "", None, []]), r"^Failure\.types must be a tuple, not 'ab'$"),
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
        (message("trace", [[[], 0]]), r"^TraceRecord must be \d+ values, not \[\]$"),
        (message("trace", [[[], 1]]), r"^a TraceRecord has 1 children, and 0 are there$"),
        (message("trace", [[[], -1]]), r"^a TraceRecord has -1 children"),
        (message("trace", [[[], True]]), r"^a TraceRecord has True children"),
        (message("report", [None, {}]), r"^Outcome must be 6 values, not None$"),
        (message("error", ["SystemExit", []]), r"^'SystemExit' is no error that is known here$"),
        (message("error", [[], []]), r"^\[\] is no error that is known here$"),
        (message("error", ["OverloadedError", []]), r"^OverloadedError must be 2 values, not \[\]$"),
        (message("error", ["OverloadedError", [1.5, 0]]), r"^OverloadedError\.max_runs must be a int, not 1\.5$"),
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
def test_what_is_not_of_its_shape_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(CodecError, match=text):
        decode(data)
