from __future__ import annotations

import pytest

from actors.cli.ending import Ending
from actors.cli.report import show
from actors.orchestrators.base import BranchReport
from actors.state import State
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason

FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)


def ending(branches: dict[str, BranchReport]) -> Ending:
    return Ending("flow", FAILED, State(), branches, None, {}, None)


def branch_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("branch ", "("))]


def test_a_few_branches_are_shown_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    branches = {"flow/a": BranchReport(COMPLETED, {"x": 1}), "flow/b": BranchReport(FAILED, {})}

    show(ending(branches))

    assert branch_lines(capsys.readouterr().err) == [
        "branch flow/a: ok (completed)",
        "branch flow/b: failed (exception)",
    ]


def test_of_many_branches_those_that_failed_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [COMPLETED] * 10_000
    outcomes[7_000] = FAILED
    branches = {f"flow/each[{number}]": BranchReport(outcome, {}) for number, outcome in enumerate(outcomes)}

    show(ending(branches))

    lines = branch_lines(capsys.readouterr().err)
    assert lines[0] == "branch flow/each[7000]: failed (exception)"
    assert lines[-1] == "(9980 more branches)"
    assert len(lines) == 21
