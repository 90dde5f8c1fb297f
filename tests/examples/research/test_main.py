"""Tests of the program as it is called."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.research.__main__ import main


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    logger = logging.getLogger("examples.research")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def _empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "beer.md").write_text("# Beer\n\nHot wort kills the yeast within seconds.\n", encoding="utf-8")
    return documents


def test_the_report_is_printed_and_the_rest_goes_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["What kills yeast?", "--folder", str(folder)])

    out, err = capsys.readouterr()
    assert code == 0
    assert out.startswith("# What kills yeast?\n")
    assert "Hot wort kills the yeast within seconds. [1]" in out
    assert f"searching {folder}" in err
    assert "latencies" in err
    assert "Gather" in err


def test_the_report_is_written_to_a_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.md"

    code = main(["What kills yeast?", "--folder", str(folder), "--output", str(report), "--quiet"])

    assert code == 0
    assert report.read_text(encoding="utf-8").startswith("# What kills yeast?\n")
    assert capsys.readouterr() == ("", "")


def test_a_question_without_an_answer_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["Where are submarines?", "--folder", str(folder), "--quiet"])

    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert "no document answers 'Where are submarines?'; looked for 'submarines'" in err


def test_a_report_that_cannot_be_written_fails(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["What kills yeast?", "--folder", str(folder), "--output", str(tmp_path)])

    assert code == 1
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["What is it?"], "nothing to look up in 'What is it?'"),
        (["--folder", "nowhere"], "not a folder: 'nowhere'"),
        (["--folder", "."], "no documents in '.'"),
        (["--output", "no/where.md"], "its folder does not exist"),
    ],
)
@pytest.mark.usefixtures("_empty_directory")
def test_wrong_calls_are_bad_usage(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(arguments)

    assert code == 2
    assert complaint in capsys.readouterr().err


def test_unreadable_documents_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "latin.txt").write_bytes("Brötchen".encode("latin-1"))

    code = main(["What kills yeast?", "--folder", str(folder)])

    assert code == 0
    assert "skipped latin.txt: it is not UTF-8 text" in capsys.readouterr().err
