"""Routes: the first rule that matches wins, every time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from actors import Route, State, WorkflowFailedError
from actors.conditions import Equals
from actors.testing import Returns, Scripted, VirtualRuntime
from supervisors import OutcomeKind, Reason
from tests.actors.plain_data import Colour, Mood

OVERLAPPING = {"technical": "first", "tech": "second", "t": "third"}


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime() as runtime:
        for name in ("first", "second", "third", "fallback"):
            runtime.spawn(name, Scripted(Returns({"handled_by": name})))
        yield runtime


def picks(runtime: VirtualRuntime, route: Route, count: int, data: Mapping[str, Any]) -> set[str]:
    runs = [runtime.submit(route, data) for _ in range(count)]
    return {run.result().state["handled_by"] for run in runs}


def test_overlapping_rules_give_one_answer_in_a_thousand_picks(runtime: VirtualRuntime) -> None:
    route = Route(OVERLAPPING)

    picked = picks(runtime, route, 1_000, {"message": "a technical question"})

    assert picked == {"first"}


def test_the_declared_order_decides_and_not_how_well_a_rule_fits(runtime: VirtualRuntime) -> None:
    route = Route(dict(reversed(OVERLAPPING.items())))

    picked = picks(runtime, route, 100, {"message": "a technical question"})

    assert picked == {"third"}


def test_keywords_conditions_and_callables_are_tried_in_one_order(runtime: VirtualRuntime) -> None:
    route = Route(
        {
            "absent": "first",
            Equals("urgent", True): "second",
            lambda state: True: "third",
        }
    )

    urgent = runtime.run(route, {"message": "help"}, {"urgent": True})
    ordinary = runtime.run(route, {"message": "help"}, {"urgent": 1})

    assert urgent.state["handled_by"] == "second"
    assert ordinary.state["handled_by"] == "third"


def test_the_route_taken_is_noted_beside_the_data(runtime: VirtualRuntime) -> None:
    result = runtime.run(Route(OVERLAPPING, name="desk"), {"message": "tech"})

    assert dict(result.state) == {"handled_by": "second"}
    assert result.state.meta["desk"]["routed_to"] == "second"


def test_what_matches_no_rule_goes_to_the_default(runtime: VirtualRuntime) -> None:
    result = runtime.run(Route(OVERLAPPING, default="fallback"), {"message": "hi"})

    assert result.state["handled_by"] == "fallback"


def test_without_a_match_the_error_shows_message_and_rules(runtime: VirtualRuntime) -> None:
    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(Route(OVERLAPPING), {"message": "hello, human"})

    outcome = caught.value.outcome
    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.NO_ROUTE)
    assert "message='hello, human'" in str(caught.value)
    assert "'technical', 'tech', 't'" in str(caught.value)


def test_a_rule_that_raises_fails_the_route_and_tries_no_further_rule(runtime: VirtualRuntime) -> None:
    def broken(state: State) -> bool:
        raise RuntimeError("no idea")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(Route({broken: "first", "t": "second"}, name="desk"), {"message": "t"})

    assert caught.value.outcome.reason is Reason.CONDITION_ERROR
    assert caught.value.outcome.culprit == "desk"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert dict(caught.value.state) == {}


def test_a_member_of_a_text_enumeration_routes_as_its_text(runtime: VirtualRuntime) -> None:
    route = Route({"red": "first", "blue": "second"}, key="colour")

    assert runtime.run(route, {"colour": Colour.BLUE}).state["handled_by"] == "second"
    with pytest.raises(WorkflowFailedError, match=r"no rule matches colour=Mood\.CALM; "):
        runtime.run(route, {"colour": Mood.CALM})
