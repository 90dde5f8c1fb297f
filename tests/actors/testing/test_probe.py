from __future__ import annotations

import pytest

from actors import Event, Parallel, Runtime, Sequential
from actors.testing import AnswersAfter, Probe, Scripted, StalledError, VirtualRuntime
from supervisors.facts import RunEnded, StageEnded, StageStarted


def test_it_keeps_events_with_when_and_in_which_order_they_came() -> None:
    probe = Probe(returns={"seen": True})
    with VirtualRuntime() as runtime:
        for name in ("first", "second"):
            runtime.spawn(name, probe)
        runtime.spawn("slow", Scripted(AnswersAfter(60.0, {"a": 1})))

        result = runtime.run(Sequential("first", "slow", "second"), {"topic": "pykka"})

    assert result.state["seen"] is True
    assert [
        (each.at, each.what.target, dict(each.state)) for each in probe.received if isinstance(each.what, Event)
    ] == [
        (0.0, "first", {}),
        (60.0, "second", {"seen": True, "a": 1}),
    ]


def test_it_keeps_facts_with_when_they_came() -> None:
    probe = Probe()
    with VirtualRuntime(observers=[probe]) as runtime:
        runtime.spawn("slow", Scripted(AnswersAfter(60.0)))
        runtime.submit("slow")

        ended = probe.wait_for(RunEnded)

    assert ended.duration == 60.0
    assert [each.at for each in probe.received if isinstance(each.what, RunEnded)] == [60.0]
    assert [fact.path for fact in probe.all(StageStarted)] == ["slow"]
    assert repr(probe) == f"<Probe that received {len(probe.received)}>"


def test_it_waits_for_the_one_that_is_meant() -> None:
    probe = Probe()
    with VirtualRuntime(observers=[probe]) as runtime:
        for name, seconds in {"a": 10.0, "b": 20.0, "c": 30.0}.items():
            runtime.spawn(name, Scripted(AnswersAfter(seconds)))
        runtime.submit(Parallel("a", "b", "c", name="all"))

        assert probe.wait_for(StageEnded, lambda stage: stage.record.path == "all/b").record.duration == 20.0
        assert runtime.now == 20.0
        assert probe.wait_for(StageEnded, count=3).record.path == "all/c"
        assert probe.wait_for(StageEnded).record.path == "all/a"


def test_it_waits_no_longer_than_it_is_told_in_virtual_time() -> None:
    probe = Probe()
    with VirtualRuntime() as runtime:
        runtime.spawn("probe", probe)

        with pytest.raises(TimeoutError, match="was given 0 of 1 Event within 3600 s"):
            probe.wait_for(Event, timeout=3600.0)

        assert runtime.now == 3600.0


def test_waiting_for_what_can_never_come_is_an_error() -> None:
    probe = Probe()
    with VirtualRuntime(observers=[probe]), pytest.raises(StalledError):
        probe.wait_for(RunEnded)


def test_it_waits_in_real_time_too() -> None:
    probe = Probe()
    with Runtime(observers=[probe]) as runtime:
        runtime.spawn("slow", Scripted(AnswersAfter(0.001)))
        runtime.submit("slow")

        assert probe.wait_for(RunEnded, timeout=10.0).outcome.ok
