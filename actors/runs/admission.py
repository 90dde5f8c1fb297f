"""The admission of runs: how many are executed at once, how many wait for their turn, and whose turn is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from actors.values.errors import OverloadedError

if TYPE_CHECKING:
    from actors.control.facilities import System
    from actors.control.timers import ScheduledMessage
    from actors.runs.run import RunKeeper
    from actors.runtime.settings import RuntimeSettings


def check_room(runs: int, settings: RuntimeSettings) -> None:
    """Refuse one run more than a runtime takes. Any thread.

    Args:
        runs: How many runs are in progress.
        settings: How many may be.

    Raises:
        OverloadedError: If as many are.
    """
    if runs >= settings.max_runs + settings.waiting:
        raise OverloadedError(settings.max_runs, settings.waiting)


class Turn:
    """To a run's keeper: it is its turn; begin."""


class Arrive:
    """To a run's keeper: get in line."""


class Release:
    """To a run's keeper: wait no longer, the run has been ended or its time is over."""


TURN, ARRIVE, RELEASE = Turn(), Arrive(), Release()


class _Place(NamedTuple):
    """A run's place in the line."""

    keeper: RunKeeper
    session: str
    timer: ScheduledMessage | None


class WaitingLine:
    """The runs that are executed, and those that wait because as many as may be are.

    Sessions take turns: the next run is the first of the session that has gone without a turn for longest. So one that
    submits a thousand runs at once delays another's by one run, not by a thousand. Inside the control plane only, but
    for the counts. Whatever is done twice does no harm: a run that is told twice that it is its turn begins once.

    Args:
        system: The runtime's parts.
        max_runs: How many runs are executed at once.
    """

    def __init__(self, system: System, max_runs: int) -> None:
        self._system = system
        self._max_runs = max_runs
        self._executed: set[int] = set()
        self._places: dict[int, _Place] = {}
        # The runs that wait, by session; the session whose turn is next comes first.
        self._sessions: dict[str, dict[int, None]] = {}

    def __len__(self) -> int:
        return len(self._places)

    @property
    def by_workflow(self) -> Mapping[str, int]:
        """How many runs wait, by workflow. Any thread."""
        return Counter([place.keeper.run.workflow for place in self._places.copy().values()])

    def arrive(self, keeper: RunKeeper, session: str, deadline_at: float | None) -> None:
        """Take a run in: it begins now, or waits until it is its turn or its time is over."""
        number = keeper.run.id
        if number in self._places or number in self._executed:
            return
        timer = None
        if deadline_at is not None:
            timer = self._system.plane.schedule(deadline_at, keeper, RELEASE)
        self._places[number] = _Place(keeper, session, timer)
        self._sessions.setdefault(session, {})[number] = None
        self._advance()

    def release(self, number: int) -> None:
        """Let a run wait no longer, without counting it as executed: it is ending."""
        self._forget(number)

    def leave(self, number: int) -> None:
        """Let a run go, whether it was executed or waited; whose turn it is now begins."""
        self._forget(number)
        self._executed.discard(number)
        self._advance()

    def _advance(self) -> None:
        while self._sessions and len(self._executed) < self._max_runs:
            session, numbers = next(iter(self._sessions.items()))
            number = next(iter(numbers))
            place = self._places[number]
            self._system.plane.send(place.keeper, TURN)
            self._executed.add(number)
            self._forget(number)
            if numbers:  # to the end of the round
                self._sessions[session] = self._sessions.pop(session)

    def _forget(self, number: int) -> None:
        place = self._places.get(number)
        if place is None:
            return
        if place.timer is not None:
            place.timer.cancel()
        numbers = self._sessions.get(place.session, {})
        numbers.pop(number, None)
        if not numbers:
            self._sessions.pop(place.session, None)
        self._places.pop(number)
