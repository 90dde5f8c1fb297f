"""Tests of the program as it is called."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from actors import Runtime
from examples.triage import __main__ as program
from examples.triage.__main__ import main
from examples.triage.dispatch import Dispatch
from examples.triage.handled import Handled
from examples.triage.history import History
from examples.triage.source import intake_from
from examples.triage.ticket import Ticket
from examples.triage.workflow import spawn_agents
from tests.examples.triage.builders import SAMPLE
from tests.limits import PATIENCE

ROOT = Path(__file__).parents[3]
TOO_LONG = PATIENCE
MANY = 3_000
"""How many tickets give more JSON than a pipe holds."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text(
        "package,version,changes\noven,1.0,Fix a crash\n,1.1,Fix a crash\noven,1.2,Fix CVE-2020-1234\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def long_table(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.jsonl"
    lines = (json.dumps({"package": "oven", "version": f"{number}", "changes": "Bakes."}) for number in range(MANY))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "examples.triage", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_summary_is_printed_and_the_rest_goes_elsewhere(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--source", str(table)])

    out, err = capsys.readouterr()
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [["security", "1"], ["crash", "1"]]
    assert f"{table}: 1 malformed line\n" in out
    assert "entries a second" in out
    assert "malformed: tickets.csv:3: package must be a text that is not empty" in err
    assert "triaged 2 of 2" in err


def test_the_summary_of_the_sample_is_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = set()
    for max_runs in ("1", "7", "500"):
        assert main(["--source", str(SAMPLE), "--no-times", "--quiet", "--max-runs", max_runs]) == 0
        outputs.add(capsys.readouterr().out)

    (output,) = outputs
    assert [line.split()[:2] for line in output.splitlines()[1:-1]] == [
        ["security", "63"],
        ["crash", "12"],
        ["build", "21"],
        ["packaging", "69"],
        ["translation", "3"],
        ["documentation", "5"],
        ["upstream", "30"],
        ["general", "19"],
        ["all", "222"],
    ]


def test_results_are_lines_of_json_in_the_order_of_the_tickets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--source", str(SAMPLE), "--json", "--quiet"]) == 0
    first = capsys.readouterr()
    assert main(["--source", str(SAMPLE), "--json", "--quiet", "--max-runs", "3"]) == 0
    second = capsys.readouterr()

    results = [json.loads(line) for line in first.out.splitlines()]
    assert first.out == second.out
    assert [result["id"] for result in results] == [ticket.id for ticket in intake_from(SAMPLE).tickets]
    escalated = {result["id"]: result["reason"] for result in results if result["status"] == "escalated"}
    assert escalated["libvorbis/1.2.3-2"] == "CVE-2009-2663: fix withdrawn; not settled in 21 later versions"
    assert "@" not in first.out
    assert first.err.startswith("desk ")


def test_a_limit_is_kept_and_later_versions_are_still_known(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["package,version,changes", 'oven,1.0,"Mitigating CVE-2020-1234"', "oven,1.1,Fix CVE-2020-1234"]
    table.write_text("\n".join(lines), encoding="utf-8")

    assert main(["--source", str(table), "--limit", "1", "--json", "--quiet"]) == 0

    (result,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert result["reason"] == "1 fixed in 1.1"


def test_many_malformed_lines_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("{\n" * 9 + '{"package": "oven", "version": "1", "changes": "Bakes."}\n', encoding="utf-8")

    assert main(["--source", str(path), "--quiet"]) == 0

    out, err = capsys.readouterr()
    assert "9 malformed lines" in out
    assert len(err.splitlines()) == 6
    assert err.splitlines()[-1] == "malformed: and 4 more lines"


def test_tickets_that_fail_are_told_and_the_others_are_done(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def burn(event: object, state: object) -> None:
        raise RuntimeError("the oven is hot")

    def spawn_with_fire(runtime: Runtime, history: History) -> None:
        spawn_agents(runtime, history)
        runtime.stop_agent("crash-desk")
        runtime.spawn("crash-desk", burn)

    monkeypatch.setattr(program, "spawn_agents", spawn_with_fire)

    code = main(["--source", str(table), "--quiet"])

    out, err = capsys.readouterr()
    assert code == 1
    assert out.splitlines()[1].split()[:4] == ["security", "1", "0", "1"]
    assert "failed: tickets.csv:2: failed (child_failed)" in err
    assert "the oven is hot" in err


def test_metrics_are_served_meanwhile(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ports: list[int] = []

    def spawn_and_look(runtime: Runtime, history: History) -> None:
        assert runtime.metrics_port is not None
        ports.append(runtime.metrics_port)
        spawn_agents(runtime, history)

    monkeypatch.setattr(program, "spawn_agents", spawn_and_look)

    assert main(["--source", str(table), "--quiet", "--metrics-port", "0"]) == 0
    assert len(ports) == 1


def test_a_port_that_is_taken_fails(table: Path, taken_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--source", str(table), "--quiet", "--metrics-port", str(taken_port)])

    assert code == 1
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere", "notes.txt", "empty.jsonl", "bare.csv"])
def test_a_source_without_tickets_is_bad_usage(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for each in ("notes.txt", "empty.jsonl", "bare.csv"):
        (tmp_path / each).write_text("", encoding="utf-8")

    code = main(["--source", str(tmp_path / name)])

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith("error: ")


def test_wrong_options_are_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--limit", "0"])

    assert raised.value.code == 2
    assert "expected 1 or more" in capsys.readouterr().err


def test_an_interrupt_tells_what_is_done(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Dispatch.handle

    def handle_some(self: Dispatch, tickets: Iterable[Ticket]) -> Iterator[Handled]:
        for count, handled in enumerate(handle(self, tickets)):
            if count == 100:
                raise KeyboardInterrupt
            yield handled

    monkeypatch.setattr(Dispatch, "handle", handle_some)

    code = main(["--source", str(SAMPLE), "--no-times", "--quiet"])

    out, err = capsys.readouterr()
    assert code == 130
    assert out.splitlines()[-2].split()[:2] == ["all", "100"]
    assert err == "interrupted: 100 of 222 tickets were handled\n"


def test_an_interrupt_while_tickets_are_read_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(source: Path | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "intake_from", interrupt)

    assert main([]) == 130


def test_ctrl_c_gives_the_summary_of_what_is_done(long_table: Path) -> None:
    process = start("--source", long_table, "--json", "--no-times")
    assert process.stdout is not None
    process.stdout.readline()

    process.send_signal(signal.SIGINT)  # it has not ended: what it prints is more than a pipe holds, and is not read
    _, err = process.communicate(timeout=TOO_LONG)

    assert process.returncode == 130
    (done,) = (int(line.split()[1].replace(",", "")) for line in err.splitlines() if line.startswith("all "))
    assert 0 < done < MANY
    assert f"interrupted: {done:,} of {MANY:,} tickets were handled" in err
    assert "Traceback" not in err


def test_a_reader_who_leaves_ends_the_program_quietly(long_table: Path) -> None:
    process = start("--source", long_table, "--json", "--quiet")
    assert process.stdout is not None
    first = process.stdout.readline()

    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=TOO_LONG)

    assert json.loads(first)["id"] == "tickets.jsonl:1"
    assert (process.returncode, err) == (1, "")
