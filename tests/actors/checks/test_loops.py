from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from actors import Branch, Loop, MultiStage, Parallel, Sequential, Stage
from actors.conditions import Exists
from actors.orchestrators.base import Part, Pattern
from actors.workflows.flow import Flow
from tests.actors.checks.checking import found


class Forever(Pattern):
    """Repeats a node and asks nothing."""

    flow: ClassVar[Flow] = Flow.LOOP
    orchestrator: ClassVar[Any] = None

    def parts(self) -> Sequence[Part]:
        return [Part("a", "a")]


@pytest.mark.parametrize(
    "workflow",
    [
        Loop(Loop("a", until=Exists("x"))),
        Loop(Sequential(Loop("a"), "b")),
        Loop(Sequential("a", Branch("x", Loop("b"), required=False))),
        Loop(Sequential("a", Branch("x", Loop("b"), fallback="c"))),
        Loop(Parallel(Loop("a"), "b")),
        Loop(Forever()),
        Forever(),
    ],
    ids=repr,
)
def test_loops_that_end_each_for_itself_are_no_mistake(workflow: Any) -> None:
    assert found(workflow) == []


@pytest.mark.parametrize(
    "inner",
    [Loop("a"), Sequential("a", Loop("a")), MultiStage(Stage("A", Loop("a"))), Loop("a", until=Exists("x"))],
    ids=repr,
)
def test_a_loop_that_ends_with_the_last_one_in_it_is_found(inner: Any) -> None:
    until = Exists("x") if inner == Loop("a", until=Exists("x")) else None

    assert found(Loop(inner, until=until, name="outer")) == [("until-shared", "outer")]
