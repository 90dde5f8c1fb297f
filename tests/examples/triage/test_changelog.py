"""Tests of changelogs being taken apart."""

from __future__ import annotations

from examples.triage.changelog import is_changelog, tickets_in

ENTRY = """\
oven (1:1.0~rc1-1) unstable; urgency=High

  [ Ada Example ]
  * New upstream release:
    - Do not burn bread on Sundays,
      nor on Mondays. (Closes: #1234)
    - Open the door.
  * Standards-Version: 4.6.2

 -- Ada Example <ada@kitchen.example>  Mon, 06 Jan 2020 10:00:00 +0000
"""


def test_an_entry_is_a_ticket() -> None:
    (ticket,), problems = tickets_in(ENTRY, "oven/changelog.Debian", "oven-doc")

    assert problems == []
    assert ticket.id == "oven-doc/1:1.0~rc1-1"
    assert (ticket.package, ticket.version) == ("oven", "1:1.0~rc1-1")
    assert (ticket.distribution, ticket.urgency) == ("unstable", "high")


def test_changes_below_a_heading_have_it_before_them() -> None:
    (ticket,), _ = tickets_in(ENTRY, "changelog", "")

    assert ticket.changes == (
        "New upstream release:",
        "New upstream release: Do not burn bread on Sundays, nor on Mondays. (Closes: #1234)",
        "New upstream release: Open the door.",
        "Standards-Version: 4.6.2",
    )


def test_a_long_change_is_no_heading() -> None:
    long = "This change is told in so many words that nobody would take it for a heading"
    text = f"oven (1) unstable; urgency=low\n\n  * {long}\n    - Open the door.\n"

    (ticket,), _ = tickets_in(text, "changelog", "")

    assert ticket.changes == (long, "Open the door.")


def test_nobody_is_named() -> None:
    (ticket,), _ = tickets_in(ENTRY, "changelog", "")

    assert "Ada" not in str(ticket)
    assert "@" not in str(ticket)


def test_without_an_owner_the_package_names_the_ticket() -> None:
    (ticket,), _ = tickets_in(ENTRY, "changelog", "")

    assert ticket.id == "oven/1:1.0~rc1-1"


def test_a_version_told_twice_is_told_apart() -> None:
    tickets, _ = tickets_in(ENTRY + "\n" + ENTRY, "changelog", "")

    assert [ticket.id for ticket in tickets] == ["oven/1:1.0~rc1-1", "oven/1:1.0~rc1-1#2"]


def test_what_a_header_lacks_is_filled_in() -> None:
    (ticket,), _ = tickets_in("oven (1.2.12); priority=LOW\n\n  Bakes.\n", "changelog", "")

    assert (ticket.distribution, ticket.urgency, ticket.changes) == ("unknown", "low", ("Bakes.",))


def test_without_settings_the_urgency_is_low() -> None:
    (ticket,), _ = tickets_in("oven (1) stable unstable;\n\n  * Bakes.\n", "changelog", "")

    assert (ticket.distribution, ticket.urgency) == ("stable unstable", "low")


def test_lines_of_no_entry_are_named_and_the_rest_is_read() -> None:
    text = f"  * Lost.\n{ENTRY}Changes by ada@kitchen.example in 1995:\n{ENTRY}"

    tickets, problems = tickets_in(text, "oven/changelog", "")

    assert len(tickets) == 2
    assert [str(problem) for problem in problems] == [
        "oven/changelog:1: belongs to no entry: '* Lost.'",
        "oven/changelog:12: belongs to no entry: 'Changes by in 1995:'",
    ]


def test_a_long_line_is_cut_where_it_is_named() -> None:
    _, (problem,) = tickets_in("x" * 100, "changelog", "")

    assert problem.reason == f"belongs to no entry: '{'x' * 60}...'"


def test_comments_and_editors_settings_are_passed_over() -> None:
    text = f"# comment\n{ENTRY}\nLocal variables:\nmode: debian-changelog\nEnd:\nvim:sw=2\n"

    tickets, problems = tickets_in(text, "changelog", "")

    assert (len(tickets), problems) == (1, [])


def test_old_changes_in_another_form_are_left_alone() -> None:
    text = f"{ENTRY}\nMon Jan  2 1995 somebody\n\n\t* oven.c: bake\n\n{ENTRY}"

    tickets, problems = tickets_in(text, "changelog", "")

    assert (len(tickets), problems) == (2, [])


def test_a_changelog_is_told_by_its_first_line() -> None:
    assert is_changelog(f"\n{ENTRY}")
    assert not is_changelog("2020-01-06  Ada Example\n")
    assert not is_changelog("")
