from __future__ import annotations

from typing import Any

import pytest

from actors import Branch, Parallel, Sequential
from tests.actors.checks.checking import found


@pytest.mark.parametrize(
    "workflow",
    [
        Branch("a", fallback="b"),
        Sequential(Branch("a", required=False)),
        Parallel(Branch("a", required=True), "b", require="any"),
        Parallel(Branch("a", required=True), Branch("b", required=True)),
        Sequential(Branch("a", Sequential("b"), fallback=Sequential("c"))),
    ],
    ids=repr,
)
def test_policies_that_do_something_are_no_mistake(workflow: Any) -> None:
    assert found(workflow) == []


def test_a_fallback_equal_to_its_node_is_found_wherever_it_is() -> None:
    workflow = Sequential(Branch("a", fallback=Branch("b", Sequential("c")).node), Branch("d", fallback="d"))

    assert found(workflow) == [("fallback-is-node", "sequential/d")]
