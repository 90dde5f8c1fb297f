"""Groups: quorums, fallbacks and mergers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import Branch, Collaborative, Event, Parallel, RunTimeoutError, Sequential, State
from actors.testing import AnswersAfter, Fails, Hangs, Returns, Scripted, VirtualRuntime
from supervisors import OutcomeKind, Reason
from tests.scenarios.virtual_runs import HOUR


@pytest.fixture(params=range(5))
def runtime(request: pytest.FixtureRequest) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param) as runtime:
        for name in ("ok1", "ok2", "ok3"):
            runtime.spawn(name, Scripted(Returns({name: "done"})))
        for name in ("bad1", "bad2"):
            runtime.spawn(name, Scripted(Fails(ValueError("no result"))))
        for name in ("slow1", "slow2"):
            runtime.spawn(name, Scripted(Hangs()))
        yield runtime


@pytest.mark.parametrize(
    ("require", "names", "is_ok"),
    [
        ("all", ("ok1", "ok2"), True),
        ("all", ("ok1", "bad1"), False),
        ("all", ("slow1", "bad1"), False),
        ("any", ("bad1", "ok1", "slow1"), True),
        ("any", ("bad1", "bad2"), False),
        (2, ("ok1", "slow1", "ok2", "slow2"), True),
        (2, ("ok1", "bad1", "bad2"), False),
        (2, ("slow1", "bad1", "bad2"), False),
        (1, ("slow1", "ok1"), True),
        (0.5, ("ok1", "slow1", "ok2", "bad1"), True),
        (0.5, ("slow1", "bad1", "bad2"), False),
        (0.67, ("ok1", "ok2", "slow1"), False),
        (1.0, ("ok1", "ok2", "ok3"), True),
        (1.0, ("ok1", "slow1", "bad1"), False),
    ],
)
def test_a_group_ends_as_soon_as_its_fate_is_sealed(
    runtime: VirtualRuntime, require: Any, names: tuple[str, ...], is_ok: bool
) -> None:
    has_to_wait_in_vain = require == 0.67

    run = runtime.submit(Parallel(*names, require=require, name="group"), timeout=HOUR)

    error = run.exception()
    assert (error is None) is is_ok
    assert runtime.now == (HOUR if has_to_wait_in_vain else 0.0)
    assert isinstance(error, RunTimeoutError) is has_to_wait_in_vain
    if error is not None and require not in ("all", 0.67):
        assert error.outcome.reason is Reason.QUORUM_NOT_MET


def test_who_is_not_needed_any_more_is_cancelled_as_such(runtime: VirtualRuntime) -> None:
    result = runtime.run(Parallel("slow1", "ok1", "slow2", require="any", name="group"))

    outcomes = {record.path: record.outcome for record in result.trace.children}
    assert outcomes["group/ok1"].ok
    for path in ("group/slow1", "group/slow2"):
        assert outcomes[path].kind is OutcomeKind.CANCELLED
        assert outcomes[path].reason is Reason.QUORUM_MET
    assert dict(result.state) == {"ok1": "done"}


def test_a_required_branch_decides_beside_a_quorum(runtime: VirtualRuntime) -> None:
    group = Parallel("ok1", "ok2", Branch("bad1", required=True), require="any", name="group")

    error = runtime.submit(group).exception()

    assert error is not None
    assert error.outcome.culprit == "group/bad1"


def test_optional_branches_are_waited_for(runtime: VirtualRuntime) -> None:
    runtime.spawn("late", Scripted(AnswersAfter(HOUR, {"late": "but here"})))

    result = runtime.run(Parallel(Branch("late", required=False), "ok1"))

    assert dict(result.state) == {"late": "but here", "ok1": "done"}
    assert result.duration == HOUR


def test_a_fallback_takes_the_place_of_what_failed(runtime: VirtualRuntime) -> None:
    branch = Branch("bad1", fallback="ok1")

    result = runtime.run(Parallel(branch, "ok2", name="group"))

    assert dict(result.state) == {"ok1": "done", "ok2": "done"}
    record = result.trace.children[0]
    assert record.path == "group/bad1"
    assert (record.outcome.kind, record.outcome.reason) == (OutcomeKind.OK, Reason.FALLBACK_USED)
    assert "no result" in record.outcome.detail
    assert [child.path for child in record.children] == ["group/bad1[node]", "group/bad1/fallback"]
    assert [child.outcome.kind for child in record.children] == [OutcomeKind.FAILED, OutcomeKind.OK]


def test_a_fallback_is_not_started_when_it_is_not_needed(runtime: VirtualRuntime) -> None:
    result = runtime.run(Parallel(Branch("ok1", fallback="ok2")))

    assert dict(result.state) == {"ok1": "done"}


def test_a_fallback_that_fails_fails_the_branch(runtime: VirtualRuntime) -> None:
    branch = Branch("bad1", fallback=Sequential("ok1", "bad2", name="plan b"))

    error = runtime.submit(Parallel(branch, name="group")).exception()

    assert error is not None
    assert error.outcome.reason is Reason.REQUIRED_BRANCH_FAILED
    assert error.outcome.culprit == "group/bad1/fallback/bad2"


def test_a_fallback_has_what_the_group_has_left(runtime: VirtualRuntime) -> None:
    runtime.spawn("fails-late", Scripted(Fails(ValueError("no result"), after=40.0)))
    branch = Branch("fails-late", fallback="slow1", timeout=60.0)

    error = runtime.submit(Parallel(branch, name="group", timeout=90.0)).exception()

    assert error is not None
    assert error.outcome.budget == "group"
    assert runtime.now == 90.0


def test_a_fallback_follows_an_attempt_that_ran_out_of_time(runtime: VirtualRuntime) -> None:
    runtime.spawn("impatient", Scripted(Hangs()), timeout=60.0)

    result = runtime.run(Branch("impatient", fallback="ok1"))

    assert dict(result.state) == {"ok1": "done"}
    assert result.duration == 60.0


def test_one_event_goes_to_all_who_collaborate(runtime: VirtualRuntime) -> None:
    def tell(event: Event, state: State) -> dict[str, Any]:
        return {event.target: [event.id, event.data["n"], event.session_id]}

    runtime.spawn("left", tell)
    runtime.spawn("right", tell)
    event = Event(target="both", data={"n": 7}, metadata={"session_id": "s"})

    result = runtime.run(Collaborative("left", "right"), event)

    assert result.state["left"] == result.state["right"] == [event.id, 7, "s"]
