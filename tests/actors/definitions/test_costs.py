"""What reading a definition costs at its limits. On a quiet machine: `pytest -m bench -s`."""

from __future__ import annotations

import time

import pytest

from actors.definitions import Definition
from actors.definitions.definition import MAX_BYTES
from actors.definitions.toml_extent import MAX_LEVELS, MAX_PARTS
from actors.values.workflow_errors import DefinitionError

MOST_SECONDS = 3.0


def filled(head: str, line: str) -> str:
    """Return a text of the greatest length, with a number in each line."""
    size = len(line.format(10**6))
    return head + "".join([line.format(number) for number in range((MAX_BYTES - len(head)) // size)])


PARTS = ".".join(["a"] * (MAX_PARTS - 1))
TEXTS = {
    "dotted keys": ("toml", filled("", "a{}." + PARTS + " = 1\n")),
    "headers of two parts": ("toml", filled("", "[a.b{}]\n")),
    "headers of many parts": ("toml", filled("", "[a{}." + PARTS + "]\n")),
    "lists of tables": ("toml", filled("", "[[a]] # {}\n")),
    "brackets": ("toml", "a = " + "[" * MAX_BYTES),
    "lists as deep as may be": ("toml", filled("", "a{} = " + "[" * MAX_LEVELS + "]" * MAX_LEVELS + "\n")),
    "unknown keys": ("toml", filled("workflow = 'a'\n", "a{} = 1\n")),
    "agents": ("toml", filled("workflow = 'a1'\n[agents]\n", "a{} = 'b:c'\n")),
    "an open text": ("toml", 'a = "' + '\\"' * (MAX_BYTES // 2 - 10)),
    "flow lists": ("yaml", "a: " + "[" * (MAX_BYTES - 10)),
    "block lists": ("yaml", "- " * (MAX_BYTES // 2)),
    "keys": ("yaml", filled("workflow: a\n", "a{}: 1\n")),
    "steps": ("yaml", filled("workflow:\n  pattern: sequential\n  steps:\n", "  - a{}\n")),
    "tags": ("yaml", filled("a:\n", "- !x{} 1\n")),
    "a long text": ("yaml", "a: '" + "b " * (MAX_BYTES // 2 - 10) + "'"),
}


@pytest.mark.bench
@pytest.mark.parametrize("name", TEXTS)
def test_a_definition_at_its_limits_is_read_or_refused_in_time(name: str) -> None:
    form, text = TEXTS[name]

    start = time.process_time()
    with pytest.raises(DefinitionError) as caught:
        Definition.parse(text[:MAX_BYTES], form)
        raise DefinitionError("", ())
    seconds = time.process_time() - start

    print(f"{name}: {seconds:.2f} s, {len(caught.value.mistakes)} mistakes")  # noqa: T201  # for whoever measures
    assert seconds < MOST_SECONDS
