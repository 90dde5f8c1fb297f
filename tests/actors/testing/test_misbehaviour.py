"""Scripted agents that misbehave, and what the runtime makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Agent, Branch, Event, Parallel, State
from actors.testing import AnswersAfter, Fails, Probe, Returns, Scripted, ScriptedThread, VirtualRuntime, sleep
from supervisors import OutcomeKind, Reason
from supervisors.facts import AgentRestarted, DeadLettered

HOUR = 3600.0

both_kinds = pytest.mark.parametrize("scripted", [Scripted, ScriptedThread])


@both_kinds
def test_a_late_answer_is_fenced(scripted: type[Scripted]) -> None:
    probe = Probe()
    late = AnswersAfter(2 * HOUR, {"late": True}, stubborn=True)
    with VirtualRuntime(observers=[probe], abandon_after=3 * HOUR) as runtime:
        runtime.spawn("late", scripted(late))
        runtime.spawn("quick", Scripted(Returns({"quick": True})))

        result = runtime.run(Parallel(Branch("late", required=False, timeout=HOUR), "quick"))

        letter = probe.wait_for(DeadLettered)
        assert (letter.reason, runtime.now) == ("late_answer", 2 * HOUR)
    assert (dict(result.state), result.duration) == ({"quick": True}, HOUR)


@both_kinds
def test_rubbish_is_an_invalid_result(scripted: type[Scripted]) -> None:
    with VirtualRuntime() as runtime:
        runtime.spawn("wrong", scripted(Returns(object())))

        error = runtime.submit("wrong").exception()

    assert error is not None
    assert error.outcome.reason is Reason.INVALID_RESULT


@both_kinds
def test_an_agent_that_exits_fails_its_event_alone(scripted: type[Scripted]) -> None:
    with VirtualRuntime() as runtime:
        runtime.spawn("exits", scripted(Fails(SystemExit), Returns({"alive": True})))

        error = runtime.submit("exits").exception()

        assert error is not None
        assert error.outcome.kind is OutcomeKind.FAILED
        assert runtime.run("exits").state["alive"] is True


def test_an_abandoned_instance_is_restarted_after_its_grace() -> None:
    class Stuck(Agent):
        def run(self, event: Event, state: State) -> None:
            sleep(HOUR)

    probe = Probe()
    with VirtualRuntime(observers=[probe], abandon_after=30.0) as runtime:
        runtime.spawn("stuck", Stuck)
        runtime.submit("stuck", timeout=60.0)

        assert probe.wait_for(AgentRestarted).reason == "abandoned"
        assert runtime.now == 90.0


def test_plain_agents_wait_for_each_other_in_virtual_time() -> None:
    with VirtualRuntime() as runtime:

        def asks(event: Event, state: State) -> dict[str, Any]:
            answer: Any = runtime.agent("knows").ask(event)
            return {"answer": answer.state["answer"], "run": runtime.run("knows").duration}

        runtime.spawn("asks", asks)
        runtime.spawn("knows", ScriptedThread(AnswersAfter(HOUR, {"answer": 42})))

        result = runtime.run("asks")

    assert (dict(result.state), result.duration) == ({"answer": 42, "run": HOUR}, 2 * HOUR)
