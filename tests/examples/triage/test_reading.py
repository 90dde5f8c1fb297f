"""Tests of what tickets are about, and of what desks take down."""

from __future__ import annotations

import pytest

from examples.triage.desk import Desk
from examples.triage.desks import BUILD, CRASH, DESKS, GENERAL, PACKAGING, TRANSLATION, UPSTREAM
from examples.triage.reading import bugs_of, topics_of


@pytest.mark.parametrize(
    ("change", "desk"),
    [
        ("Fix CVE-2020-1234", "security"),
        ("Fix a heap overflow: use-after-free in the lid", "security"),
        ("Fix segfault on startup", "crash"),
        ("Fix a regression of 1.2", "crash"),
        ("Fix FTBFS with gcc-12", "build"),
        ("Fails to build from source on hurd", "build"),
        ("Make lintian happy", "packaging"),
        ("Bump Standards-Version to 4.6.2", "packaging"),
        ("Updated Danish translation", "translation"),
        ("Fix a typo in oven(1)", "documentation"),
        ("New upstream release", "upstream"),
    ],
)
def test_a_change_concerns_a_desk(change: str, desk: str) -> None:
    assert topics_of([change], "unstable")[0] == desk


def test_topics_are_in_the_order_of_the_desks() -> None:
    changes = ["New upstream release", "Fix a typo", "Bump Standards-Version", "Fix a crash", "Fix CVE-2020-1234"]

    assert topics_of(changes, "unstable") == ["security", "crash", "packaging", "documentation", "upstream"]


def test_what_goes_to_a_security_distribution_concerns_security() -> None:
    assert topics_of(["Rebuild."], "bookworm-security") == ["security", "build"]


def test_small_things_concern_nobody() -> None:
    assert topics_of(["Turn the light on."], "unstable") == []


def test_the_desks_are_asked_in_the_declared_order() -> None:
    names = [desk.name for desk in DESKS]

    assert names == ["security", "crash", "build", "packaging", "translation", "documentation", "upstream"]


@pytest.mark.parametrize(
    ("desk", "change", "facts"),
    [
        (CRASH, "Fix SIGSEGV, a regression introduced in 1.2-3.", {"signals": ["SIGSEGV"], "since": ["1.2-3"]}),
        (
            BUILD,
            "FTBFS with gcc-12 on hppa, hppa and s390x",
            {"compilers": ["gcc-12"], "architectures": ["hppa", "s390x"]},
        ),
        (PACKAGING, "Standards-Version: 4.6.2", {"standards": ["4.6.2"]}),
        (PACKAGING, "Bump debhelper compat level to 13", {"debhelper": ["13"]}),
        (PACKAGING, "Override lintian's very-long-line-length", {"tags": ["very-long-line-length"]}),
        (TRANSLATION, "Danish and Brazilian Portuguese", {"languages": ["Danish", "Brazilian Portuguese"]}),
        (UPSTREAM, "New upstream version 1.9.4", {"releases": ["1.9.4"]}),
        (GENERAL, "Turn the light on.", {}),
    ],
)
def test_a_desk_takes_down_facts(desk: Desk, change: str, facts: dict[str, list[str]]) -> None:
    assert desk.facts_of([change]) == facts


def test_a_dozen_facts_of_a_kind_will_do() -> None:
    changes = [f"FTBFS with gcc-{number}" for number in range(1, 30)]

    assert len(BUILD.facts_of(changes)["compilers"]) == 12


@pytest.mark.parametrize(
    ("change", "bugs"),
    [
        ("Fix it. (Closes: #1234)", ["1234"]),
        ("closes: #1234, #5678", ["1234", "5678"]),
        ("Closes: Bug#1234, bug#5678", ["1234", "5678"]),
        ("Closes: 1234", ["1234"]),
        ("Close #1234. Closes: #1234.", ["1234"]),
        ("See #1234", []),
    ],
)
def test_closed_bugs_are_found(change: str, bugs: list[str]) -> None:
    assert bugs_of([change]) == bugs
