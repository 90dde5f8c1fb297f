"""Wrong arguments: refused when they are given, by an error that names the culprit and what was expected."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import actors as a
from actors.codec import decode, encode
from actors.conditions import Contains, Equals, Exists
from supervisors import Backoff, Restart, Retry


def agent(event: a.Event, state: a.State) -> None:
    """Do nothing."""


class Plain:
    """No agent."""


class Needy(a.Agent):
    def __init__(self, something: int) -> None:
        self.something = something

    def run(self, event: a.Event, state: a.State) -> None:
        """Do nothing."""


async def coroutine(event: a.Event, state: a.State) -> None:
    """Do nothing."""


async def later(letter: a.DeadLetter) -> None:
    """Do nothing."""


branch: Any = a.Branch
CONSTRUCTED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: a.Event(target=1), TypeError, "event target must be a string"),  # type: ignore[arg-type]
    (lambda: a.Event(data=[]), TypeError, "event data must be a mapping"),  # type: ignore[arg-type]
    (lambda: a.Event(data={"x": object()}), TypeError, "not plain data"),
    (lambda: a.Event(data={1: 1}), TypeError, "string keys"),  # type: ignore[dict-item]
    (lambda: a.State([1]), TypeError, "made of a mapping"),  # type: ignore[arg-type]
    (lambda: a.State({"x": object()}), TypeError, "state\\['x'\\].*not plain data"),
    (lambda: a.AgentResult(state=3), TypeError, "state"),  # type: ignore[arg-type]
    (a.Sequential, ValueError, "steps"),
    (lambda: a.Sequential(3), TypeError, "steps.*agent's name or a pattern"),  # type: ignore[arg-type]
    (lambda: a.Sequential(""), ValueError, "name"),
    (
        lambda: a.Sequential("a", timeout=0),
        ValueError,
        "timeout=0.*timeout must be a positive number of seconds or None$",
    ),
    (lambda: a.Sequential("a", timeout=-1), ValueError, "timeout.*positive"),
    (lambda: a.Sequential("a", timeout="5"), TypeError, "timeout.*positive"),  # type: ignore[arg-type]
    (lambda: a.Sequential("a", timeout=True), TypeError, "timeout"),
    (lambda: a.Sequential("a", timeout=float("nan")), ValueError, "timeout"),
    (lambda: a.Sequential("a", name="x/y"), ValueError, "name.*'/'"),
    (a.Parallel, ValueError, "branches"),
    (lambda: a.Parallel("a", "a"), ValueError, "branches.*'a' stands twice"),
    (lambda: a.Parallel("a", require="most"), ValueError, "require.*'all', 'any'"),  # type: ignore[arg-type]
    (lambda: a.Parallel("a", require=2), ValueError, "require.*1 to 1"),
    (lambda: a.Parallel("a", merge=3), TypeError, "merge.*merger"),  # type: ignore[arg-type]
    (lambda: a.Parallel("a", on_failure="ignore"), ValueError, "on_failure"),  # type: ignore[arg-type]
    (lambda: branch("a", 5), TypeError, "node"),
    (lambda: branch("", "a"), ValueError, "name"),
    (lambda: branch("a", retry=3), TypeError, "retry"),
    (lambda: branch("a", retries=3), TypeError, "retries"),
    (lambda: branch("a", required="yes"), TypeError, "required"),
    (lambda: branch("a", fallback=7), TypeError, "fallback"),
    (lambda: a.Route({}), ValueError, "rules.*at least one"),
    (lambda: a.Route(["a"]), TypeError, "rules.*mapping"),  # type: ignore[arg-type]
    (lambda: a.Route({"": "a"}), ValueError, "rules.*empty"),
    (lambda: a.Route({3: "a"}), TypeError, "rules"),
    (lambda: a.Route({"x": "a"}, key=""), ValueError, "key"),
    (lambda: a.Loop("a", max_iterations=0), ValueError, "max_iterations.*1"),
    (lambda: a.Loop("a", max_iterations=2.5), TypeError, "max_iterations"),  # type: ignore[arg-type]
    (lambda: a.Loop("a", until="done"), TypeError, "until.*condition"),  # type: ignore[arg-type]
    (lambda: a.Loop("a", until=Exists), TypeError, "until.*condition"),
    (lambda: a.Loop("a", iteration_timeout=0), ValueError, "iteration_timeout.*positive"),
    (a.MultiStage, ValueError, "stages"),
    (lambda: a.MultiStage("a"), TypeError, "stages"),  # type: ignore[arg-type]
    (lambda: a.MultiStage(a.Stage("x", "a"), a.Stage("x", "b")), ValueError, "stages.*'x' stands twice"),
    (lambda: a.Stage("x", "a", prerequisites="topic"), TypeError, "prerequisites.*sequence"),
    (lambda: a.Stage("x", "a", success=1), TypeError, "success.*condition"),  # type: ignore[arg-type]
    (lambda: Exists(""), ValueError, "key"),
    (lambda: Equals("k", object()), TypeError, "plain data"),
    (lambda: Contains(3, 1), TypeError, "key"),  # type: ignore[arg-type]
    (lambda: Retry(attempts=0), ValueError, "attempts"),
    (lambda: Retry(on=(int,)), TypeError, "on"),  # type: ignore[arg-type]
    (lambda: Backoff(jitter=2), ValueError, "jitter"),
    (lambda: Restart(max_restarts=-1), ValueError, "max_restarts"),
    (lambda: a.Runtime(max_runs=0), ValueError, "max_runs.*1"),
    (lambda: a.Runtime(default_timeout=0), ValueError, "default_timeout.*positive"),
    (lambda: a.Runtime(metrics_port=70_000), ValueError, "metrics_port"),
    (lambda: a.Runtime(loop=3), TypeError, "loop must be an asyncio event loop"),  # type: ignore[arg-type]
    (lambda: a.Runtime(observers=[3]), TypeError, "observers.*observe"),  # type: ignore[list-item]
    (lambda: a.Runtime(observers=None), TypeError, "observers must be a sequence.*, not None"),  # type: ignore[arg-type]
    (lambda: a.Runtime(observers=3), TypeError, "observers must be a sequence.*, not 3"),  # type: ignore[arg-type]
    (lambda: a.Runtime(observers=iter(())), TypeError, "observers must be a sequence"),  # type: ignore[arg-type]
    (lambda: a.Runtime(environment="x"), TypeError, "environment must be an Environment or None, not 'x'"),  # type: ignore[arg-type]
    (lambda: a.Runtime(environment=[]), TypeError, "environment.*not \\[\\]"),  # type: ignore[arg-type]
    (lambda: a.Runtime(environment=0), TypeError, "environment.*not 0"),  # type: ignore[arg-type]
    (lambda: decode(encode(1), types=None), TypeError, "^types must be an iterable.*, not None"),  # type: ignore[arg-type]
    (lambda: decode(encode(1), types=int), TypeError, "^types must be an iterable.*, not <class 'int'>"),  # type: ignore[arg-type]
    (lambda: decode(encode(1), types={"a": 3}), TypeError, "^types must be dataclasses.*3 is none of them"),  # type: ignore[arg-type]
    (lambda: a.Runtime(grace=-1), ValueError, "grace"),
    (lambda: a.Runtime(max_threads=0), ValueError, "max_threads"),
]

CALLED: list[tuple[Callable[[a.Runtime], Any], type[Exception], str]] = [
    (lambda r: r.spawn("", agent), ValueError, "name is not empty"),
    (lambda r: r.spawn("x/y", agent), ValueError, "'x/y'"),
    (lambda r: r.spawn(3, agent), TypeError, "name is a string"),  # type: ignore[arg-type]
    (lambda r: r.spawn("x", 3), TypeError, "'x'.*callable"),
    (lambda r: r.spawn("x", Needy(1)), TypeError, "'x'.*not an instance"),
    (lambda r: r.spawn("x", Needy), TypeError, "'x'.*needs arguments.*partial"),
    (lambda r: r.spawn("x", Plain), TypeError, "'x'.*subclass of actors.Agent"),
    (lambda r: r.spawn("x", lambda one: None), TypeError, "'x'.*\\(event, state\\)"),
    (lambda r: r.spawn("x", agent, concurrency=0), ValueError, "concurrency.*at least 1"),
    (lambda r: r.spawn("x", agent, concurrency=100_001), ValueError, "concurrency.*at most 100_000, not 100001"),
    (lambda r: r.spawn("x", agent, concurrency=10**400), ValueError, "concurrency.*at most 100_000"),
    (lambda r: r.spawn("x", agent, mailbox=True), TypeError, "mailbox"),
    (lambda r: r.spawn("x", agent, timeout=0), ValueError, "'x'.*timeout.*positive"),
    (lambda r: r.spawn("x", agent, restart=3), TypeError, "'x'.*supervisors.Restart"),  # type: ignore[arg-type]
    (lambda r: r.spawn("x", agent, dispatcher="gpu"), ValueError, "'x'.*'loop', 'threads', 'pinned' or 'process'"),
    (lambda r: r.spawn("x", coroutine, dispatcher="threads"), ValueError, "'x'.*loop"),
    (lambda r: r.spawn("known", agent), a.AgentExistsError, "'known'"),
    (lambda r: r.agent("unknown"), a.UnknownAgentError, "'unknown'.*known are: 'known'"),
    (lambda r: r.stop_agent("unknown"), a.UnknownAgentError, "known are: 'known'"),
    (lambda r: r.agent([]), TypeError, "an agent's name is a string, not \\[\\]"),  # type: ignore[arg-type]
    (lambda r: r.breaker([]), TypeError, "an agent's name is a string"),  # type: ignore[arg-type]
    (lambda r: r.stop_agent([]), TypeError, "an agent's name is a string"),  # type: ignore[arg-type]
    (lambda r: r.stop_agent("known", block="no"), TypeError, "stop_agent.*block must be True or False, not 'no'"),  # type: ignore[arg-type]
    (lambda r: r.stop_agent("known", timeout="x"), TypeError, "stop_agent.*timeout.*'x'"),  # type: ignore[arg-type]
    (lambda r: r.stop_agent("known", grace=-1), ValueError, "stop.*positive"),
    (lambda r: r.group("g").stop(timeout="x"), TypeError, "Group.stop.*timeout.*'x'"),  # type: ignore[arg-type]
    (lambda r: r.group("g").stop(block=0), TypeError, "Group.stop.*block must be True or False, not 0"),  # type: ignore[arg-type]
    (lambda r: r.subscribe_dead_letters(later), TypeError, "callback must be a plain function.*`async def`"),
    (lambda r: r.submit("unknown"), a.UnknownAgentError, "'unknown'.*known are: 'known'"),
    (lambda r: r.submit(3), TypeError, "workflow is an agent's name or a pattern"),  # type: ignore[arg-type]
    (lambda r: r.submit("known", event=3), TypeError, "event is an actors.Event or a mapping"),  # type: ignore[arg-type]
    (lambda r: r.submit("known", {"x": object()}), TypeError, "not plain data"),
    (lambda r: r.submit("known", state=[1]), TypeError, "mapping"),  # type: ignore[arg-type]
    (lambda r: r.submit("known", timeout=0), ValueError, "timeout.*positive"),
    (lambda r: r.submit("known", timeout="1"), TypeError, "timeout.*positive"),  # type: ignore[arg-type]
    (lambda r: r.start(), a.RuntimeNotRunningError, "running"),
    (lambda r: r.stop(timeout=-1), ValueError, "stop.*positive"),
]


@pytest.mark.parametrize(("make", "kind", "text"), CONSTRUCTED)
def test_a_wrong_argument_is_refused_when_it_is_given(
    make: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    threads = threading.active_count()

    with pytest.raises(kind, match=text):
        make()

    assert threading.active_count() == threads


@pytest.mark.parametrize(("call", "kind", "text"), CALLED)
def test_a_wrong_call_is_refused_and_leaves_nothing_behind(
    call: Callable[[a.Runtime], Any], kind: type[Exception], text: str
) -> None:
    with a.Runtime() as runtime:
        runtime.spawn("known", agent)

        with pytest.raises(kind, match=text):
            call(runtime)

        assert runtime.agents == ("known",)
        assert runtime.runs_in_progress == 0


def test_a_workflow_without_a_name_is_found_and_refused_alike() -> None:
    with a.Runtime() as runtime:
        (finding,) = runtime.check("")

        assert (finding.code.value, finding.is_error) == ("unknown-agent", True)
        with pytest.raises(a.UnknownAgentError):
            runtime.submit("")


def test_a_runtime_that_was_not_started_says_how() -> None:
    with pytest.raises(a.RuntimeNotRunningError, match="context manager or call start"):
        a.Runtime().spawn("x", agent)


def test_a_port_in_use_starts_nothing() -> None:
    with a.Runtime(metrics_port=0) as runtime:
        threads = threading.active_count()
        second = a.Runtime(metrics_port=runtime.metrics_port)

        with pytest.raises(OSError, match=str(runtime.metrics_port)):
            second.start()

        assert threading.active_count() == threads
