"""Tests of where documents come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.research.corpus import Skipped, folder_corpus, python_reference
from examples.research.errors import EmptyCorpusError
from examples.research.passages import passages_of


def test_the_reference_of_python_is_always_there() -> None:
    names = [document.name for document in python_reference().documents]

    assert {"with", "try", "context-managers"} <= set(names)
    assert names == sorted(names)


def test_a_folder_is_read_with_its_subfolders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.rst").write_text("Beer is cold.", encoding="utf-8")
    (tmp_path / "a.MD").write_text("Bread is warm.", encoding="utf-8")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "c.txt").write_text("Hidden.", encoding="utf-8")

    corpus = folder_corpus(tmp_path)

    assert [(each.name, each.markup) for each in corpus.documents] == [
        ("a.MD", "markdown"),
        ("sub/b.rst", "rst"),
    ]


def test_of_python_the_docstrings_are_read(tmp_path: Path) -> None:
    source = 'class Oven:\n  def bake(self):\n    "Bake the bread."\n  def _stop(self):\n    "No."'
    (tmp_path / "kitchen.py").write_text(source, encoding="utf-8")

    (document,) = folder_corpus(tmp_path).documents

    (passage,) = passages_of(document)
    assert (passage.subject, passage.text) == ("kitchen.Oven.bake", "Bake the bread.")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("Bread is warm.", encoding="utf-8")
    (tmp_path / "latin.txt").write_bytes("Brötchen".encode("latin-1"))
    (tmp_path / "broken.py").write_text("def (", encoding="utf-8")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere.md")
    (tmp_path / "huge.txt").write_bytes(b" " * 4_000_001)

    skipped = folder_corpus(tmp_path).skipped

    assert skipped == (
        Skipped("broken.py", "it is not valid Python: invalid syntax"),
        Skipped("gone.md", "No such file or directory"),
        Skipped("huge.txt", "it has 4000001 bytes, more than 4000000"),
        Skipped("latin.txt", "it is not UTF-8 text"),
    )


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyCorpusError, match="no documents in"):
        folder_corpus(tmp_path)


def test_a_folder_of_unreadable_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Brötchen".encode("latin-1"))

    with pytest.raises(EmptyCorpusError, match="none of the 1 documents in .* could be read"):
        folder_corpus(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="not a folder"):
        folder_corpus(tmp_path / "nowhere")
