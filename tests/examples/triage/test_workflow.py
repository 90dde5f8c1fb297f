"""Tests of the workflow, run by a real runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors import Event, Runtime
from actors.definitions import Definition
from examples.triage import source, workflow
from examples.triage.desks import DESKS, GENERAL
from examples.triage.history import History
from examples.triage.workflow import AGENTS, WORKFLOW, spawn_agents
from tests.examples.triage.builders import TIMEOUT, ticket, triage

FILE = Path(workflow.__file__).with_name("workflow.toml")


@pytest.mark.parametrize(
    ("change", "desk"),
    [
        ("Fix a crash", "crash"),
        ("Fix FTBFS", "build"),
        ("Bump Standards-Version", "packaging"),
        ("Updated Danish translation", "translation"),
        ("Fix a typo", "documentation"),
        ("New upstream release", "upstream"),
        ("Turn the light on.", "general"),
    ],
)
def test_a_ticket_is_filed_by_its_desk(change: str, desk: str) -> None:
    (handled,) = triage([ticket(change, urgency="high")])

    assert (handled.desk, handled.status) == (desk, "filed")
    assert handled.notes["priority"] == 1


def test_a_ticket_for_several_desks_goes_to_the_first_of_them() -> None:
    (handled,) = triage([ticket("New upstream release", "Fix a typo", "Fix a crash (Closes: #1234)")])

    assert handled.desk == "crash"
    assert handled.notes["topics"] == ["crash", "documentation", "upstream"]
    assert handled.notes["bugs"] == ["1234"]


def test_a_security_ticket_is_looped_until_it_is_resolved() -> None:
    event = Event(target="triage", data=ticket("Lock the door, mitigating CVE-2020-1234").as_data())
    later = [ticket("Bakes.", version="1.1"), ticket("Fix CVE-2020-1234", version="1.2")]

    with Runtime() as runtime:
        spawn_agents(runtime, History(later))
        result = runtime.run(WORKFLOW, event, timeout=TIMEOUT)

    loop = next(record for record in result.trace.walk() if record.pattern == "loop")
    assert (loop.iterations, str(loop.outcome)) == (3, "ok (condition_met)")
    assert (result.state["status"], result.state["reason"]) == ("resolved", "1 fixed in 1.2")


def test_a_security_ticket_that_nothing_settles_is_escalated() -> None:
    (handled,) = triage([ticket("Remove CVE-2020-1234.patch")])

    assert (handled.desk, handled.status) == ("security", "escalated")
    assert handled.reason == "CVE-2020-1234: fix withdrawn; not settled in 0 later versions"
    assert handled.notes["facts"]["open"] == {"CVE-2020-1234": "fix withdrawn"}


def test_every_desk_has_its_rule_and_its_agent() -> None:
    routes = WORKFLOW.steps[1]

    assert dict(routes.rules) == {desk.name: f"{desk.name}-desk" for desk in DESKS}
    assert routes.default == f"{GENERAL.name}-desk"


def test_the_file_says_the_same() -> None:
    definition = Definition.load(FILE)

    assert definition.workflow == WORKFLOW
    assert definition.resolve() == AGENTS


def test_the_file_alone_triages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "oven").mkdir()
    (tmp_path / "oven" / "changelog.Debian").write_text(
        "oven (2.0) unstable; urgency=low\n\n  * Fix CVE-2020-1234\n\n --\n", encoding="utf-8"
    )
    monkeypatch.setattr(source, "MACHINE", tmp_path)
    definition = Definition.load(FILE)
    subject = ticket("Lock the door, mitigating CVE-2020-1234")

    with Runtime() as runtime:
        definition.spawn_into(runtime)
        result = runtime.run(definition.workflow, Event(target="triage", data=subject.as_data()), timeout=TIMEOUT)

    assert result.state["reason"] == "1 fixed in 2.0"
