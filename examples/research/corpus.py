"""Where documents come from: a folder, or the reference that every CPython carries."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics

from examples.research.docstrings import docstrings_of
from examples.research.document import Document, Markup
from examples.research.errors import EmptyCorpusError

_MARKUPS: Mapping[str, Markup] = {
    ".md": "markdown",
    ".txt": "plain",
    ".rst": "rst",
    ".py": "rst",
}
_LARGEST_BYTES = 4_000_000


@dataclass(frozen=True)
class Skipped:
    """A file that was found but could not be used."""

    name: str
    reason: str


@dataclass(frozen=True)
class Corpus:
    """Documents that are searched together.

    Attributes:
        name: What a reader should know it as.
        documents: At least one, ordered by name.
    """

    name: str
    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...] = ()


def python_reference() -> Corpus:
    """Return the topics of the Python reference that this interpreter carries."""
    documents = (Document(name, text, "sphinx") for name, text in sorted(topics.items()))
    return Corpus(f"the Python {platform.python_version()} reference", tuple(documents))


def folder_corpus(folder: Path) -> Corpus:
    """Read every .txt, .md and .rst file and the docstrings of every .py file below `folder`.

    Hidden files and folders are passed over. What cannot be read is noted in `skipped`.

    Raises:
        NotADirectoryError: If `folder` is no folder.
        EmptyCorpusError: If nothing in it could be used.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"not a folder: {str(folder)!r}")
    documents: list[Document] = []
    skipped: list[Skipped] = []
    for path in sorted(_files(folder)):
        name = path.relative_to(folder).as_posix()
        try:
            documents.append(_read(path, name))
        except (OSError, ValueError, SyntaxError) as error:
            skipped.append(Skipped(name, _reason(error)))
    if not any(document.text.strip() for document in documents):
        raise EmptyCorpusError(str(folder), len(skipped))
    return Corpus(str(folder), tuple(documents), tuple(skipped))


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            if path.suffix.lower() in _MARKUPS and not name.startswith("."):
                yield path


def _read(path: Path, name: str) -> Document:
    size = path.stat().st_size
    if size > _LARGEST_BYTES:
        raise ValueError(f"it has {size} bytes, more than {_LARGEST_BYTES}")
    text = path.read_text(encoding="utf-8-sig")
    suffix = path.suffix.lower()
    if suffix == ".py":
        text = docstrings_of(text, name.removesuffix(".py").replace("/", "."))
    return Document(name, text, _MARKUPS[suffix])


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, SyntaxError):
        return f"it is not valid Python: {error.msg}"
    return str(error)
