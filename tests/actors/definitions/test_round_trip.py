"""What is written and read again is equal: through TOML, YAML, plain data and the codec."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from pydantic import BaseModel

from actors import Branch, Loop, Parallel, Route, Sequential
from actors.codec import decode, encode
from actors.conditions import Equals, Exists
from actors.definitions import Definition, from_data, to_data
from actors.values.frozen import same
from examples.research.workflow import WORKFLOW
from tests.actors.definitions import behaviours
from tests.strategies import Vocabulary, conditions, mergers, values, workflows
from tests.thoroughness import examples

CALLABLES = (behaviours.is_counted, behaviours.has_topic, behaviours.Holder.within)

MEDIA: dict[str, Callable[[Any], Any]] = {
    "toml": lambda workflow: Definition.parse(Definition(workflow).dump()).workflow,
    "yaml": lambda workflow: Definition.parse(Definition(workflow).dump("yaml"), "yaml").workflow,
    "json": lambda workflow: from_data(json.loads(json.dumps(to_data(workflow)))),
    "codec": lambda workflow: decode(encode(workflow)),
}
through_everything = pytest.mark.parametrize("medium", MEDIA)


def rules_of(value: Any) -> list[Any]:
    """Return the rules of all routes in a workflow: their order says which is tried first."""
    found = []
    if isinstance(value, Route):
        found = [list(value.rules)]
    parts = [getattr(value, name) for name in type(value).model_fields] if isinstance(value, BaseModel) else []
    if isinstance(value, tuple | list):
        parts = list(value)
    elif isinstance(value, dict):
        parts = list(value.values())
    return found + [rules for part in parts for rules in rules_of(part)]


@through_everything
@settings(deadline=None, max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
@given(workflow=workflows())
@example(workflow=WORKFLOW)
def test_a_workflow_comes_back_equal_with_its_rules_in_order(medium: str, workflow: Any) -> None:
    back = MEDIA[medium](workflow)

    assert back == workflow
    assert rules_of(back) == rules_of(workflow)


@pytest.mark.parametrize("medium", ["toml", "yaml", "json"])
@settings(deadline=None, max_examples=examples(80), suppress_health_check=[HealthCheck.too_slow])
@given(workflow=workflows(Vocabulary(callables=CALLABLES)))
def test_callables_come_back_by_their_names(medium: str, workflow: Any) -> None:
    back = MEDIA[medium](workflow)

    assert back == workflow
    assert rules_of(back) == rules_of(workflow)


@through_everything
@settings(deadline=None, max_examples=examples(200))
@given(value=values)
def test_values_come_back_of_the_same_type(medium: str, value: Any) -> None:
    workflow = Loop("ann", until=Equals("key", value))

    back = MEDIA[medium](workflow)

    assert same(back.until.value, workflow.until.value)


@through_everything
@settings(deadline=None, max_examples=examples(100))
@given(condition=conditions, merger=mergers)
def test_conditions_and_mergers_come_back_equal(medium: str, condition: Any, merger: Any) -> None:
    workflow = Sequential(Loop("ann", until=condition), Parallel("ann", merge=merger))

    assert MEDIA[medium](workflow) == workflow


@through_everything
def test_rules_whose_nodes_have_different_forms_keep_their_order(medium: str) -> None:
    workflow = Route({"first": "ann", "second": Sequential("bob"), "third": "cem", Exists("k"): "dee"})

    back = MEDIA[medium](workflow)

    assert list(back.rules) == ["first", "second", "third", Exists("k")]


@through_everything
def test_long_rules_of_tables_keep_their_order(medium: str) -> None:
    many = Sequential(*[f"an agent with a long name {number}" for number in range(9)])
    workflow = Route({"first": many, "second": Sequential("bob"), "third": many})

    assert list(MEDIA[medium](workflow).rules) == ["first", "second", "third"]


def test_what_is_at_its_default_is_not_written() -> None:
    assert to_data(Sequential(Branch("a"), Branch("b", "c"), "d")) == {
        "pattern": "sequential",
        "steps": [{"branch": "a"}, {"branch": "b", "node": "c"}, "d"],
    }


def test_a_written_workflow_reads_as_people_write_it() -> None:
    parallel = Parallel(Branch("facts", required=False, timeout=2.5), "opinions", name="gather")
    workflow = Sequential("search", parallel, Loop("writer", until=Equals("good", True), timeout=60), name="report")

    text = Definition(workflow, {name: f"app.{name}:run" for name in ("search", "facts", "opinions", "writer")}).dump()

    assert text == (
        "[agents]\n"
        'search = "app.search:run"\n'
        'facts = "app.facts:run"\n'
        'opinions = "app.opinions:run"\n'
        'writer = "app.writer:run"\n'
        "\n"
        "[workflow]\n"
        'pattern = "sequential"\n'
        'name = "report"\n'
        "\n"
        "[[workflow.steps]]\n"
        'agent = "search"\n'
        "\n"
        "[[workflow.steps]]\n"
        'pattern = "parallel"\n'
        'name = "gather"\n'
        'branches = [{ branch = "facts", required = false, timeout = 2.5 }, "opinions"]\n'
        "\n"
        "[[workflow.steps]]\n"
        'pattern = "loop"\n'
        "timeout = 60\n"
        'node = "writer"\n'
        'until = { equals = { key = "good", value = true } }\n'
    )
