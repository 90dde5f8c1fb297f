from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from actors import Branch, Loop, MultiStage, Runtime, Sequential, Stage, UnknownAgentError, declares
from actors.checks.keys import Start
from actors.conditions import All, Equals
from actors.runs import plans as plans_module
from actors.runs.plans import Plans
from actors.values.workflow_errors import InvalidWorkflowError

NEVER = All(Equals("x", 1), Equals("x", 2))


def plain(event: object, state: object) -> None:
    """Do nothing."""


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(metrics=False) as runtime:
        runtime.spawn("a", plain)
        yield runtime


@pytest.fixture
def plans(runtime: Runtime) -> Plans:
    return runtime._plans


def test_a_workflow_is_compiled_and_checked_once(plans: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = Sequential("a")
    first = plans.fit(workflow)
    monkeypatch.delattr(plans_module, "check_structure")
    monkeypatch.delattr(plans_module, "check_declarations")

    again = plans.fit(workflow)

    assert again is first


def test_an_agents_name_is_a_workflow(plans: Plans) -> None:
    first, again = plans.fit("a"), plans.fit("".join(["", "a"]))

    assert again is first
    assert first.agents == {"a"}


def test_names_of_no_agent_push_out_no_plan(plans: Plans) -> None:
    known = plans.fit("a")
    for number in range(plans_module.PLANS_KEPT + 1):
        with pytest.raises(UnknownAgentError, match=f"'unknown {number}'; known are: 'a'"):
            plans.fit(f"unknown {number}")

    assert plans.fit("a") is known


def test_only_declarations_are_checked_again_when_agents_change(
    runtime: Runtime, plans: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = Loop("a")
    first = plans.fit(workflow)
    monkeypatch.delattr(plans_module, "check_structure")
    runtime.stop_agent("a")
    runtime.spawn("a", declares(produces=("x",))(lambda event, state: None))

    again = plans.fit(workflow)

    assert again is first
    assert [finding.code for finding in plans.findings(workflow)] == ["until-cannot-change"]


def test_nothing_is_checked_again_for_agents_that_a_workflow_does_not_name(
    runtime: Runtime, plans: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = Sequential("a")
    first = plans.fit(workflow)
    monkeypatch.delattr(plans_module, "check_declarations")
    runtime.spawn("b", plain)

    assert plans.fit(workflow) is first


def test_what_a_run_starts_with_is_asked_each_time(runtime: Runtime, plans: Plans) -> None:
    runtime.spawn("needs", declares(requires=("x",))(lambda event, state: None))
    starts = [Start(frozenset()), Start(frozenset({"x"})), Start()]

    codes = [[finding.code for finding in plans.findings("needs", start)] for start in starts]

    assert codes == [["missing-key"], [], []]


def test_an_invalid_workflow_is_refused_every_time(plans: Plans) -> None:
    workflow = MultiStage(Stage("A", "a", success=NEVER), name="flow")

    for _ in range(2):
        with pytest.raises(InvalidWorkflowError) as caught:
            plans.fit(workflow)
        assert caught.value.workflow == "flow"


def test_unknown_agents_come_before_other_errors(plans: Plans) -> None:
    workflow = MultiStage(Stage("A", "z", success=NEVER), Stage("B", "b"))

    with pytest.raises(UnknownAgentError) as caught:
        plans.fit(workflow)

    assert (caught.value.unknown, caught.value.known) == (("b", "z"), ("a",))


def test_the_advice_about_an_unknown_agent_follows_the_agents_there_are(runtime: Runtime, plans: Plans) -> None:
    before = plans.findings("z")
    runtime.spawn("b", plain)

    after = plans.findings("z")

    assert before[0].advice == "spawn one, or name one of those known: 'a'"
    assert after[0].advice == "spawn one, or name one of those known: 'a', 'b'"


def test_a_workflow_too_many_makes_room(plans: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans_module, "PLANS_KEPT", 2)
    workflow = Sequential("a")
    first = plans.fit(workflow)

    for _ in range(2):
        plans.fit(Sequential("a"))

    assert len(plans._entries) <= 2
    assert plans.fit(workflow) is not first


def test_nothing_is_kept_of_warnings_that_nobody_wants(plans: Plans, caplog: pytest.LogCaptureFixture) -> None:
    workflow = Sequential(Branch("a", timeout=2), timeout=1)

    with caplog.at_level(logging.ERROR, "actors.runs.plans"):
        plans.fit(workflow)

    assert plans._entries[id(workflow)].told == set()
