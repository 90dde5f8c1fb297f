"""The plan: what compiling a workflow makes of it."""

from __future__ import annotations

from actors import Branch, Cached, Loop, Parallel, Route, Sequential
from actors.runs.plan import compile_workflow


def test_a_plan_names_every_agent_that_may_be_needed() -> None:
    workflow = Sequential(
        "a",
        Parallel("b", Branch("named", "c", fallback=Sequential("d", Branch("a", fallback="e")))),
        Route({"x": Loop("f")}, default=Cached("g", key="k")),
    )

    assert compile_workflow(workflow).agents == set("abcdefg")


def test_the_plan_of_an_agent_names_it() -> None:
    assert compile_workflow("a").agents == {"a"}
