from __future__ import annotations

import pytest

from actors.values.findings import Code, Finding, Severity

FINDING = Finding(Severity.ERROR, Code.UNKNOWN_AGENT, "flow/a", "no agent is called 'a'", "spawn one")


def test_a_finding_prints_as_one_line_with_what_to_do() -> None:
    assert str(FINDING) == "flow/a: error (unknown-agent): no agent is called 'a'; spawn one"


@pytest.mark.parametrize("severity", Severity)
def test_only_an_error_is_refused(severity: Severity) -> None:
    finding = Finding(severity, Code.UNKNOWN_AGENT, "flow/a", "no agent is called 'a'", "spawn one")

    assert finding.is_error is (severity is Severity.ERROR)


def test_equal_findings_are_one() -> None:
    again = Finding(Severity.ERROR, Code.UNKNOWN_AGENT, "flow/a", "no agent is called 'a'", "spawn one")

    assert {FINDING, again} == {FINDING}


def test_codes_are_words_for_programs() -> None:
    assert all(code.value == code.name.lower().replace("_", "-") for code in Code)
