"""Tests of `mixmode run FILE` and `mixmode schema`, as users call them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from actors.cli.command import mixmode
from actors.cli.interrupts import Interrupts
from actors.definitions import file_schema

AGENTS = """
def hello(event, state):
    state["greeting"] = f"hello {event.data.get('name', 'nobody')}"

def broken(event, state):
    raise ValueError("no luck")

def is_greeted(state):
    return "greeting" in state

OTHERS = {"hello": broken}
"""

FLOW = """
[agents]
hello = "greeting_agents:hello"

[workflow]
pattern = "loop"
name = "greet"
node = "hello"
until = { call = "greeting_agents:is_greeted" }
"""

WITHOUT_AGENTS = """
workflow:
  pattern: sequential
  name: greet
  steps: [hello]
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a user's files; the current directory is the one above it."""
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "greeting_agents.py").write_text(AGENTS, encoding="utf-8")
    (folder / "flow.toml").write_text(FLOW, encoding="utf-8")
    (folder / "flow.yaml").write_text(WITHOUT_AGENTS, encoding="utf-8")
    (folder / "wrong.toml").write_text(FLOW.replace('node = "hello"', 'node = "helo"\ntimeout = 0'), encoding="utf-8")
    (folder / "astray.toml").write_text(FLOW.replace("agents:hello", "agents:hullo"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield folder
    sys.modules.pop("greeting_agents", None)


def call(*arguments: str) -> Result:
    interrupts = Interrupts(limit=0.001, exit=lambda _code: None)
    result = CliRunner().invoke(mixmode, arguments, obj=interrupts)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.usefixtures("flows")
def test_a_definition_runs_with_the_modules_beside_it() -> None:
    result = call("run", "flows/flow.toml", "--data", "name=Ada")

    assert (result.exit_code, json.loads(result.stdout)) == (0, {"greeting": "hello Ada"})
    assert "greet/hello" in result.stderr


@pytest.mark.usefixtures("flows")
def test_a_folder_that_is_searched_already_is_searched_no_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path("flows").resolve()))
    known = list(sys.path)

    assert call("run", "flows/flow.toml").exit_code == 0
    assert sys.path == known


@pytest.mark.usefixtures("flows")
def test_the_current_directory_is_searched_before_the_folder_of_the_file() -> None:
    Path("greeting_agents.py").write_text(AGENTS.replace("hello {", "welcome {"), encoding="utf-8")

    result = call("run", "flows/flow.toml")

    assert json.loads(result.stdout) == {"greeting": "welcome nobody"}


@pytest.mark.expects_errors
@pytest.mark.usefixtures("flows")
@pytest.mark.parametrize(
    ("agents", "code"), [("flows/flow.toml", 0), ("greeting_agents:OTHERS", 1)], ids=["of a file", "of a module"]
)
def test_agents_may_come_from_elsewhere(monkeypatch: pytest.MonkeyPatch, agents: str, code: int) -> None:
    monkeypatch.syspath_prepend("flows")

    result = call("run", "flows/flow.yaml", "--agents", agents)

    assert result.exit_code == code


@pytest.mark.expects_errors
@pytest.mark.usefixtures("flows")
def test_agents_that_are_asked_for_stand_for_those_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend("flows")

    result = call("run", "flows/flow.toml", "--agents", "greeting_agents:OTHERS")

    assert result.exit_code == 1
    assert "no luck" in result.stderr


@pytest.mark.usefixtures("flows")
@pytest.mark.parametrize(
    ("name", "complaints"),
    [
        (
            "flows/wrong.toml",
            [
                "Error: flows/wrong.toml:8:1: workflow.node names an agent that is not in [agents]: 'helo'; did you "
                "mean 'hello'?",
                "flows/wrong.toml:9:1: workflow.timeout must be a positive number of seconds, not 0",
            ],
        ),
        (
            "flows/astray.toml",
            [
                "Error: flows/astray.toml:3:1: agents.hello is no agent that can be spawned: module 'greeting_agents' "
                "has no 'hullo'; did you mean 'hello'?"
            ],
        ),
        (
            "flows/flow.yaml",
            [
                "Error: no agent is spawned under the name 'hello'; known are: none; nobody said where the agents are: "
                "list them under [agents] in 'flows/flow.yaml', or name them with --agents"
            ],
        ),
        ("flows/gone.toml", ["Error: 'flows/gone.toml' cannot be read: No such file or directory"]),
    ],
)
def test_a_wrong_definition_exits_with_2_and_tells_all_mistakes(name: str, complaints: list[str]) -> None:
    result = call("run", name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip().split("\n") == complaints


@pytest.mark.usefixtures("flows")
def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "actors.definitions.yaml", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)

    result = call("run", "flows/flow.yaml")

    assert result.exit_code == 2
    assert "needs an extra: pip install 'mixmode[definitions]'" in result.stderr


@pytest.mark.usefixtures("flows")
@pytest.mark.parametrize("command", ["check", "graph"])
def test_other_commands_take_definitions_too(command: str) -> None:
    result = call(command, "flows/flow.toml")

    assert result.exit_code == 0, result.stderr


def test_the_schema_is_printed() -> None:
    result = call("schema")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == file_schema()
