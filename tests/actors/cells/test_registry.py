from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import AgentExistsError, Runtime, UnknownAgentError
from actors.cells.registry import AgentRegistry
from actors.checks.agents import Declaration


def plain(event: object, state: object) -> None:
    """Do nothing."""


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(metrics=False) as runtime:
        runtime.spawn("a", plain, timeout=5)
        yield runtime


@pytest.fixture
def registry(runtime: Runtime) -> AgentRegistry:
    return runtime._agents


def test_every_change_makes_another_edition(runtime: Runtime, registry: AgentRegistry) -> None:
    editions = [registry.edition]
    runtime.spawn("b", plain)
    editions.append(registry.edition)
    runtime.stop_agent("b")
    editions.append(registry.edition)

    assert len(set(editions)) == 3


def test_a_name_is_taken_once(registry: AgentRegistry) -> None:
    with pytest.raises(AgentExistsError):
        registry.add(registry.cell("a"))


def test_an_agent_that_is_not_there_is_refused_with_those_that_are(registry: AgentRegistry) -> None:
    with pytest.raises(UnknownAgentError) as caught:
        registry.cell("b")

    assert (caught.value.unknown, caught.value.known) == (("b",), ("a",))


@pytest.mark.parametrize("name", [[], 3, None])
def test_a_name_is_a_string(registry: AgentRegistry, name: Any) -> None:
    with pytest.raises(TypeError, match="an agent's name is a string, not"):
        registry.cell(name)


def test_declarations_leave_out_who_is_not_there(registry: AgentRegistry) -> None:
    assert registry.declarations(["a", "b"]) == {"a": Declaration(timeout=5)}
