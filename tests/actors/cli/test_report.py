"""What is shown of a run that has ended."""

from __future__ import annotations

import json

import pytest

from actors.cli.document import document
from actors.cli.ending import Ending
from actors.cli.report import latencies, show
from actors.orchestrators.base import BranchReport
from actors.values.state import State
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord

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


def test_run_without_a_trace_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    defect = Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR, detail="a defect")
    ending = Ending("flow", defect, State({"a": 1}), {}, None, {}, None)

    show(ending)

    told = json.loads(document(ending))
    assert capsys.readouterr().err.split() == ["partial", "state:", "{", '"a":', "1", "}"]
    assert (told["trace"], told["duration"], told["outcome"]["detail"]) == (None, None, "a defect")


def test_table_tells_what_the_trace_did_not_keep() -> None:
    leaf = TraceRecord("a/b", "agent", COMPLETED, 0.0, 0.25, 2, 0, 0.05, 0.2)
    trace = TraceRecord("a", "loop", COMPLETED, 0.0, 0.5, 1, 7, 0.0, 0.0, children=(leaf,), dropped=6)

    lines = latencies(trace).splitlines()

    assert lines[1].split() == ["a", "0.500", "1", "ok", "(completed)"]
    assert lines[2].split() == ["b", "0.250", "0.050", "0.200", "2", "ok", "(completed)"]
    assert lines[3].strip() == "(6 more)"
