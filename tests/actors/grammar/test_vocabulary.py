"""Whatever a workflow may consist of can be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, find, settings
from pydantic import BaseModel

from actors.grammar.kinds import Scalar
from actors.grammar.table import Table
from actors.grammar.vocabulary import VOCABULARY
from actors.orchestrators.base import Pattern
from actors.orchestrators.sequential import Sequential
from actors.workflows.branch import Branch
from actors.workflows.combinations import STOCK_CONDITIONS, Condition
from actors.workflows.keyed_mergers import STOCK_MERGERS, Merger
from supervisors.model import Model
from tests.actors.definitions.behaviours import set_a
from tests.strategies import Vocabulary, workflows

PATTERN_CLASSES = {table.model for table in VOCABULARY.patterns.values()}


def public_classes(base: type[Any]) -> Iterator[type[Any]]:
    """Yield all classes of the package that are derived from one, but for those that are bases themselves."""
    for each in base.__subclasses__():
        yield from public_classes(each)
        if each.__module__.startswith("actors.") and not each.__name__.startswith("_"):
            yield each


def test_every_pattern_condition_and_merger_can_be_written() -> None:
    assert set(public_classes(Pattern)) == PATTERN_CLASSES
    assert (
        set(public_classes(Condition)) == {table.model for table in VOCABULARY.conditions.values()} == STOCK_CONDITIONS
    )
    assert set(public_classes(Merger)) == {table.model for table in VOCABULARY.mergers.values()} == STOCK_MERGERS


def test_every_branch_can_be_written() -> None:
    others = {table.model for table in VOCABULARY.others}

    assert {Branch, *public_classes(Branch)} <= {VOCABULARY.branch.model, *others}


def test_every_model_that_a_workflow_holds_can_be_written() -> None:
    known = {table.model for table in VOCABULARY.tables}

    held = {
        argument
        for table in VOCABULARY.tables
        for declared in table.model.model_fields.values()
        for argument in models_in(declared.annotation)
    }

    assert held <= known


def models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation  # type: ignore[misc]  # all models here are ours
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)


@pytest.mark.parametrize("table", VOCABULARY.tables, ids=lambda table: str(table.schema_name))
def test_no_field_is_left_out_and_no_key_stands_for_two(table: Table) -> None:
    keys = [table.key_of(name) for name in table.kinds]

    assert len(set(keys)) == len(keys)
    if table.schema_name != "loop_entry":
        assert set(table.kinds) == set(table.model.model_fields)


def test_the_names_of_all_tables_differ() -> None:
    names = [table.schema_name for table in VOCABULARY.tables]

    assert len(set(names)) == len(names)


def test_a_field_that_holds_objects_needs_a_kind_of_its_own() -> None:
    with pytest.raises(TypeError, match="which is no scalar: its field needs a kind of its own"):
        Scalar({}).write(Sequential("a"), ("a",), None)  # type: ignore[arg-type]  # no writer is reached


@pytest.mark.parametrize("model", sorted(PATTERN_CLASSES, key=str))
def test_random_workflows_have_every_pattern(model: type) -> None:
    first_found = settings(phases=[Phase.generate], database=None, max_examples=5_000, deadline=None)

    assert find(workflows(Vocabulary(leaves=1)), lambda workflow: type(workflow) is model, settings=first_found)


def test_a_function_is_no_pattern() -> None:
    assert VOCABULARY.pattern_of(set_a) is None
