"""Tests of `mixmode run`, as users call it wrongly."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.actors.cli.commands import flows, run

__all__ = ["flows"]  # a fixture

WRONG = {
    "no-colon": (["flows"], "'flows' is not MODULE:NAME"),
    "no-name": (["flows:"], "'flows:' is not MODULE:NAME"),
    "relative-module": ([".flows:HELLO"], "'.flows:HELLO' is not MODULE:NAME"),
    "file": (["./flows.py:HELLO"], "'./flows.py:HELLO' names a file; name its module"),
    "no-module": (["nowhere.at:ALL"], "there is no module 'nowhere'"),
    "no-submodule": (["flows.sub:ALL"], "there is no module 'flows.sub'"),
    "no-attribute": (
        ["flows:NOPE"],
        "module 'flows' has no 'NOPE'; it has workflows: 'HELLO', 'GROUP', 'BROKEN', 'OPTIONAL'",
    ),
    "empty-module": (["empty:NOPE"], "module 'empty' has no 'NOPE'; it has no workflows"),
    "not-a-workflow": (["flows:hello"], "'flows:hello' is a function, not a workflow"),
    "unknown-agent": (["flows:UNKNOWN"], "under the name 'nobody'; known are: 'hello', "),
    "no-agents": (
        ["empty:HELLO"],
        "known are: none; nobody said where the agents are: call them AGENTS in module 'empty', or name them with "
        "--agents",
    ),
    "raising-module": (["raising:X"], "module 'raising' cannot be imported: KeyError: 'oh' ("),
    "raising-module-line": (["raising:X"], "raising.py, line 2)"),
    "exiting-module": (["exiting:X"], "module 'exiting' cannot be imported: SystemExit: 3 ("),
    "interrupted-group": (["grouping:X"], "module 'grouping' cannot be imported: BaseExceptionGroup: all (1 sub-exc"),
    "module-getattr": (["dynamic:X"], "'dynamic:X' raised OSError: no ("),
    "module-replaced": (["replaced:X"], "'replaced:X' raised TypeError: vars() argument must have __dict__ attribute"),
    "agents-getattr": (["dynamic_agents:X"], "'dynamic_agents:AGENTS' raised OSError: no ("),
    "agents-items": (["flows:HELLO", "--agents", "odd:AGENTS"], "'odd:AGENTS' raised SystemExit: 3 ("),
    "agents-stop": (["flows:HELLO", "--agents", "odd:stop"], "the runtime is stopped"),
    "invalid-module": (["invalid:X"], "module 'invalid' cannot be imported: SyntaxError: "),
    "needy-module": (["needy:X"], "cannot be imported: ModuleNotFoundError: No module named 'no_such_thing' ("),
    "no-agents-there": (["flows:HELLO", "--agents", "flows:THEM"], "has no 'THEM'; it has mappings and functions: "),
    "agents-wrong": (["flows:HELLO", "--agents", "flows:HELLO"], "'flows:HELLO' is a Sequential; expected a mapping"),
    "agents-class": (["flows:HELLO", "--agents", "flows:Lingers"], "is a ABCMeta; expected a mapping"),
    "agents-async": (["flows:HELLO", "--agents", "flows:asynchronous"], "is a function; expected a mapping"),
    "agents-raise": (["flows:HELLO", "--agents", "flows:raises"], "'flows:raises' raised TypeError: agent 'hello'"),
    "agents-odd": (["flows:HELLO", "--agents", "flows:hello"], "'flows:hello' raised TypeError: hello() missing 1"),
    "option": (["flows:HELLO", "--agents", "flows:UNKNOWN_OPTION"], "'hello' has the unknown option 'concurency'"),
    "no-agent": (["flows:HELLO", "--agents", "flows:NO_AGENT"], "'flows:NO_AGENT': 'hello' has no 'agent'"),
    "bad-option": (["flows:HELLO", "--agents", "flows:BAD_OPTION"], "concurrency must be at least 1, not 0"),
    "bad-name": (["flows:HELLO", "--agents", "flows:BAD_NAME"], "unlike 'a/b'"),
    "data": (["flows:HELLO", "--data", "name"], "'name' is neither KEY=VALUE nor KEY:=JSON"),
    "data-no-key": (["flows:HELLO", "--data", ":=1"], "':=1' is neither KEY=VALUE nor KEY:=JSON"),
    "data-json": (["flows:HELLO", "--data", "n:=one"], "the value of 'n' is not JSON: Expecting value"),
    "data-endless": (["flows:HELLO", "--data", "n:=" + "[" * 100_000], "the value of 'n' is not JSON"),
    "data-deep": (["flows:HELLO", "--data", "n:=" + "[" * 200 + "]" * 200], "nests deeper than 100 levels"),
    "data-twice": (["flows:HELLO", "--data", "n=1", "--data", "n=2"], "'n' is given twice"),
    "state-gone": (["flows:HELLO", "--state", "gone.json"], "'gone.json' cannot be read: No such file"),
    "state-folder": (["flows:HELLO", "--state", "."], "'.' cannot be read: Is a directory"),
    "state-text": (["flows:HELLO", "--state", "flows.py"], "'flows.py' does not hold a state as JSON: Expecting"),
    "state-list": (["flows:HELLO", "--state", "list.json"], "'list.json' must hold a JSON object, not [1, 2]"),
    "state-endless": (["flows:HELLO", "--state", "/dev/zero"], "does not hold a state as JSON: it is longer than"),
    "state-deep": (["flows:HELLO", "--state", "deep.json"], "'deep.json' does not hold a state as JSON: state['a']"),
    "timeout-text": (["flows:HELLO", "--timeout", "soon"], "'soon' is not a positive number of seconds"),
    "timeout-zero": (["flows:HELLO", "--timeout", "0"], "'0' is not a positive number of seconds"),
    "timeout-nan": (["flows:HELLO", "--timeout", "nan"], "'nan' is not a positive number of seconds"),
    "timeout-endless": (["flows:HELLO", "--timeout", "1e999"], "'1e999' is not a positive number of seconds"),
    "port": (["flows:HELLO", "--metrics-port", "65536"], "65536 is not in the range"),
    "no-workflow": ([], "Missing argument 'MODULE:WORKFLOW|FILE'"),
    "no-such-option": (["flows:HELLO", "--colour"], "--colour"),
}


ODD = """
class Odd(dict):
    def items(self):
        raise SystemExit(3)
AGENTS = Odd()
def stop(runtime):
    runtime.stop()
"""


@pytest.mark.parametrize(("arguments", "complaint"), WRONG.values(), ids=WRONG)
def test_wrong_calls_exit_with_2_and_one_message(flows: Path, arguments: list[str], complaint: str) -> None:
    (flows / "empty.py").write_text("HELLO = 'hello'\n")
    (flows / "raising.py").write_text("\nraise KeyError('oh')\n")
    (flows / "exiting.py").write_text("raise SystemExit(3)\n")
    (flows / "invalid.py").write_text("def\n")
    (flows / "grouping.py").write_text("raise BaseExceptionGroup('all', [KeyboardInterrupt()])\n")
    (flows / "dynamic.py").write_text("def __getattr__(name):\n    raise OSError('no')\n")
    (flows / "replaced.py").write_text("import sys\nsys.modules[__name__] = 5\n")
    (flows / "dynamic_agents.py").write_text("X = 'a'\ndef __getattr__(name):\n    raise OSError('no')\n")
    (flows / "odd.py").write_text(ODD)
    (flows / "needy.py").write_text("import no_such_thing\n")
    (flows / "list.json").write_text("[1, 2]")
    (flows / "deep.json").write_text('{"a": ' + "[" * 200 + "]" * 200 + "}")

    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert [line[:7] for line in result.stderr.splitlines()].count("Error: ") == 1
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("flows")
def test_metrics_port_in_use_is_a_wrong_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = run("flows:HELLO", "--metrics-port", str(port))

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--metrics-port: cannot serve metrics on 127.0.0.1, port {port}" in result.stderr
