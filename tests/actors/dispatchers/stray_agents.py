"""Agents that write to the channel of their process, as a library does that writes to a file that was closed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from actors import Agent, Event, State
from actors.codec import encode
from actors.processes import service as process_service
from actors.processes.child import MARK_BYTES, framed

sent: list[bytes] = []


def answer_by(frame: Callable[[bytes, bytes], bytes]) -> None:
    vars(process_service)["framed"] = frame


def recorded(content: bytes, mark: bytes) -> bytes:
    sent.append(framed(content, mark))
    return sent[-1]


def channel() -> int:
    """Return the file through which this process answers."""
    return int(sys.argv[2])


def stray(data: Any) -> bytes:
    """Return what is to be written."""
    if data["what"] == "replay":
        number: int = data["number"]
        return sent[number % len(sent)]
    if data["what"] == "answer":
        delta = {"changed": {"secret_of": "nobody"}, "removed": (), "metadata": {}}
        return framed(encode(Event(data=delta)), os.urandom(MARK_BYTES))
    return bytes(data["bytes"])


def misplace(data: Any) -> None:
    """Write something before the answer to this event, in the midst of it or after it."""
    content = stray(data)
    if data["where"] == "before":
        os.write(channel(), content)
        return

    def spoilt(answer: bytes, mark: bytes) -> bytes:
        answer_by(recorded)
        frame = recorded(answer, mark)
        place = len(frame) if data["where"] == "after" else data["number"] % len(frame)
        return frame[:place] + content + frame[place:]

    answer_by(spoilt)


class Plain(Agent):
    """Answers with whose event it was, and writes what it is told to."""

    def __init__(self) -> None:
        answer_by(recorded)

    def run(self, event: Event, state: State) -> dict[str, Any]:
        return handled(event)


class Asynchronous(Plain):
    """Does so on an event loop."""

    async def run(self, event: Event, state: State) -> dict[str, Any]:  # type: ignore[override]  # the other kind
        return handled(event)


def handled(event: Event) -> dict[str, Any]:
    if "what" in event.data:
        misplace(event.data)
    return {"secret_of": event.data["user"]}
