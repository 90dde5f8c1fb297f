"""Routes that lead nowhere: what their failure says."""

from __future__ import annotations

import pytest

from actors import Route
from actors.conditions import Exists
from actors.testing import VirtualRuntime
from supervisors import Reason
from tests.actors.orchestrators.results import failure_of

ROUTE = Route({"crash": "ann", Exists("urgent"): "bob"}, name="desk")
SHOWN = 200
"""How many characters of a text are shown."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hello", "'hello'"),
        ("x" * (SHOWN - 2), f"'{'x' * (SHOWN - 2)}'"),
        ("x" * (SHOWN - 1), f"'{'x' * (SHOWN - 1)}..."),
        ("x" * 100_000, f"'{'x' * (SHOWN - 1)}..."),
    ],
    ids=["short", "just short enough", "just too long", "long"],
)
def test_a_text_that_no_rule_matches_is_shown_as_far_as_it_is_short(
    runtime: VirtualRuntime, text: str, shown: str
) -> None:
    error = failure_of(runtime, ROUTE, {"message": text})

    assert error.outcome.reason is Reason.NO_ROUTE
    assert error.outcome.detail == (
        f"no rule matches message={shown}; the rules are 'crash', Exists('urgent'); add one or a default"
    )
