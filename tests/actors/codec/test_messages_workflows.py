"""Workflows, conditions and mergers as bytes."""

from __future__ import annotations

import sys
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings

from actors import Branch, Cached, Loop, MultiStage, Parallel, Route, Sequential, Stage
from actors.codec import FORMAT_VERSION, decode, encode
from actors.conditions import Equals, Exists, Not
from actors.mergers import Reduce, Union
from actors.orchestrators.base import Pattern
from actors.values.errors import CodecError
from tests.actors.plain_data import RECORDS, Point
from tests.strategies import conditions, mergers, workflows

TAG = msgpack.ExtType(1, b"")
"""What stands before the items of a tuple, and nowhere else."""


def message(kind: str, body: Any) -> bytes:
    packed: bytes = msgpack.packb([FORMAT_VERSION, kind, body])
    return packed


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflow=workflows())
def test_equal_workflows_give_equal_bytes(workflow: Any) -> None:
    data = encode(workflow)

    assert encode(decode(data)) == data


@settings(deadline=None)
@given(condition=conditions, merger=mergers)
def test_conditions_and_mergers_come_back_by_themselves(condition: Any, merger: Any) -> None:
    assert decode(encode(condition)) == condition
    assert decode(encode(merger)) == merger


def test_what_is_at_its_default_takes_no_room() -> None:
    assert encode(Branch("a")) == message("workflow", {"branch": "a"})
    assert encode(Union()) == message("merger", "union")
    assert encode(Exists("a")) == message("condition", {"exists": "a"})


def test_objects_in_conditions_come_back_if_their_classes_are_known() -> None:
    condition = Not(Equals("a", Point(1)))
    data = encode(condition)

    assert decode(data, types=RECORDS) == condition
    with pytest.raises(CodecError, match="pass that class to decode"):
        decode(data)


def ready(*_arguments: Any) -> bool:
    return True


is_ready: Any = ready


class OwnPattern(Sequential):
    """A pattern of a user's."""


class OwnCondition(Exists):
    """A condition of a user's."""


own_pattern: Any = OwnPattern
own_condition: Any = OwnCondition


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (
            Sequential("a", Loop("b", until=is_ready)),
            r"workflow\.steps\[1\]\.until must not be a callable to be encoded",
        ),
        (Parallel("a", merge=is_ready), r"workflow\.merge must not be a callable"),
        (Route({is_ready: "a"}), r"workflow\.rules\[0\] must not be a callable"),
        (Cached("a", key=is_ready), r"workflow\.key must not be a callable"),
        (Reduce({"k": is_ready}), r"merger\.reduce\.reducers\.k must not be a callable"),
        (MultiStage(Stage("s", "a", success=is_ready)), r"workflow\.stages\[0\]\.success must not be a callable"),
        (own_pattern("a"), "workflow must be a pattern of actors to be written; OwnPattern has no form"),
        (own_condition("k"), "condition must be a condition such as .* to be written; OwnCondition has no form"),
        (Stage("s", "a"), "workflow must be a pattern of actors to be written; Stage has no form"),
    ],
)
def test_what_would_be_code_is_refused(value: Any, place: str) -> None:
    with pytest.raises(CodecError, match=f"^what is to be encoded is wrong: {place}"):
        encode(value)


@pytest.mark.parametrize("key", ["until", "success", "merge", "key"])
def test_bytes_import_nothing(key: str) -> None:
    bodies = {
        "until": {"pattern": "loop", "node": "a", "until": {"call": "antigravity:fly"}},
        "merge": {"pattern": "parallel", "branches": ["a"], "merge": {"call": "antigravity:fly"}},
        "key": {"pattern": "cached", "node": "a", "key": {"call": "antigravity:fly"}},
        "success": {
            "pattern": "multi_stage",
            "stages": [{"stage": "s", "node": "a", "success": {"call": "antigravity:fly"}}],
        },
    }

    with pytest.raises(CodecError, match="a message names no code, as this one does with 'antigravity:fly'"):
        decode(message("workflow", bodies[key]))
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    [
        ("workflow", None, "the message holds no workflow that is known here: workflow must be an agent's name"),
        ("workflow", {b"pattern": 1}, "workflow must have one of the keys 'pattern'"),
        ("workflow", {"pattern": "loop", b"x": 1}, r"workflow\[b?.*x.*\] is unknown|workflow.*is unknown"),
        ("workflow", {"pattern": "loop"}, "workflow lacks 'node'"),
        ("workflow", {"use": "x"}, "workflow.use names a node that is not in"),
        ("workflow", {"pattern": "loop", "node": "a", "max_iterations": 0}, "max_iterations must be at least 1, not 0"),
        ("workflow", {"pattern": "loop", "node": "a", "until": {5: 6}}, "is unknown here"),
        (
            "workflow",
            {"pattern": "parallel", "branches": ["a"], "require": TAG},
            "require must hold plain data, not <Tag",
        ),
        ("condition", {"compare": {"key": "a", "op": TAG, "value": 1}}, "condition.compare.op must"),
        ("condition", {"exists": ""}, "the message holds no condition that is known here: condition.exists must have"),
        ("condition", {"call": "a:b"}, "condition.call is unknown here"),
        ("condition", {"equals": {"key": "a", "value": {1.5: 1}}}, "a key in the message must be a str"),
        ("merger", "unoin", "the message holds no merger that is known here: merger must be a merger such as"),
        ("merger", {"call": "a:b"}, "merger.call is unknown here"),
    ],
)
def test_bytes_that_are_no_workflow_are_refused(kind: str, body: Any, problem: str) -> None:
    with pytest.raises(CodecError, match=problem):
        decode(message(kind, body))


def test_a_decoded_workflow_is_a_pattern() -> None:
    assert isinstance(decode(encode(Sequential("a"))), Pattern)
