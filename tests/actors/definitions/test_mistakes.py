"""What is wrong with a definition is told with its line, its place and what to do; all of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Loop
from actors.conditions import Equals, Exists, Not
from actors.definitions import Definition, from_data, to_data
from actors.definitions.toml_extent import MAX_LEVELS
from actors.grammar.extent import MAX_NODES
from actors.grammar.place import suggestion
from actors.grammar.reader import MOST_MISTAKES
from actors.orchestrators.base import MAX_NESTING
from actors.values.workflow_errors import DefinitionError
from tests.actors.definitions.wrong_definitions import SOME, WHOLE


def told(text: str, format: str = "toml") -> list[str]:
    """Return what is told of a wrong text."""
    with pytest.raises(DefinitionError) as caught:
        Definition.parse(text, format, source="w")
    assert str(caught.value).split("\n") == [mistake.located("w") for mistake in caught.value.mistakes]
    return str(caught.value).split("\n")


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_wrong_with_a_definition_is_told(name: str) -> None:
    text, mistakes = WHOLE[name]

    assert told(text) == mistakes


@pytest.mark.parametrize("name", SOME)
def test_what_is_wrong_with_a_workflow_is_told(name: str) -> None:
    text, mistakes = SOME[name]

    assert told(f"workflow = {text}") == mistakes


def test_a_yaml_definition_has_its_lines_told_too() -> None:
    text = "\n".join(
        [
            "agents:",
            "  ann: m:a",
            "workflow:",
            "  pattern: sequential",
            "  timeout: -1",
            "  name:",
            "  steps:",
            "    - ann",
            "    - bob",
            "    - branch: x",
            "      required: yes",
            "      retry: {on: [5]}",
        ]
    )

    assert told(text, "yaml") == [
        "w:5:3: workflow.timeout must be a positive number of seconds, not -1",
        "w:6:3: workflow.name must not be null; leave the key out if there is nothing to say",
        "w:9:7: workflow.steps[1] names an agent that is not in [agents]: 'bob'; known are: 'ann'",
        "w:10:7: workflow.steps[2].branch names an agent that is not in [agents]: 'x'; known are: 'ann'",
        "w:11:7: workflow.steps[2].required must be true or false, not 'yes'",
        "w:12:15: workflow.steps[2].retry.on must name exception types; 5 is not one",
    ]


@pytest.mark.parametrize(("text", "shown"), [("- a", "['a']"), ("text", "'text'"), ("null", "None")])
def test_a_definition_that_is_no_table_is_refused(text: str, shown: str) -> None:
    assert told(text, "yaml") == [f"w:1:1: must be a table of agents, nodes, workflow, not {shown}"]


def test_data_without_a_text_have_places_and_no_lines() -> None:
    with pytest.raises(DefinitionError) as caught:
        from_data({"pattern": "loop", "node": "a", "max_iterations": 0, 5: 6})

    assert str(caught.value).split("\n") == [
        "workflow[5] is unknown; a loop takes pattern, name, timeout, node, max_iterations, until, iteration_timeout",
        "workflow.max_iterations must be at least 1, not 0",
    ]


def nested(levels: int) -> Any:
    node: Any = "a"
    for _ in range(levels):
        node = {"pattern": "loop", "node": node}
    return node


def test_a_workflow_may_nest_only_so_deeply() -> None:
    assert from_data(nested(MAX_NESTING - 1))
    with pytest.raises(DefinitionError, match=rf"(?m)node nests deeper than {MAX_NESTING} levels$"):
        from_data(nested(MAX_NESTING + 500))


def test_what_is_written_may_nest_only_as_deeply() -> None:
    workflow: Any = Loop("a", until=Not(Not(Exists("x"))))
    for _ in range(MAX_NESTING - 2):
        workflow = Loop(workflow)

    with pytest.raises(DefinitionError, match=rf"until.not nests deeper than {MAX_NESTING} levels$"):
        to_data(workflow)


def test_what_is_null_does_not_lack() -> None:
    assert told("workflow: {pattern: loop, node: ~}", "yaml") == [
        "w:1:27: workflow.node must not be null; leave the key out if there is nothing to say"
    ]


def test_named_nodes_may_make_a_workflow_only_so_large() -> None:
    double = "pattern = 'sequential'\nsteps = ['@{0}', '@{0}']"
    nodes = [f"[nodes.n{number}]\n{double.format(f'n{number + 1}')}" for number in range(20)]
    text = "\n".join(["workflow = '@n0'", *nodes, "[nodes.n20]", "agent = 'a'"])

    (mistake,) = told(text)

    assert f"is too much: a definition has at most {MAX_NODES} nodes and conditions" in mistake


def test_no_more_than_a_hundred_mistakes_are_told() -> None:
    text = "workflow = 'a'\n" + "".join([f"a{number} = 1\n" for number in range(150)])

    with pytest.raises(DefinitionError) as caught:
        Definition.parse(text)

    first, *others = caught.value.mistakes
    assert first.problem == f"has more mistakes than these {MOST_MISTAKES}, the first that were found"
    assert [mistake.line for mistake in others] == [*range(2, MOST_MISTAKES + 2)]


def test_the_names_that_are_told_are_not_too_many() -> None:
    names = [f"name{number}" for number in range(600)]

    told = suggestion("zz", names)

    assert told.startswith("known are: 'name0', ")
    assert told.endswith(f"'name29' and {len(names) - 30} more")
    assert suggestion("name1" * 40, names) == told


def test_what_could_not_be_read_again_is_not_written() -> None:
    deep: Any = 1
    for _ in range(MAX_LEVELS + 1):
        deep = [deep]
    definition = Definition(Loop("a", until=Equals("x", deep)))

    with pytest.raises(DefinitionError, match=f"brackets nest deeper than {MAX_LEVELS} levels"):
        definition.dump("toml")
    assert Definition.parse(definition.dump("yaml"), "yaml") == definition
