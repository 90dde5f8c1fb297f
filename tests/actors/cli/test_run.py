"""Tests of `mixmode run`, as users call it: what it tells of a run."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.actors.cli.commands import flows, run

__all__ = ["flows"]  # a fixture


@pytest.mark.parametrize("how", [["flows:HELLO"], ["flows:Namespace.HELLO", "--agents", "flows:setup"]])
@pytest.mark.usefixtures("flows")
def test_state_of_a_workflow_that_ends_ok_goes_to_stdout(how: list[str]) -> None:
    result = run(*how, "--data", "name=Ada=x", "-d", "number:=[1, 2.5]")

    assert result.exit_code == 0
    state = json.loads(result.stdout.removeprefix("hello agent\n"))
    assert (state["greeting"], state["number"]) == ("hello Ada=x", [1, 2.5])


@pytest.mark.usefixtures("flows")
def test_each_ended_stage_is_told_indented_and_a_table_follows() -> None:
    result = run("flows:HELLO")

    lines = result.stderr.splitlines()
    assert [line.split(" s  ")[-1] for line in lines[:3]] == ["ok (completed)"] * 3
    assert [line[: line.index("  ", 2)] for line in lines[:3]] == ["  greet/hello", "  greet/stamp", "greet"]
    assert lines[3].split() == ["stage", "total", "waited", "ran", "tries", "outcome"]
    assert [line.split()[0] for line in lines[4:]] == ["greet", "hello", "stamp"]


@pytest.mark.parametrize(("name", "stdin"), [("state.json", None), ("-", '{"topic": "tea"}')])
def test_state_is_read_from_a_file_or_from_stdin(flows: Path, name: str, stdin: str | None) -> None:
    (flows / "state.json").write_text('{"topic": "tea"}', encoding="utf-8")

    result = run("flows:HELLO", "--state", name, "--json", stdin=stdin)

    assert json.loads(result.stdout)["state"]["topic"] == "tea"


@pytest.mark.usefixtures("flows")
def test_what_the_terminal_cannot_show_is_escaped() -> None:
    result = run("flows:HELLO", charset="ascii")

    assert '"\\xe9"' in result.stdout


@pytest.mark.usefixtures("flows")
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_nothing_that_agents_say_or_are_called_acts_on_a_terminal(how: list[str]) -> None:
    result = run("flows:HOSTILE", *how)

    assert result.exit_code == 1
    assert r"\u001b]0;title\u0007 \u009b2J\nFAKE: ok" in result.stderr
    assert r"\u001b[2J" in (result.stdout if how else result.stderr)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stdout + result.stderr)
    assert not re.search("^FAKE", result.stdout + result.stderr, re.MULTILINE)


@pytest.mark.usefixtures("flows")
def test_a_state_that_could_act_on_a_terminal_is_still_json() -> None:
    result = run("flows:HOSTILE_STATE")

    assert json.loads(result.stdout)["text"] == "\x1b[2J \x9b \u3042 \n"
    assert "\u3042" in result.stdout
    assert "\x9b" not in result.stdout


@pytest.mark.usefixtures("flows")
def test_json_is_one_document_whatever_agents_print() -> None:
    result = run("flows:HELLO", "--json")

    told = json.loads(result.stdout)
    assert result.stderr == "hello agent\n"
    assert told["workflow"] == "greet"
    assert told["outcome"] == {
        "kind": "ok",
        "reason": "completed",
        "detail": "",
        "budget": "",
        "culprit": "",
        "failure": None,
    }
    assert told["state"]["at"] == "2024-05-06T00:00:00"
    assert (told["state"]["raw"], told["state"]["pair"]) == ("AP8=", [1, "é"])
    assert told["meta"]["greet"]["sequential_phase_complete"] is True
    assert [child["path"] for child in told["trace"]["children"]] == ["greet/hello", "greet/stamp"]
    assert told["duration"] == told["trace"]["duration"]
    assert (told["branches"], told["abandoned_work"], told["interrupted_by"]) == ({}, {}, None)


@pytest.mark.usefixtures("flows")
def test_failed_workflow_shows_its_culprit_partial_state_and_branches() -> None:
    result = run("flows:BROKEN", "--data", "name=Ada")

    assert (result.exit_code, result.stdout) == (1, "hello agent\n")
    assert "error: workflow 'bad' failed (child_failed), because of 'bad/group/bad'" in result.stderr
    assert '"greeting": "hello Ada"' in result.stderr.partition("partial state: ")[2]
    assert "branch bad/group/good: ok (completed)\n  changed: {" in result.stderr
    assert "branch bad/group/bad: failed (exception): ValueError: no\\nluck\n  changed: {}" in result.stderr
    assert 'raise ValueError("no\\nluck")' in result.stderr


@pytest.mark.usefixtures("flows")
def test_failed_workflow_as_json_has_the_reports_too() -> None:
    result = run("flows:BROKEN", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["outcome"]["failure"]["types"][0] == "builtins.ValueError"
    assert told["branches"]["bad/group/good"]["delta"]["raw"] == "AP8="
    assert "error: workflow 'bad'" in result.stderr


@pytest.mark.usefixtures("flows")
def test_run_that_overruns_its_timeout_fails() -> None:
    result = run("flows:SLOW", "--timeout", "0.01")

    assert result.exit_code == 1
    assert "error: workflow 'slowly' timed_out" in result.stderr


@pytest.mark.usefixtures("flows")
def test_agents_that_still_run_are_reported_though_the_run_ended_ok() -> None:
    result = run("flows:OPTIONAL")
    sys.modules["flows"].RELEASED.set()

    assert result.exit_code == 0
    assert result.stderr.endswith("abandoned: agent 'holds' still runs 1 call that would not stop\n")


@pytest.mark.usefixtures("flows")
def test_where_metrics_are_served_is_told_first() -> None:
    result = run("flows:HELLO", "--metrics-port", "0")

    assert re.match(r"metrics: http://127\.0\.0\.1:\d+/metrics\n", result.stderr)
