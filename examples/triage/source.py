"""Where tickets come from: a file, a folder, the changelogs of this machine, or the sample."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from examples.triage.changelog import is_changelog, tickets_in
from examples.triage.errors import NoTicketsError, TriageError, UnknownFormatError
from examples.triage.problem import Problem
from examples.triage.tables import csv_tickets, json_tickets
from examples.triage.ticket import Ticket

MACHINE = Path("/usr/share/doc")
SAMPLE = Path(__file__).with_name("sample")
_TABLES: dict[str, Callable[[str, str], tuple[list[Ticket], list[Problem]]]] = {
    ".csv": csv_tickets,
    ".jsonl": json_tickets,
}
_OF_DEBIAN = ("changelog.Debian.gz", "changelog.Debian")
_CHANGELOGS = (*_OF_DEBIAN, "changelog.gz", "changelog")
_LARGEST_BYTES = 64_000_000


@dataclass(frozen=True)
class Intake:
    """What a source has.

    Attributes:
        name: The source, as a reader should know it.
        tickets: At least one, in the order of the files' names.
        problems: The lines and files that could not be read.
    """

    name: str
    tickets: tuple[Ticket, ...]
    problems: tuple[Problem, ...] = ()


def intake_from(source: Path | None = None) -> Intake:
    """Read all tickets of a source.

    Args:
        source: A changelog, a .csv or .jsonl file, each may be compressed with gzip; or a folder of such, with one
            folder for each package or without. None is the documentation of this machine if it keeps changelogs,
            else the sample.

    Raises:
        OSError: If the source cannot be read.
        UnknownFormatError: If it is a file of another kind.
        MissingColumnsError: If it is a table without the columns that are needed.
        NoTicketsError: If there is no ticket in it.
    """
    if source is None:
        source = MACHINE if MACHINE.is_dir() and any(_files_in(MACHINE)) else SAMPLE
    tickets: list[Ticket] = []
    problems: list[Problem] = []
    if source.is_dir():
        for path in _files_in(source):
            _collect(path, path.relative_to(source).as_posix(), tickets, problems)
    else:
        tickets, problems = _tickets_of(source, source.name)
    if not tickets:
        raise NoTicketsError(str(source), len(problems))
    return Intake(str(source), tuple(tickets), tuple(problems))


def _collect(path: Path, place: str, tickets: list[Ticket], problems: list[Problem]) -> None:
    """Add what one of a folder's files has; one that cannot be read is a problem."""
    try:
        found, malformed = _tickets_of(path, place)
    except UnknownFormatError:
        if path.name in _OF_DEBIAN:
            problems.append(Problem(place, 0, "it does not begin as a changelog does"))
    except (OSError, EOFError, zlib.error, TriageError) as error:
        problems.append(Problem(place, 0, str(error)))
    else:
        tickets += found
        problems += malformed


def _tickets_of(path: Path, place: str) -> tuple[list[Ticket], list[Problem]]:
    text = _text_of(path)
    table = _TABLES.get(Path(path.name.removesuffix(".gz")).suffix.lower())
    if table is not None:
        return table(text, place)
    if not is_changelog(text):
        raise UnknownFormatError(place)
    return tickets_in(text, place, place.rpartition("/")[0])


def _text_of(path: Path) -> str:
    """Return what a file holds, unpacked; what is not UTF-8 is read as Latin-1, as old changelogs are."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise OSError(f"it has more than {_LARGEST_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield the tables in a folder, its own changelog, and those of the packages that have a folder in it."""
    here = sorted(folder.iterdir())
    yield from (path for path in here if Path(path.name.removesuffix(".gz")).suffix.lower() in _TABLES)
    yield from _changelog_of(folder)
    for path in here:
        yield from _changelog_of(path)


def _changelog_of(folder: Path) -> Iterator[Path]:
    """Yield a package's changelog: Debian's; if there is none, its own, which a package made for Debian has.

    Links are passed over: what they lead to is another package's, and read there.
    """
    found = (folder / name for name in _CHANGELOGS)
    paths = [path for path in found if path.is_file()]
    if paths and not folder.is_symlink() and not paths[0].is_symlink():
        yield paths[0]
