"""What `spawn()` is given: how it is understood, and what is refused by what was expected."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from actors.agents.agent import Agent, AgentContext, declares, define
from actors.values.event import Event
from actors.values.state import State
from tests.actors.logged_agents import Logged, LoggedAsync, Quiet, function

# Classes and factories


class Idle(Agent):
    """Says nowhere what it does with an event."""


class Deaf(Agent):
    def run(self, event: Event) -> None:  # type: ignore[override]  # what is tested
        """Do nothing."""


def test_a_class_that_does_not_say_what_it_runs_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^agent 'writer': class Idle has no run\(self, event, state\)$"):
        define("writer", Idle, None)


def test_a_run_that_does_not_take_an_event_and_a_state_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^agent 'writer': run takes \(self, event, state\) or .*, context\)$"):
        define("writer", Deaf, None)


class Optional(Quiet):
    def __init__(self, context: object = None) -> None:
        """Do nothing."""


class PassedOn(Agent):
    def run(*arguments: Any) -> None:
        """Do nothing."""


@pytest.mark.parametrize("cls", [Optional, PassedOn])
def test_a_class_that_needs_no_arguments_is_taken(cls: type[Agent]) -> None:
    assert not define("writer", cls, None).wants_context


@pytest.mark.parametrize(("cls", "is_async"), [(Logged, False), (LoggedAsync, True)])
def test_a_factory_is_understood_by_the_class_that_it_wraps(cls: type[Logged | LoggedAsync], is_async: bool) -> None:
    factory = partial(cls, [])

    definition = define("writer", factory, None)

    assert (definition.is_resolved, definition.is_async) == (True, is_async)
    assert definition.make is factory


# Functions


class Speaker:
    """Is called like a function."""

    async def __call__(self, event: Event, state: State, *, tone: str, pace: int = 1) -> None:
        """Do nothing."""


def with_context(event: Event, state: State, context: AgentContext | None = None) -> None:
    """Do nothing."""


def with_an_option(event: Event, state: State, tone: str = "dry") -> None:
    """Do nothing."""


def with_a_duty(event: Event, state: State, *, tone: str) -> None:
    """Do nothing."""


def unreadable(event: Event, state: State) -> None:
    """Do nothing."""


unreadable.__signature__ = 2  # type: ignore[attr-defined]  # it has to be an inspect.Signature


def with_an_option_before(event: Event, state: State, tone: str = "dry", context: AgentContext | None = None) -> None:
    """Do nothing."""


def passed_on(*arguments: Any) -> None:
    """Do nothing."""


def partly_passed_on(event: Event, state: State, context: AgentContext, *arguments: Any) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("agent", "wants_context"),
    [
        (with_context, True),
        (with_an_option, False),
        (with_an_option_before, False),
        (passed_on, False),
        (partly_passed_on, True),
        (function, False),
    ],
)
def test_of_what_a_function_may_be_called_without_it_is_given_the_context_only(
    agent: object, wants_context: bool
) -> None:
    assert define("writer", agent, None).wants_context is wants_context


def test_what_has_to_be_awaited_is_known_through_whatever_binds_its_arguments() -> None:
    declared = declares(requires=["topic"])(partial(Speaker(), tone="dry"))  # what has attributes stays a layer
    bound = partial(declared, pace=3)

    assert bound.func is declared
    assert define("writer", declared, None).is_async
    assert define("writer", bound, None).is_async


def test_a_keyword_that_nobody_will_give_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^agent 'writer': keyword-only parameter 'tone' needs a default$"):
        define("writer", with_a_duty, None)


def test_what_does_not_tell_its_parameters_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^agent 'writer': the signature of <function unreadable .*> cannot be read$"):
        define("writer", unreadable, None)


# Declared keys


@pytest.mark.parametrize("declared", ["requires", "produces"])
@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("topic", "must be a sequence of state keys, not 'topic'"),
        (3, "must be a sequence of state keys, not 3"),
        (["topic", 3], "must name state keys, not 3"),
        (["topic", ""], "must name state keys, not ''"),
    ],
)
def test_declared_keys_that_are_none_are_refused_wherever_they_are_declared(
    declared: str, keys: Any, problem: str
) -> None:
    text = f"{declared} {problem}$"
    cls = type("Declaring", (Quiet,), {declared: keys})

    with pytest.raises(TypeError, match=f"^<class .*Declaring'>: {text}"):
        define("writer", cls, None)
    with pytest.raises(TypeError, match=f"^<function function .*>: {text}"):
        declares(**{declared: keys})(function)
