"""Mistakes that are planted in workflows, one of each kind and more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from actors import (
    Branch,
    Cached,
    Case,
    Collaborative,
    Conditional,
    Event,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
    State,
    declares,
)
from actors.conditions import All, Compare, Equals, Exists, Not, OutcomeIs
from actors.conditions import Any as AnyOf
from actors.mergers import Namespaced
from supervisors import Backoff, Retry

NEVER = All(Equals("kind", "bug"), Equals("kind", "wish"))
ALWAYS = AnyOf(Exists("kind"), Not(Exists("kind")))
LONG_WAITS = Backoff(initial=10.0, jitter=0.0)
SAME = Route({"x": "plain"}, default="plain", name="same")


def agent(*, requires: tuple[str, ...] = (), produces: tuple[str, ...] = ()) -> Callable[[Event, State], None]:
    @declares(requires=requires, produces=produces)
    def run(event: Event, state: State) -> None:
        for key in produces:
            state[key] = key

    return run


AGENTS = {
    "plain": agent(),
    "other": agent(),
    "gather": agent(produces=("facts",)),
    "gather-too": agent(produces=("facts",)),
    "write": agent(requires=("facts",), produces=("text",)),
    "needs-topic": agent(requires=("topic",), produces=("facts",)),
}


class Planted(NamedTuple):
    """A mistake, and how it is to be reported."""

    workflow: Any
    code: str
    path: str
    severity: str = "warning"
    state: tuple[str, ...] | None = None
    data: tuple[str, ...] | None = None


PLANTED = {
    # names
    "an agent that is not there": Planted(Sequential("plain", "nobody"), "unknown-agent", "sequential/nobody", "error"),
    "an agent that is not there, in a fallback": Planted(
        Sequential(Branch("step", "plain", fallback="nobody")),
        "unknown-agent",
        "sequential/step/fallback",
        "error",
    ),
    "one name for two steps": Planted(
        Sequential(Branch("step", "plain"), Branch("step", "other")), "duplicate-name", "sequential/step#2"
    ),
    "a step called like another's fallback": Planted(
        Sequential(Branch("step", Sequential("plain", Branch("fallback", "other")), fallback="other")),
        "ambiguous-path",
        "sequential/step/fallback",
    ),
    # limits
    "a step's timeout above the whole's": Planted(
        Sequential(Branch("plain", timeout=20), timeout=10), "timeout-not-granted", "sequential/plain"
    ),
    "a stage's timeout above the workflow's": Planted(
        MultiStage(Stage("One", "plain", timeout=20), timeout=10), "timeout-not-granted", "multi_stage/One"
    ),
    "a loop's timeout above its stage's": Planted(
        MultiStage(Stage("One", Loop("plain", timeout=20), timeout=10)), "timeout-not-granted", "multi_stage/One"
    ),
    "a timeout above one far above it": Planted(
        Sequential(Sequential(Sequential(Branch("plain", timeout=20))), timeout=10),
        "timeout-not-granted",
        "sequential/sequential/sequential/plain",
    ),
    "an iteration's timeout above the loop's": Planted(
        Loop("plain", iteration_timeout=20, timeout=10), "timeout-not-granted", "loop/plain"
    ),
    "a step's timeout above its phase's": Planted(
        SequentialCollaborative(["plain"], ["other"], step_timeout=20, sequential_timeout=10),
        "timeout-not-granted",
        "sequential_collaborative/sequential/plain",
    ),
    "a routed loop's timeout above the route's": Planted(
        RouteLoop({"x": "plain"}, {"plain": {"timeout": 20}}, default="other", timeout=10),
        "timeout-not-granted",
        "route_loop/plain",
    ),
    "a fallback's timeout above its sequence's": Planted(
        Sequential(Branch("step", "plain", timeout=5, fallback=Branch("other", timeout=20)), timeout=10),
        "timeout-not-granted",
        "sequential/step/fallback",
    ),
    "a branch's timeout that leaves its fallback nothing": Planted(
        Sequential(Branch("plain", timeout=10, fallback="other"), timeout=10),
        "fallback-without-time",
        "sequential/plain",
    ),
    "an item's timeout above the map's": Planted(
        Map(Branch("plain", timeout=20), over="items", timeout=10), "timeout-not-granted", "map/plain"
    ),
    "iterations that take longer than the loop": Planted(
        Loop("plain", max_iterations=5, iteration_timeout=3, timeout=10), "iterations-do-not-fit", "loop"
    ),
    "an agent's timeout above its step's": Planted(
        Sequential(Branch("slow", timeout=10)), "agent-timeout-not-granted", "sequential/slow"
    ),
    "an attempt's timeout above the branch's": Planted(
        Sequential(Branch("plain", timeout=10, retry=Retry(attempt_timeout=20))),
        "attempt-not-granted",
        "sequential/plain",
    ),
    "attempts that take longer than the branch": Planted(
        Sequential(Branch("plain", timeout=10, retry=Retry(attempts=3, attempt_timeout=6))),
        "attempts-do-not-fit",
        "sequential/plain",
    ),
    "a back-off that takes longer than the branch": Planted(
        Sequential(Branch("plain", timeout=10, retry=Retry(attempts=3, backoff=LONG_WAITS))),
        "backoff-does-not-fit",
        "sequential/plain",
    ),
    # policies
    "a condition over an earlier failure where there can be none": Planted(
        Conditional(Case("late", OutcomeIs("timed_out"), "plain"), fallback="other"),
        "no-previous-outcome",
        "conditional/late",
        "error",
    ),
    "a retry that never tries again": Planted(
        Sequential(Branch("plain", retry=Retry(attempts=1))), "retry-without-effect", "sequential/plain"
    ),
    "a node as its own fallback": Planted(
        Sequential(Branch("step", SAME, fallback=SAME)), "fallback-is-node", "sequential/step"
    ),
    "an optional workflow": Planted(Branch("plain", required=False), "optional-without-effect", "plain"),
    "a quorum of required branches": Planted(
        Parallel(Branch("plain", required=True), Branch("other", required=True), require="any"),
        "quorum-without-effect",
        "parallel",
    ),
    "a quorum that cannot be": Planted(
        Parallel("plain", Branch("other", Conditional(Case("x", NEVER, "plain"), fallback="nobody")), require=2),
        "rule-never-holds",
        "parallel/other/x",
    ),
    "a quorum of which one cannot be ok": Planted(
        Parallel("plain", MultiStage(Stage("One", "other", success=NEVER)), require=2),
        "quorum-out-of-reach",
        "parallel",
        "error",
    ),
    # rules
    "a keyword within an earlier one's": Planted(
        Route({"tech": "plain", "technical": "other"}, default="plain"), "hidden-rule", "route/other"
    ),
    "a keyword that differs in case": Planted(
        Route({"Tech": "plain", "tech": "other"}, default="plain"), "hidden-rule", "route/other"
    ),
    "a keyword within an earlier one's that loops": Planted(
        RouteLoop({"tech": "plain", "technical": "other"}, {"other": {}}, default="plain"),
        "hidden-rule",
        "route_loop/other",
    ),
    "a case that an equal one hides": Planted(
        Conditional(
            Case("one", Exists("kind"), "plain"), Case("two", Exists("kind"), "other"), fallback="plain", name="pick"
        ),
        "hidden-rule",
        "pick/two",
    ),
    "a case that a wider one hides": Planted(
        Conditional(
            Case("high", Compare("score", ">", 1), "plain"),
            Case("higher", Compare("score", ">", 2), "other"),
            fallback="plain",
        ),
        "hidden-rule",
        "conditional/higher",
    ),
    "a case after one that always holds": Planted(
        Conditional(Case("any", ALWAYS, "plain"), Case("two", Exists("kind"), "other"), fallback="plain"),
        "hidden-rule",
        "conditional/two",
    ),
    "a default after a rule that always holds": Planted(
        Route({ALWAYS: "plain"}, default="other"), "hidden-rule", "route/other"
    ),
    "a case that never holds": Planted(
        Conditional(Case("bad", NEVER, "plain"), fallback="other"), "rule-never-holds", "conditional/bad"
    ),
    "rules none of which ever holds": Planted(Route({NEVER: "plain"}), "no-rule-holds", "route", "error"),
    "a route without a default": Planted(Route({"x": "plain"}), "missing-default", "route"),
    # loops and stages
    "a loop that never ends early": Planted(Loop("plain", until=NEVER), "until-never-holds", "loop"),
    "a loop that never repeats": Planted(Loop("plain", until=ALWAYS), "until-always-holds", "loop"),
    "a loop whose agents never end it": Planted(Loop("gather"), "until-cannot-change", "loop"),
    "a loop in a loop that ends both": Planted(
        Loop(Sequential("plain", Loop("other", name="inner")), name="outer"), "until-shared", "outer"
    ),
    "a stage that may never begin": Planted(
        MultiStage(Stage("One", "plain", prerequisites=["topic", NEVER])),
        "prerequisite-never-holds",
        "multi_stage/One",
        "error",
    ),
    "a stage that contradicts itself": Planted(
        MultiStage(Stage("One", "plain", prerequisites=[Exists("kind"), Not(Exists("kind"))])),
        "prerequisite-never-holds",
        "multi_stage/One",
        "error",
    ),
    "a stage that is never complete": Planted(
        MultiStage(Stage("One", "plain", success=NEVER)), "success-never-holds", "multi_stage/One", "error"
    ),
    "a stage whose success depends on another": Planted(
        MultiStage(Stage("One", "gather", success=Exists("report"))), "success-cannot-change", "multi_stage/One"
    ),
    # keys
    "a key that the run does not start with": Planted(
        Sequential("needs-topic"), "missing-key", "sequential/needs-topic", "error", state=()
    ),
    "a key that nothing declares to produce": Planted(
        Sequential("gather", "needs-topic"), "missing-key", "sequential/needs-topic", state=(), data=()
    ),
    "a prerequisite that nothing can meet": Planted(
        MultiStage(Stage("One", "plain", prerequisites=["topic"])),
        "missing-key",
        "multi_stage/One",
        "error",
        state=(),
        data=("message",),
    ),
    "a list that is not there": Planted(Map("plain", over="items"), "missing-key", "map", "error", state=(), data=()),
    "a cache's key that is not there": Planted(
        Cached("plain", key="topic"), "missing-key", "cached", "error", state=(), data=()
    ),
    "words looked for where nothing is": Planted(
        Route({"x": "plain"}), "missing-key", "route", "error", state=(), data=("topic",)
    ),
    "a key that is produced too late": Planted(
        Sequential("write", "gather"), "key-produced-elsewhere", "sequential/write"
    ),
    "a key that is produced at the same time": Planted(
        Collaborative("write", "gather"), "key-produced-elsewhere", "collaborative/write"
    ),
    "an optional branch's result that is required": Planted(
        Sequential(Parallel(Branch("gather", required=False), "plain"), "write"),
        "key-not-certain",
        "sequential/write",
    ),
    "one route's result that is required": Planted(
        Sequential(Route({"x": "gather"}, default="write-only"), Branch("next", "write")),
        "key-not-certain",
        "sequential/next",
    ),
    "results under the branches' names": Planted(
        Sequential(Parallel("gather", "write-only", merge=Namespaced()), "write"),
        "missing-key",
        "sequential/write",
        state=(),
    ),
    "a map's output that nothing produces": Planted(
        Map("gather", over="items", output="score"), "output-not-produced", "map"
    ),
    "two branches that write one key": Planted(
        Collaborative("gather", "gather-too"), "conflicting-keys", "collaborative"
    ),
    "a cache that forgets what it depends on": Planted(
        Cached("needs-topic", key="question"), "cached-by-too-little", "cached"
    ),
}
