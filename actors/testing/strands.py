"""The ready queue of a virtual event loop: whose callback is next is drawn by a seed."""

from __future__ import annotations

from asyncio import Handle
from collections import deque
from collections.abc import Iterator
from contextvars import Context, ContextVar
from random import Random

strand: ContextVar[int] = ContextVar("mixmode_strand", default=0)
"""What a callback belongs to: a call of an agent and all that it starts; 0 is the runtime itself."""


class Strands:
    """Stands in for the deque of callbacks of an event loop.

    The callbacks of one strand keep the order in which they were added, as asyncio promises; between strands there is
    no order to rely on, as they would be waiting for different servers.

    Args:
        random: Where it is drawn from which strand goes on.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._queues: dict[int, deque[Handle]] = {}
        # Those of the dict in a list, for the draw.
        self._strands: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Handle]:
        return (handle for queue in list(self._queues.values()) for handle in list(queue))

    def append(self, handle: Handle) -> None:
        """Add a callback to the end of its strand."""
        context: Context = handle._context  # type: ignore[attr-defined]  # Handle.get_context() came with 3.12
        number = context.get(strand, 0)
        queue = self._queues.get(number)
        if queue is None:
            queue = self._queues[number] = deque()
            self._strands.append(number)
        queue.append(handle)
        self._size += 1

    def popleft(self) -> Handle:
        """Remove and return the first callback of a strand that is drawn.

        Raises:
            IndexError: If there is none.
        """
        strands = self._strands
        place = 0 if len(strands) == 1 else self._random.randrange(len(strands) or 1)
        queue = self._queues[strands[place]]
        handle = queue.popleft()
        self._size -= 1
        if not queue:
            del self._queues[strands[place]]
            strands[place] = strands[-1]
            strands.pop()
        return handle

    def clear(self) -> None:
        """Remove all."""
        self._queues.clear()
        self._strands.clear()
        self._size = 0
