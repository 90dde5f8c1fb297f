"""Tests of the `mixmode` command, as users call it."""

from __future__ import annotations

import io
import json
import math
import re
import signal
import socket
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from actors.cli import main
from actors.cli.command import mixmode
from actors.cli.document import document
from actors.cli.ending import Ending
from actors.cli.interrupts import LIMIT, Interruption, Interrupts
from actors.cli.plain import plain
from actors.cli.report import latencies, show
from actors.state import State
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord

TOO_LONG = 30.0
SOON = 0.001
PROMISED = 2.0
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

FLOWS = """
import asyncio, os, signal, sys, threading, time
from datetime import datetime
from actors import Agent, Branch, Parallel, Sequential

def hello(event, state):
    print("hello agent")
    state["greeting"] = f"hello {event.data.get('name', 'nobody')}"
    state["number"] = event.data.get("number")

async def stamp(event, state):
    return {"at": datetime(2024, 5, 6), "raw": b"\\x00\\xff", "pair": (1, "\\u00e9")}

def broken(event, state):
    raise ValueError("no\\nluck")

def slow(event, state, context):
    while not context.cancelled:
        time.sleep(0.001)

def running():
    os.write(2, b"running\\n")  # two agents at once do not mix this up

def stuck(event, state):
    running()
    time.sleep(600)

async def blocks(event, state):
    stuck(event, state)

async def swallows(event, state):
    running()
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass

class Lingers(Agent):
    def run(self, event, state):
        threading.Thread(target=time.sleep, args=(600,), daemon=False).start()
        running()
        time.sleep(600)

class StopsSlowly(Agent):
    def run(self, event, state):
        return {"done": True}
    def on_stop(self):
        running()
        time.sleep(600)

RELEASED = threading.Event()

def holds(event, state):
    RELEASED.wait(600)

def waits(event, state):
    running()
    sys.stdin.readline()

def kills(event, state, context):
    os.kill(os.getpid(), signal.SIGTERM)
    slow(event, state, context)

def interrupted(runtime):
    signal.raise_signal(signal.SIGINT)

def setup(runtime):
    runtime.spawn("hello", hello)

def deaf(runtime):
    while True:
        try:
            running()
            time.sleep(600)
        except KeyboardInterrupt:
            pass

def raises(runtime):
    runtime.spawn("hello", 5)

async def asynchronous(runtime):
    pass

class Namespace:
    HELLO = "hello"

AGENTS = {
    "hello": hello, "stamp": {"agent": stamp, "concurrency": 2}, "broken": broken, "slow": slow, "stuck": stuck,
    "blocks": blocks, "swallows": swallows, "lingers": Lingers, "holds": holds, "waits": waits, "kills": kills,
}
STOPPING = {"stops-slowly": StopsSlowly}
HELLO = Sequential("hello", "stamp", name="greet")
GROUP = Parallel(Branch("good", "stamp"), Branch("bad", "broken"), name="group", on_failure="finish")
BROKEN = Sequential("hello", GROUP, name="bad")
OPTIONAL = Parallel(Branch("stamp"), Branch("holds", required=False, timeout=0.01), name="optional")
KILLS, LINGERS, STOPS_SLOWLY, WAITS, UNKNOWN = "kills", "lingers", "stops-slowly", "waits", "nobody"
STUCK = Parallel("stuck", "swallows", name="stuck-group")
BLOCKED = Parallel("blocks", "stuck", name="blocked-group")
SLOW = Sequential("hello", "slow", name="slowly")

UNKNOWN_OPTION = {"hello": {"agent": hello, "concurency": 2}}
NO_AGENT = {"hello": {"concurrency": 2}}
BAD_OPTION = {"hello": {"agent": hello, "concurrency": 0}}
BAD_NAME = {"a/b": hello}
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a user's module, from which modules are imported afresh."""
    (tmp_path / "flows.py").write_text(FLOWS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    known = set(sys.modules)
    handlers = {number: signal.getsignal(number) for number in EXIT_CODES}
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for name in set(sys.modules) - known:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def run(*arguments: str, charset: str = "utf-8", stdin: str | None = None) -> Result:
    interrupts = Interrupts(limit=SOON, exit=lambda _code: None)
    result = CliRunner(charset=charset).invoke(mixmode, ["run", *arguments], input=stdin, obj=interrupts)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


# What is run


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


# Failures


@pytest.mark.usefixtures("flows")
def test_failed_workflow_shows_its_culprit_partial_state_and_branches() -> None:
    result = run("flows:BROKEN", "--data", "name=Ada")

    assert (result.exit_code, result.stdout) == (1, "hello agent\n")
    assert "error: workflow 'bad' failed (child_failed), because of 'bad/group/bad'" in result.stderr
    assert '"greeting": "hello Ada"' in result.stderr.partition("partial state: ")[2]
    assert "branch bad/group/good: ok (completed)\n  changed: {" in result.stderr
    assert "branch bad/group/bad: failed (exception): ValueError: no luck\n  changed: {}" in result.stderr
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
    assert result.stderr.endswith("abandoned: agent 'holds' still runs 1 event\n")


# Wrong calls

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
    "no-agents": (["empty:HELLO"], "known are: none; agents are taken from 'empty:AGENTS', or from what --agents"),
    "raising-module": (["raising:X"], "module 'raising' cannot be imported: KeyError: 'oh' ("),
    "raising-module-line": (["raising:X"], "raising.py, line 2)"),
    "exiting-module": (["exiting:X"], "module 'exiting' cannot be imported: SystemExit: 3 ("),
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
    "state-deep": (["flows:HELLO", "--state", "deep.json"], "'deep.json' does not hold a state as JSON: state['a']"),
    "timeout-text": (["flows:HELLO", "--timeout", "soon"], "'soon' is not a positive number of seconds"),
    "timeout-zero": (["flows:HELLO", "--timeout", "0"], "'0' is not a positive number of seconds"),
    "timeout-nan": (["flows:HELLO", "--timeout", "nan"], "'nan' is not a positive number of seconds"),
    "timeout-endless": (["flows:HELLO", "--timeout", "1e999"], "'1e999' is not a positive number of seconds"),
    "port": (["flows:HELLO", "--metrics-port", "65536"], "65536 is not in the range"),
    "no-workflow": ([], "Missing argument 'MODULE:WORKFLOW|FILE'"),
    "no-such-option": (["flows:HELLO", "--colour"], "--colour"),
}


@pytest.mark.parametrize(("arguments", "complaint"), WRONG.values(), ids=WRONG)
def test_wrong_calls_exit_with_2_and_one_message(flows: Path, arguments: list[str], complaint: str) -> None:
    (flows / "empty.py").write_text("HELLO = 'hello'\n")
    (flows / "raising.py").write_text("\nraise KeyError('oh')\n")
    (flows / "exiting.py").write_text("raise SystemExit(3)\n")
    (flows / "invalid.py").write_text("def\n")
    (flows / "needy.py").write_text("import no_such_thing\n")
    (flows / "list.json").write_text("[1, 2]")
    (flows / "deep.json").write_text('{"a": ' + "[" * 200 + "]" * 200 + "}")

    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert [line[:7] for line in result.stderr.splitlines()].count("Error: ") == 1
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("flows")
def test_where_metrics_are_served_is_told_first() -> None:
    result = run("flows:HELLO", "--metrics-port", "0")

    assert re.match(r"metrics: http://127\.0\.0\.1:\d+/metrics\n", result.stderr)


@pytest.mark.usefixtures("flows")
def test_metrics_port_in_use_is_a_wrong_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = run("flows:HELLO", "--metrics-port", str(port))

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--metrics-port: cannot serve metrics on 127.0.0.1, port {port}" in result.stderr


# The process


def test_version_is_that_of_the_distribution(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "--version"])

    assert main() == 0
    assert capsys.readouterr().out == "mixmode, version 0.1.0\n"


def test_main_returns_2_for_a_wrong_call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "walk"])

    assert main() == 2
    assert "No such command 'walk'" in capsys.readouterr().err


class InterruptedInput(io.RawIOBase):
    """Standard input at which the user presses Ctrl-C."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise KeyboardInterrupt


def test_main_returns_130_when_reading_the_arguments_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mixmode", "run", "flows:HELLO", "--state", "-"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(InterruptedInput())))

    assert main() == 130


@pytest.fixture
def launch(flows: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "mixmode", "run", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, cwd=flows, text=True, **pipes)  # type: ignore[call-overload]  # a mapping
        processes.append(process)
        return process  # type: ignore[no-any-return]  # the same

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def lines_until(process: subprocess.Popen[str], text: str, times: int = 1) -> list[str]:
    """Read what it tells until a line begins with `text` for the last time."""
    assert process.stderr is not None
    lines: list[str] = []
    while times:
        lines.append(process.stderr.readline())
        assert lines[-1], f"ended without {text!r}: {lines}"
        times -= lines[-1].startswith(text)
    return lines


def test_metrics_are_served_during_the_run(launch: Callable[..., subprocess.Popen[str]]) -> None:
    process = launch("flows:WAITS", "--metrics-port", "0")
    first, *_ = lines_until(process, "running")

    with urlopen(first.removeprefix("metrics: ").strip(), timeout=TOO_LONG) as page:
        served = page.read().decode()
    process.communicate("go on\n", timeout=TOO_LONG)

    assert 'mixmode_runs_in_progress{workflow="waits"} 1.0' in served
    assert process.returncode == 0


# What swallows its cancellation may or may not have been ended with its event loop by then.
STUCK = [("STUCK", 2, {"stuck"}), ("BLOCKED", 2, {"blocks", "stuck"}), ("LINGERS", 1, {"lingers"})]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("workflow", "agents", "abandoned"), STUCK)
def test_signal_ends_the_process_and_names_the_agents_that_do_not_stop(
    launch: Callable[..., subprocess.Popen[str]],
    number: signal.Signals,
    workflow: str,
    agents: int,
    abandoned: set[str],
) -> None:
    process = launch(f"flows:{workflow}", "--json")
    lines_until(process, "running", agents)

    process.send_signal(number)
    out, err = process.communicate(timeout=TOO_LONG)

    told = json.loads(out)
    assert process.returncode == EXIT_CODES[number]
    assert (told["outcome"]["kind"], told["interrupted_by"]) == ("cancelled", number.name)
    assert told["abandoned_work"].keys() - {"swallows"} == abandoned
    assert f"interrupted by {number.name}" in err
    assert all(f"abandoned: agent {agent!r} still runs 1 event" in err for agent in abandoned)


def test_process_that_nothing_stops_is_ended_by_force(launch: Callable[..., subprocess.Popen[str]]) -> None:
    process = launch("flows:HELLO", "--agents", "flows:deaf")
    lines_until(process, "running")

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=TOO_LONG)

    assert process.returncode == 143


def test_second_signal_ends_the_process(launch: Callable[..., subprocess.Popen[str]]) -> None:
    process = launch("flows:STUCK")
    lines_until(process, "running", 2)
    process.send_signal(signal.SIGINT)
    lines_until(process, "interrupted by SIGINT")

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TOO_LONG)

    assert process.returncode == 130


def test_result_is_kept_when_the_stopping_of_agents_is_interrupted(
    launch: Callable[..., subprocess.Popen[str]],
) -> None:
    process = launch("flows:STOPS_SLOWLY", "--agents", "flows:STOPPING")
    lines_until(process, "running")

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=TOO_LONG)

    assert (process.returncode, json.loads(out)) == (130, {"done": True})


@pytest.mark.usefixtures("flows")
def test_agent_that_stops_when_told_is_not_abandoned() -> None:
    result = run("flows:KILLS")

    assert (result.exit_code, result.stdout) == (143, "")
    assert "interrupted by SIGTERM; cancelling" in result.stderr
    assert "error: workflow 'kills' cancelled (requested)" in result.stderr
    assert "abandoned" not in result.stderr


@pytest.mark.usefixtures("flows")
def test_signal_before_there_is_a_run_ends_the_command() -> None:
    result = run("flows:HELLO", "--agents", "flows:interrupted")

    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "interrupted by SIGINT\n")


@pytest.mark.usefixtures("flows")
def test_forced_exit_comes_in_the_promised_time_though_the_context_was_left() -> None:
    exits: SimpleQueue[int] = SimpleQueue()

    with pytest.raises(Interruption), Interrupts(limit=SOON, exit=exits.put):
        signal.raise_signal(signal.SIGTERM)

    assert exits.get(timeout=TOO_LONG) == 143
    assert LIMIT < PROMISED


@pytest.mark.usefixtures("flows")
def test_second_signal_exits_at_once() -> None:
    exits: list[int] = []
    with pytest.raises(Interruption), Interrupts(limit=SOON, exit=exits.append):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interruption):
        signal.raise_signal(signal.SIGTERM)

    assert 143 in exits


@pytest.mark.usefixtures("flows")
def test_deferred_interruption_is_raised_later() -> None:
    with pytest.raises(Interruption) as caught, Interrupts(limit=SOON, exit=lambda _code: None) as interrupts:
        interrupts.defer()
        signal.raise_signal(signal.SIGINT)
        interrupts.resume()

    assert (caught.value.name, caught.value.exit_code) == ("SIGINT", 130)


def test_without_a_signal_the_former_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in EXIT_CODES]

    with Interrupts():
        assert signal.getsignal(signal.SIGINT) not in before

    assert [signal.getsignal(number) for number in EXIT_CODES] == before


# What is shown


class Point(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


@dataclass
class Pair:
    left: object
    right: object


class Hostile(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 1


RING: list[Any] = []
RING.append(RING)

PLAIN: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    (1.5, 1.5),
    (math.inf, "inf"),
    (math.nan, "nan"),
    (10**700, hex(10**700)),
    (b"\x00\xff", "AP8="),
    (datetime(2024, 5, 6, 7, tzinfo=UTC), "2024-05-06T07:00:00+00:00"),
    (date(2024, 5, 6), "2024-05-06"),
    (timedelta(minutes=1.5), 90.0),
    ((1, (2,)), [1, [2]]),
    ({3}, [3]),
    (OrderedDict({1: "a", b"k": "b"}), {"1": "a", "b'k'": "b"}),
    (Point(x=1, y=(2,)), {"x": 1, "y": [2]}),
    (Pair(1, b""), {"left": 1, "right": ""}),
    (Pair, f"<class '{__name__}.Pair'>"),
]


@pytest.mark.parametrize(("value", "shown"), PLAIN, ids=[type(value).__name__ for value, _ in PLAIN])
def test_values_that_json_does_not_know_are_told_in_its_terms(value: object, shown: object) -> None:
    assert plain(value) == shown


@pytest.mark.parametrize("value", [Hostile(), RING, object(), open], ids=["hostile", "ring", "object", "function"])
def test_objects_that_were_shared_are_shown_whatever_they_are(value: object) -> None:
    assert json.dumps(plain(value))


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.timedeltas(),
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_any_plain_data_becomes_valid_json(value: object) -> None:
    text = json.dumps(plain(value), allow_nan=False)

    assert json.loads(text) == plain(value)


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
