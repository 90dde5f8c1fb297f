"""Which agents another process can find, and what is said of the others."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from actors import Agent, Event, State
from actors.agents.reference import imported, loaded, reference_of

HERE = __name__


def function(event: Event, state: State) -> None:
    """Do nothing."""


class Holder:
    """Holds what has a longer name."""

    class Inner(Agent):
        def run(self, event: Event, state: State) -> None:
            """Do nothing."""

    @classmethod
    def make(cls) -> Agent:
        return cls.Inner()

    def method(self, event: Event, state: State) -> None:
        """Do nothing."""


class Instance:
    def __call__(self, event: Event, state: State) -> None:
        """Do nothing."""


shadowed = function


def shadow() -> Any:
    def shadowed(event: Event, state: State) -> None:
        """Do nothing."""

    shadowed.__qualname__ = "shadowed"
    return shadowed


def stranger() -> Any:
    def stray(event: Event, state: State) -> None:
        """Do nothing."""

    stray.__module__ = "nowhere"
    return stray


def main() -> Any:
    def program(event: Event, state: State) -> None:
        """Do nothing."""

    program.__module__ = "__main__"
    return program


@pytest.mark.parametrize(
    ("agent", "reference"),
    [(function, "function"), (Holder.Inner, "Holder.Inner"), (Holder.make, "Holder.make")],
)
def test_what_is_named_is_found(agent: Any, reference: str) -> None:
    full = f"{HERE}:{reference}"

    assert reference_of("writer", agent) == full
    assert imported(full) == loaded(full) == agent


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (lambda event, state: None, "nothing is found under"),
        (shadow(), "is something else than"),
        (stranger(), "nothing is found under 'nowhere:"),
        (main(), "is defined in the main program, which no other process runs again; move it to a module"),
        (functools.partial(function), "has no name of its own; define it at the top of a module"),
        (Instance(), "has no name of its own"),
        (Holder().method, "is something else than"),
    ],
)
def test_what_is_not_found_is_refused(agent: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        reference_of("writer", agent)

    assert str(caught.value).startswith("agent 'writer': dispatcher 'process' needs a class, a factory or a function")


def test_what_was_not_imported_is_not_loaded() -> None:
    with pytest.raises(KeyError):
        loaded("antigravity:fly")
    with pytest.raises(AttributeError):
        imported(f"{HERE}:missing")
