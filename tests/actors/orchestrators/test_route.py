"""Routes are values: frozen, and equal only to those that decide in the same way."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from actors import Branch, Route
from actors.conditions import Exists

RULES: dict[Any, Any] = {"technical": "first", Exists("urgent"): Branch("second")}


def test_routes_of_the_same_rules_are_equal() -> None:
    route, same = Route(RULES, default="third"), Route(dict(RULES), default="third")

    assert route == same
    assert hash(route) == hash(same)
    assert pickle.loads(pickle.dumps(route)) == route


@pytest.mark.parametrize(
    "other",
    [
        Route(dict(reversed(RULES.items())), default="third"),
        Route({**RULES, "technical": "other"}, default="third"),
        Route(RULES),
        Route(RULES, default="third", key="text"),
        Route(RULES, default="third", timeout=1),
        "first",
    ],
)
def test_routes_that_decide_otherwise_are_not_equal(other: object) -> None:
    assert Route(RULES, default="third") != other


def test_the_rules_of_a_route_cannot_be_changed() -> None:
    given = dict(RULES)
    route = Route(given, default="third")

    given["more"] = "fourth"
    with pytest.raises(TypeError, match="immutable"):
        route.rules["more"] = "fourth"

    assert route == Route(RULES, default="third")
