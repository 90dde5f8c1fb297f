"""The roster: who is in a group, how each is, and who is to be stopped or started next. Pure: it calls nobody."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from supervisors.policies.restarts import RestartWindow
from supervisors.signals import Restartable


class Phase(Enum):
    """How a child of a group is.

    Attributes:
        WAITING: It is to be started when its turn comes.
        STARTING: It was told to start.
        UP: It has started; a part of it may be about to be restarted by itself.
        CONDEMNED: It is to be stopped when its turn comes.
        STOPPING: It was told to stop.
        OUT: It failed for good, or leaves of itself: it is never started again.
    """

    WAITING = auto()
    STARTING = auto()
    UP = auto()
    CONDEMNED = auto()
    STOPPING = auto()
    OUT = auto()


class Fate(IntEnum):
    """What becomes of a child once it has been stopped; the greater overrules the lesser."""

    RESTART = auto()
    FAIL = auto()
    END = auto()


@dataclass(slots=True, eq=False)
class Entry:
    """A child of a group.

    Attributes:
        child: Who it is.
        window: What it has used of its restarts.
        phase: How it is.
        fate: What becomes of it once it has been stopped.
        reason: Why it will be restarted, for metrics; empty before its first start.
        detail: The same for people.
    """

    child: Restartable
    window: RestartWindow
    phase: Phase
    fate: Fate = Fate.RESTART
    reason: str = ""
    detail: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether it has been started and not been condemned: only then does its failure count."""
        return self.phase is Phase.UP or self.phase is Phase.STARTING


class Roster:
    """The children of a group in the order in which they were declared.

    One child is stopped at a time, the last declared first; when nobody is left to be stopped one is started at a
    time, the first declared first. So it is in Erlang/OTP.

    Invariant: whoever waits to be started was declared after everybody that is alive or condemned, so that whoever has
    been stopped belongs at the head of those who wait.
    """

    def __init__(self) -> None:
        self._entries: dict[Restartable, Entry] = {}
        # Whether the two that follow have to be made anew, because phases are being changed.
        self._is_stale = False
        # In declared order: the next to be stopped is the last, the next to be started is the first.
        self._condemned: list[Entry] = []
        self._waiting: deque[Entry] = deque()
        self._stopping: Entry | None = None
        self._starting: Entry | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> list[Entry]:
        """Everybody, in declared order."""
        return list(self._entries.values())

    def get(self, child: Restartable) -> Entry | None:
        """Return a child's entry; None if it is not, or not any more, in the group."""
        return self._entries.get(child)

    def add(self, child: Restartable, phase: Phase = Phase.WAITING) -> Entry:
        """Take a child in, after all others."""
        entry = self._entries[child] = Entry(child, RestartWindow(child.spec.restart), phase)
        if phase is Phase.WAITING:
            self._waiting.append(entry)
        return entry

    def condemn(self, entries: Iterable[Entry], fate: Fate) -> None:
        """Have children stopped, and then started again, left failed, or ended. Their turns come by `next_step()`."""
        self._is_stale = True
        for entry in entries:
            self._condemn(entry, fate)

    def _condemn(self, entry: Entry, fate: Fate) -> None:
        if fate is Fate.RESTART and entry.phase in (Phase.WAITING, Phase.OUT):
            return
        if entry.phase is Phase.CONDEMNED or entry.phase is Phase.STOPPING:
            fate = max(fate, entry.fate)
        if entry.phase is Phase.STOPPING and (fate is not Fate.END or entry.fate is Fate.END):
            entry.fate = fate  # it goes on stopping
            return
        self._let_go(entry)
        entry.fate = fate
        is_down = entry.phase is Phase.WAITING or entry.phase is Phase.OUT
        entry.phase = Phase.OUT if is_down and fate is Fate.FAIL else Phase.CONDEMNED

    def next_step(self, *, may_start: bool) -> Entry | None:
        """Return who is to be stopped, if it is condemned, or else started now; None while nobody is.

        Args:
            may_start: Whether the time has come to start somebody; stopping never waits.
        """
        if self._is_stale:
            self._condemned = [entry for entry in self._entries.values() if entry.phase is Phase.CONDEMNED]
            self._waiting = deque([entry for entry in self._entries.values() if entry.phase is Phase.WAITING])
            self._is_stale = False
        if self._stopping is not None:
            return None
        if self._condemned:
            return self._condemned[-1]
        return self._waiting[0] if self._waiting and self._starting is None and may_start else None

    def take_step(self, entry: Entry) -> None:
        """Take note that who is next was told to stop, or to start."""
        if entry.phase is Phase.CONDEMNED:
            self._stopping, entry.phase = entry, Phase.STOPPING
            self._condemned.pop()
        else:
            self._starting, entry.phase = entry, Phase.STARTING
            self._waiting.popleft()

    def note_up(self, entry: Entry) -> None:
        """Take note that a child has started, or goes on starting by itself."""
        if entry.phase is Phase.STARTING:
            self._let_go(entry)
            entry.phase = Phase.UP

    def note_halted(self, entry: Entry) -> None:
        """Take note that a child that was not to be ended has been stopped."""
        if entry.phase is not Phase.STOPPING or entry.fate is Fate.END:
            return
        self._let_go(entry)
        if entry.fate is Fate.FAIL:
            entry.phase = Phase.OUT
        else:
            entry.phase = Phase.WAITING
            self._waiting.appendleft(entry)

    def dismiss(self, entry: Entry) -> None:
        """Take note that a child is leaving, and that nobody has to wait for it."""
        self._let_go(entry)
        entry.phase = Phase.OUT

    def remove(self, child: Restartable) -> None:
        """Forget a child, if it is known: it is gone."""
        entry = self._entries.pop(child, None)
        if entry is not None:
            self._is_stale = self._is_stale or entry.phase in (Phase.CONDEMNED, Phase.WAITING)
            self._let_go(entry)

    def _let_go(self, entry: Entry) -> None:
        if self._stopping is entry:
            self._stopping = None
        if self._starting is entry:
            self._starting = None
