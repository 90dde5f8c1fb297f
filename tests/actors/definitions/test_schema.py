"""The JSON Schema takes what a definition takes, and refuses what is wrong as far as a schema can."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from actors.definitions import Definition, file_schema, to_data
from actors.grammar.vocabulary import VOCABULARY
from examples.research.workflow import WORKFLOW
from tests.actors.definitions import behaviours
from tests.actors.definitions.wrong_definitions import SOME, WHOLE
from tests.strategies import Vocabulary, workflows
from tests.thoroughness import examples

ROOT = Path(__file__).parents[3]
SCHEMA = file_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

# What depends on several places, or on what is imported, is beyond a schema.
BEYOND = {
    "unknown-agents",
    "unused-node",
    "circle",
    "nodes-no-table",
    "named-branch",
    "names-like-those-that-stand-in",
    "require",
    "compare-without-order",
    "unknown-value",
    "map-of-required",
}


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_the_published_schema_is_the_one_that_is_printed() -> None:
    published = (ROOT / "docs" / "workflow.schema.json").read_text(encoding="utf-8")

    assert json.loads(published) == SCHEMA, "write it anew: mixmode schema > docs/workflow.schema.json"


@settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
@given(workflow=workflows(Vocabulary(callables=[behaviours.is_counted])))
def test_it_takes_every_workflow(workflow: Any) -> None:
    VALIDATOR.validate({"workflow": to_data(workflow)})


EXAMPLES = sorted((ROOT / "examples").rglob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_takes_the_examples_as_definitions_do(path: Path) -> None:
    VALIDATOR.validate(tomllib.loads(path.read_text(encoding="utf-8")))

    assert Definition.load(path).workflow


def test_it_takes_all_that_an_agent_can_be_told() -> None:
    agents = {
        "a": "app:a",
        "b": {"agent": "app.b:B", "concurrency": 2, "restart": {"max_restarts": 1, "backoff": {"initial": 0}}},
    }

    VALIDATOR.validate({"agents": agents, "nodes": {"n": {"use": "m"}, "m": "a"}, "workflow": to_data(WORKFLOW)})


@pytest.mark.parametrize("name", sorted({*WHOLE, *SOME} - BEYOND))
def test_it_refuses_what_is_wrong(name: str) -> None:
    text = WHOLE[name][0] if name in WHOLE else f"workflow = {SOME[name][0]}"

    assert not VALIDATOR.is_valid(tomllib.loads(text))


def test_it_tells_what_each_field_is_for() -> None:
    definitions = SCHEMA["$defs"]

    for table in VOCABULARY.patterns.values():
        described = definitions[table.schema_name]
        assert described["description"].endswith(".")
        for key in table.keys[1:]:
            assert described["properties"][key]["description"], (table.schema_name, key)


def test_a_text_that_names_its_schema_is_read() -> None:
    text = '#:schema ./workflow.schema.json\nworkflow = "ann"'

    assert Definition.parse(text).workflow == "ann"
