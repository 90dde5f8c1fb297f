"""Tests of `mixmode check`, as users call it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pykka
import pytest
from click.testing import CliRunner, Result

from actors import AgentStoppedError, Event, RuntimeNotRunningError
from actors.cli.command import mixmode
from actors.cli.rehearsal import rehearsal
from tests.limits import PATIENCE

FLOWS = """
from actors import Agent, Branch, Sequential, declares

print("imported")

class Costly(Agent):
    requires = ("topic",)
    produces = ("text",)

    def __init__(self):
        raise AssertionError("made")

    def run(self, event, state):
        raise AssertionError("run")

    def on_start(self):
        raise AssertionError("started")

@declares(produces=("facts",))
def gather(event, state):
    raise AssertionError("run")

def spawned(runtime):
    runtime.spawn("gather", gather)
    runtime.spawn("costly", Costly, concurrency=4)

def asking(runtime):
    runtime.spawn("gather", gather).ask(Event())

def quick(runtime):
    runtime.spawn("gather", gather)

def raising(runtime):
    raise ValueError("no luck")

from actors import Event

AGENTS = {"gather": gather, "costly": {"agent": Costly, "timeout": 5}}
BAD_OPTION = {"gather": {"agent": gather, "concurrency": 0}}
SOUND = Sequential("gather", "costly")
SLOW = Sequential(Branch("gather", timeout=20), Branch("costly", timeout=30), name="slow", timeout=10)
UNKNOWN = Sequential("gather", "nobody", Branch("step", "gather", timeout=2), name="flow", timeout=1)
"""

FILE = """
[agents]
gather = "flows:gather"

[workflow]
pattern = "sequential"
name = "flow"
timeout = 10
steps = [{ branch = "gather", timeout = 20 }]
"""


@pytest.fixture(autouse=True)
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a user's module, from which it is imported afresh."""
    (tmp_path / "flows.py").write_text(FLOWS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("flows", None)


def check(*arguments: str, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(mixmode, ["check", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_nothing_found_says_so_and_exits_with_0() -> None:
    result = check("flows:SOUND")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == "imported\nflows:SOUND: no errors, no warnings\n"


def test_warnings_are_printed_a_line_each_and_exit_with_0() -> None:
    result = check("flows:SLOW")

    assert result.exit_code == 0
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == ["slow/costly", "slow/gather"]
    assert result.stdout.splitlines()[1] == (
        "slow/gather: warning (timeout-not-granted): 20 s for 'slow/gather' cannot be granted: 'slow' grants 10 s; "
        "grant it at most 10 s, or grant 'slow' more"
    )
    assert result.stderr.splitlines()[-1] == "flows:SLOW: no errors, 2 warnings"


def test_warnings_exit_with_1_if_one_is_strict() -> None:
    assert check("flows:SLOW", "--strict").exit_code == 1
    assert check("flows:SOUND", "--strict").exit_code == 0


def test_errors_exit_with_1() -> None:
    result = check("flows:UNKNOWN")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        "flow/nobody: error (unknown-agent): no agent is spawned under the name 'nobody'; "
        "spawn one, or name one of those known: 'gather', 'costly'"
    )
    assert result.stderr.splitlines()[-1] == "flows:UNKNOWN: 1 error, 1 warning"


@pytest.mark.parametrize(
    ("workflow", "how"),
    [("bare:FLOW", "call them AGENTS in module 'bare'"), ("bare.toml", "list them under [agents] in 'bare.toml'")],
)
def test_where_nobody_said_where_the_agents_are_the_error_says_how(flows: Path, workflow: str, how: str) -> None:
    (flows / "bare.py").write_text("FLOW = 'gather'\n", encoding="utf-8")
    (flows / "bare.toml").write_text("workflow = 'gather'\n", encoding="utf-8")

    result = check(workflow)

    assert result.exit_code == 1
    assert result.stdout == (
        "gather: error (unknown-agent): no agent is spawned under the name 'gather'; "
        f"nobody said where the agents are: {how}, or name them with --agents\n"
    )
    assert check(workflow, "--agents", "flows:AGENTS").exit_code == 0


def test_json_is_one_document() -> None:
    result = check("flows:UNKNOWN", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (document["errors"], document["warnings"]) == (1, 1)
    assert [finding["path"] for finding in document["findings"]] == ["flow/nobody", "flow/step"]
    assert document["findings"][0] == {
        "path": "flow/nobody",
        "severity": "error",
        "code": "unknown-agent",
        "problem": "no agent is spawned under the name 'nobody'",
        "advice": "spawn one, or name one of those known: 'gather', 'costly'",
    }


def test_agents_are_those_that_a_function_spawns() -> None:
    assert check("flows:SOUND", "--agents", "flows:spawned").exit_code == 0


@pytest.mark.parametrize("known", [["--data", "question=x"], ["--state", "-"]])
def test_with_what_a_run_is_given_keys_are_found_that_are_lacking(known: list[str]) -> None:
    result = check("flows:SOUND", *known, stdin="{}")

    assert result.exit_code == 0
    assert result.stdout.startswith("sequential/costly: warning (missing-key): agent 'costly' requires 'topic'")


def test_a_state_that_has_the_keys_lacks_none() -> None:
    result = check("flows:SOUND", "--state", "-", stdin='{"topic": "tea"}')

    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Missing argument"),
        (["flows"], "'flows' is not MODULE:NAME"),
        (["nowhere:FLOW"], "there is no module 'nowhere'"),
        (["flows:MISSING"], "module 'flows' has no 'MISSING'"),
        (["flows:gather"], "'flows:gather' is a function, not a workflow"),
        (["flows:SOUND", "--agents", "flows:SOUND"], "'flows:SOUND' is a Sequential; expected a mapping"),
        (["flows:SOUND", "--agents", "flows:BAD_OPTION"], "concurrency must be at least 1, not 0"),
        (["flows:SOUND", "--agents", "flows:raising"], "'flows:raising' raised ValueError: no luck"),
        (["flows:SOUND", "--agents", "flows:asking"], "did not handle the event"),
        (["flows:SOUND", "--data", "x"], "'x' is neither KEY=VALUE nor KEY:=JSON"),
        (["flows:SOUND", "--wrong"], "No such option"),
    ],
)
def test_what_is_wrong_with_the_call_exits_with_2(arguments: list[str], problem: str) -> None:
    result = check(*arguments)

    assert result.exit_code == 2
    assert problem in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_a_definition_in_a_file_is_checked_too(flows: Path) -> None:
    (flows / "flow.toml").write_text(FILE, encoding="utf-8")

    result = check("flow.toml")

    assert result.exit_code == 0
    assert result.stdout.startswith("flow/gather: warning (timeout-not-granted)")
    assert result.stderr.endswith("flow.toml: no errors, 1 warning\n")


def test_a_file_that_is_no_definition_exits_with_2(flows: Path) -> None:
    (flows / "flow.toml").write_text("[workflow]", encoding="utf-8")

    assert check("flow.toml").exit_code == 2


def test_the_help_keeps_its_lines() -> None:
    lines = check("--help").stdout.splitlines()

    assert "    0  when there is no error, and with --strict no warning," in lines


def test_what_is_an_error_here_is_refused_by_run() -> None:
    with Path("flows.py").open("a", encoding="utf-8") as file:
        file.write("from actors import MultiStage, Stage\nfrom actors.workflows.combinations import All, Equals\n")
        file.write("NEVER = All(Equals('x', 1), Equals('x', 2))\n")
        file.write("REFUSED = MultiStage(Stage('A', 'gather', success=NEVER), name='flow')\n")

    checked = check("flows:REFUSED")
    ran = CliRunner().invoke(mixmode, ["run", "flows:REFUSED", "--agents", "flows:quick"])

    assert checked.exit_code == 1
    assert ran.exit_code == 2
    assert "no run of workflow 'flow' can end ok" in ran.stderr


# The rehearsal


def plain(event: Event, state: object) -> None:
    """Do nothing."""


def test_what_is_sent_in_a_rehearsal_is_rejected() -> None:
    with rehearsal() as runtime:
        ref = runtime.spawn("plain", plain)

        assert isinstance(ref, pykka.ActorRef)
        with pytest.raises(AgentStoppedError, match="no agent is run"):
            ref.ask(Event(), timeout=PATIENCE)


def test_agents_of_a_rehearsal_can_be_let_go() -> None:
    with rehearsal() as runtime:
        runtime.spawn("plain", plain)
        runtime.spawn("other", plain)

        assert runtime.stop_agent("plain").get(timeout=PATIENCE) is None
        assert runtime.agents == ("other",)


def test_nothing_is_run_in_a_rehearsal() -> None:
    with rehearsal() as runtime:
        runtime.spawn("plain", plain)

        with pytest.raises(RuntimeNotRunningError):
            runtime.run("plain")
