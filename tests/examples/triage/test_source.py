"""Tests of where tickets come from."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from examples.triage import source
from examples.triage.errors import MissingColumnsError, NoTicketsError, UnknownFormatError
from examples.triage.source import intake_from
from tests.examples.triage.builders import SAMPLE

ENTRY = "oven (1.0) unstable; urgency=low\n\n  * Bakes.\n\n --\n"
TABLE = "package,version,changes\noven,2.0,Bakes.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    oven = tmp_path / "doc" / "oven"
    oven.mkdir(parents=True)
    (oven / "changelog.Debian.gz").write_bytes(gzip.compress(ENTRY.encode()))
    (oven / "changelog.gz").write_bytes(gzip.compress(b"what upstream says"))
    return tmp_path / "doc"


def test_a_folder_of_packages_is_read(folder: Path) -> None:
    (folder / "kettle").mkdir()
    (folder / "kettle" / "changelog.gz").write_bytes(gzip.compress(ENTRY.replace("oven", "kettle").encode()))
    (folder / "lid").mkdir()
    (folder / "lid" / "changelog").write_text("Not Debian's form.", encoding="utf-8")
    (folder / "copyright").write_text("Nobody's.", encoding="utf-8")

    intake = intake_from(folder)

    assert [ticket.id for ticket in intake.tickets] == ["kettle/1.0", "oven/1.0"]
    assert intake.problems == ()
    assert intake.name == str(folder)


def test_links_are_passed_over(folder: Path) -> None:
    (folder / "oven-doc").symlink_to("oven")
    (folder / "oven-dev").mkdir()
    (folder / "oven-dev" / "changelog.Debian.gz").symlink_to("../oven/changelog.Debian.gz")

    intake = intake_from(folder)

    assert [ticket.id for ticket in intake.tickets] == ["oven/1.0"]


def test_tables_of_a_folder_are_read(folder: Path) -> None:
    (folder / "more.csv").write_text(TABLE, encoding="utf-8")
    (folder / "more.jsonl.gz").write_bytes(gzip.compress(b'{"package": "pan", "version": "1", "changes": "Fries."}'))

    intake = intake_from(folder)

    assert [ticket.id for ticket in intake.tickets] == ["more.csv:2", "more.jsonl.gz:1", "oven/1.0"]


def test_the_changelog_of_one_package_is_read(folder: Path) -> None:
    intake = intake_from(folder / "oven")

    assert [ticket.id for ticket in intake.tickets] == ["oven/1.0"]


def test_files_that_cannot_be_read_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_LARGEST_BYTES", 100)
    broken = {
        "cut": gzip.compress(ENTRY.encode())[:-9],
        "huge": gzip.compress(b" " * 101),
        "plain": ENTRY.encode(),
        "strange": gzip.compress(b"Ovens of the world"),
    }
    for name, content in broken.items():
        (folder / name).mkdir()
        (folder / name / "changelog.Debian.gz").write_bytes(content)
    (folder / "bare.csv").write_text("a,b\n", encoding="utf-8")

    intake = intake_from(folder)

    assert len(intake.tickets) == 1
    problems = {problem.place.partition("/")[0]: str(problem) for problem in intake.problems}
    assert problems["cut"].startswith("cut/changelog.Debian.gz: Compressed file ended")
    assert problems["huge"] == "huge/changelog.Debian.gz: it has more than 100 bytes"
    assert "Not a gzipped file" in problems["plain"]
    assert problems["strange"] == "strange/changelog.Debian.gz: it does not begin as a changelog does"
    assert problems["bare.csv"].startswith("bare.csv: 'bare.csv' has no column")


def test_one_file_is_read(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "tickets.CSV"
    table.write_text(TABLE, encoding="utf-8-sig")

    assert [ticket.id for ticket in intake_from(table).tickets] == ["tickets.CSV:2"]
    assert [ticket.id for ticket in intake_from(folder / "oven" / "changelog.Debian.gz").tickets] == ["oven/1.0"]


def test_old_texts_are_read_as_latin_1(tmp_path: Path) -> None:
    changelog = tmp_path / "changelog"
    changelog.write_bytes(ENTRY.replace("Bakes", "Bäckt").encode("latin-1"))

    (ticket,) = intake_from(changelog).tickets

    assert ticket.changes == ("Bäckt.",)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("notes.txt", "Buy bread.", UnknownFormatError),
        ("t.csv", "a,b\n", MissingColumnsError),
        ("t.jsonl", "{\n", NoTicketsError),
        ("empty.jsonl", "", NoTicketsError),
    ],
)
def test_a_file_without_tickets_is_refused(name: str, content: str, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")

    with pytest.raises(error):
        intake_from(tmp_path / name)


def test_a_file_of_malformed_lines_tells_how_many(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("{\n{\n", encoding="utf-8")

    with pytest.raises(NoTicketsError, match="2 lines are malformed, and there are no others"):
        intake_from(tmp_path / "t.jsonl")


def test_a_folder_without_tickets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoTicketsError, match="no tickets in"):
        intake_from(tmp_path)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        intake_from(tmp_path / "nowhere")


def test_by_default_the_changelogs_of_the_machine_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MACHINE", folder)

    assert intake_from().name == str(folder)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_without_changelogs_the_sample_is_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(source, "MACHINE", tmp_path / name)

    assert intake_from().name == str(SAMPLE)


def test_the_sample_names_nobody_and_is_well_formed() -> None:
    intake = intake_from(SAMPLE)

    assert len(intake.tickets) == 222
    assert intake.problems == ()
    trailers = {line for path in SAMPLE.glob("*/*") for line in path.read_text().splitlines() if line.startswith(" --")}
    assert trailers == {" --"}


def test_every_package_of_the_sample_has_its_licence_stated() -> None:
    stated = (SAMPLE / "SOURCES.md").read_text(encoding="utf-8")

    assert all(f"| `{folder.name}` |" in stated for folder in SAMPLE.iterdir() if folder.is_dir())
