from __future__ import annotations

from actors import Branch, Sequential
from actors.checks.agents import Declaration, check_agents
from tests.actors.checks.checking import place_of

WORKFLOW = Sequential("a", "b", Branch("step", "c", fallback="b"), name="flow")


def test_an_agent_that_is_not_known_is_found_once_where_it_is_named_first() -> None:
    (flaw,) = check_agents(place_of(WORKFLOW), {"a": Declaration(), "c": Declaration()}, ("a", "c"))

    assert flaw.place.path == "flow/b"
    assert flaw.problem == "no agent is spawned under the name 'b', and it is named 2 times"
    assert flaw.advice == "spawn one, or name one of those known: 'a', 'c'"


def test_known_agents_are_no_mistake() -> None:
    assert list(check_agents(place_of(WORKFLOW), dict.fromkeys("abc", Declaration()), ("a", "b", "c"))) == []


def test_without_any_agents_none_is_offered() -> None:
    (flaw,) = check_agents(place_of("a"), {}, ())

    assert flaw.problem == "no agent is spawned under the name 'a'"
    assert flaw.advice == "spawn one, or name one of those known: none"


def test_a_name_that_is_empty_is_not_known_either() -> None:
    (flaw,) = check_agents(place_of(""), {}, ("a",))

    assert flaw.problem == "no agent is spawned under the name ''"
