from __future__ import annotations

from actors.dispatchers.threads import ThreadDispatcher
from actors.environment import DaemonThreads
from actors.health import Health, examine
from supervisors.outcome import Outcome, OutcomeKind, Reason
from tests.actors.by_hand import Rig
from tests.actors.logged_agents import function

POOL = ThreadDispatcher(DaemonThreads(), 2, 2)


def test_all_is_well_until_an_agent_is_marked_failed() -> None:
    rig = Rig()
    cells = [rig.spawn(function, name=name) for name in "abc"]
    before = examine(cells, POOL)

    rig.inside(lambda: cells[1].lifecycle.give_up("it fell too often"))
    cells[2].closed = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED)

    assert before == Health()
    assert examine(cells, POOL).reasons == ("agent 'b' is marked failed: it fell too often",)


def test_it_is_bad_while_the_pool_refuses_work() -> None:
    room, no_room = ThreadDispatcher(DaemonThreads(), 2, 1), ThreadDispatcher(DaemonThreads(), 2, 0)

    assert examine([], room).is_ok
    assert examine([], no_room).reasons == (
        "plain functions are refused: 0 threads are held by work that could not be stopped",
    )


def test_it_reads_as_a_word_and_its_reasons() -> None:
    degraded = Health(("agent 'a' is marked failed: x", "y"))

    assert (Health().status, Health().is_ok, str(Health())) == ("ok", True, "ok")
    assert (degraded.status, degraded.is_ok) == ("degraded", False)
    assert str(degraded) == "degraded; agent 'a' is marked failed: x; y"
