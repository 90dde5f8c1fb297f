"""Tests of the program as it is called."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.content.__main__ import main
from tests.examples.content.builders import BAKERY

BRIEF = "An introduction to sourdough"


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    logger = logging.getLogger("examples.content")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    for document in BAKERY:
        (documents / document.name).write_text(document.text, encoding="utf-8")
    return documents


def test_the_article_is_printed_and_the_rest_goes_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([BRIEF, "--folder", str(folder)])

    out, err = capsys.readouterr()
    assert code == 0
    assert out.startswith("# Sourdough\n")
    assert f"writing from {folder}: {BRIEF}" in err
    assert "latencies" in err
    assert "collaborative" in err


def test_the_article_is_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    articles = set()
    for _ in range(2):
        assert main(["--quiet"]) == 0
        articles.add(capsys.readouterr().out)

    assert len(articles) == 1


def test_the_article_is_written_to_a_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    article = tmp_path / "article.md"

    code = main([BRIEF, "--folder", str(folder), "--output", str(article), "--quiet"])

    assert code == 0
    assert article.read_text(encoding="utf-8").startswith("# Sourdough\n")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("arguments", [["Submarines"], [BRIEF, "--output", "."]])
def test_an_article_that_cannot_be_made_or_written_fails(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*arguments, "--folder", str(folder), "--quiet"])

    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert err.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["Write an article about it"], "does not say what the article is about"),
        (["--folder", "nowhere"], "not a folder: 'nowhere'"),
        (["--folder", "."], "no documents in '.'"),
        (["--output", "no/where.md"], "its folder does not exist"),
    ],
)
def test_wrong_calls_are_bad_usage(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    code = main(arguments)

    assert code == 2
    assert complaint in capsys.readouterr().err


def test_unreadable_documents_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "latin.txt").write_bytes("Brötchen".encode("latin-1"))

    assert main([BRIEF, "--folder", str(folder), "--quiet"]) == 0
    assert "skipped latin.txt: it is not UTF-8 text" in capsys.readouterr().err
