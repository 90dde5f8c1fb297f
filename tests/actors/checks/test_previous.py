"""Conditions that ask how what was tried before failed, where nothing can have been."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Branch, Case, Conditional, Loop, MultiStage, Route, Sequential, Stage
from actors.conditions import All, Exists, FailedWith, Not, OutcomeIs
from supervisors import Retry
from tests.actors.checks.checking import findings

LATE = OutcomeIs("timed_out")
CHOICE = Conditional(Case("late", LATE, "a"), fallback="b")


@pytest.mark.parametrize(
    ("workflow", "path"),
    [
        (CHOICE, "conditional/late"),
        (Route({LATE: "a"}, default="b"), "route/a"),
        (Loop("a", until=FailedWith(OSError)), "loop/a"),
        (MultiStage(Stage("s", "a", prerequisites=[Not(LATE)])), "multi_stage/s"),
        (MultiStage(Stage("s", "a", success=All(Exists("a"), LATE))), "multi_stage/s"),
        (Sequential(Branch("x", "a", fallback="b"), CHOICE), "sequential/conditional/late"),
        (Branch("x", CHOICE, fallback="b"), "x/late"),
        (Branch("x", CHOICE, retry=Retry(attempts=1, attempt_timeout=1.0)), "x/late"),
    ],
    ids=repr,
)
def test_what_can_have_no_answer_is_an_error(workflow: Any, path: str) -> None:
    found = [finding for finding in findings(workflow) if finding.code == "no-previous-outcome"]

    assert [(finding.path, finding.severity) for finding in found] == [(path, "error")]


@pytest.mark.parametrize(
    "workflow",
    [
        Branch("x", "a", fallback=CHOICE),
        Branch("x", "a", fallback=Sequential("c", Loop(CHOICE, until=LATE))),
        Branch("x", CHOICE, retry=Retry()),
        Branch("x", "a", fallback=Branch("y", CHOICE)),
        Branch("x", Sequential("c", CHOICE), retry=Retry(), fallback="b"),
    ],
    ids=repr,
)
def test_what_may_have_an_answer_is_no_mistake(workflow: Any) -> None:
    assert "no-previous-outcome" not in [finding.code for finding in findings(workflow)]
