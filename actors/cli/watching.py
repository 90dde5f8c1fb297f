"""Watching: how a run's stages are shown while it lasts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from actors.cli.progress import Progress
from actors.control.telemetry import Observer


@contextmanager
def watching(*, is_quiet: bool) -> Iterator[tuple[Observer, ...]]:
    """Give the observers of a run: a live tree on a terminal, lines where standard error is none, nobody if quiet."""
    if is_quiet:
        yield ()
    elif not sys.stderr.closed and sys.stderr.isatty():  # a module of the user's may have closed it
        from actors.cli.live import LiveTree  # noqa: PLC0415  # rich takes a tenth of a second to import

        with LiveTree() as tree:
            yield (tree,)
    else:
        yield (Progress(),)
