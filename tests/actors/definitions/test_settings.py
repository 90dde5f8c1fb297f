"""Every setting that a file can state is read: what happens with it differs from what happens without it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from actors import Runtime, WorkflowFailedError
from actors.definitions import Definition
from actors.definitions.toml_layout import laid_out
from actors.definitions.vocabulary import VOCABULARY
from actors.environment import Environment
from supervisors.outcome import Outcome
from supervisors.trace import TraceRecord
from tests.actors.definitions import behaviours
from tests.actors.definitions.behaviours import BRIEF, LINGERING

PATIENCE = 10.0
LONG = 60.0
"""A delay that no run here has the time for."""

MODULE = behaviours.__name__
AGENTS = {
    "set-a": "set_a",
    "set-b": "set_b",
    "write-a": "write_a",
    "write-b": "write_b",
    "count": "count",
    "fail": "fail",
    "fail-twice": "fail_twice",
    "fail-for-bad": "fail_for_bad",
    "linger": "linger",
    "linger-for-slow": "linger_for_slow",
    "linger-at-first": "linger_at_first",
    "overlap": "overlap",
    "compute": "compute",
    "compute-other": "compute_other",
    "topic-a": "topic_a",
    "topic-b": "topic_b",
    "show-item": "show_item",
}
DATA = {"message": "hello", "other": "goodbye", "items": [1, 2], "things": [3], "mixed": ["bad", "slow"], "topic": "t"}


class LeastRandom(random.Random):
    """Draws the least of each range."""

    def uniform(self, a: float, b: float) -> float:
        return a


@dataclass(frozen=True)
class Seen:
    """What was seen of a run."""

    outcome: Outcome
    state: Mapping[str, Any]
    meta: Mapping[str, Any]
    trace: TraceRecord
    computed: list[str]

    def record(self, name: str) -> TraceRecord:
        """Return the first record whose path ends in a name."""
        return next(record for record in self.trace.walk() if record.path.rpartition("/")[2] == name)

    @property
    def paths(self) -> list[str]:
        return [record.path for record in self.trace.walk()]


def run(workflow: Any, agents: Mapping[str, Any]) -> Seen:
    """Run a workflow that is stated as data, by way of a file's text."""
    named = {name: f"{MODULE}:{function}" for name, function in AGENTS.items()}
    text = laid_out({"agents": {**named, **agents}, "workflow": workflow})
    definition = Definition.parse(text)
    behaviours.computed.clear()
    environment = Environment(random=LeastRandom())
    with Runtime(abandon_after=0.1, environment=environment) as runtime:
        definition.spawn_into(runtime)
        run = runtime.submit(definition.workflow, DATA, {"s": 5, "text": "Abc", "list": ["x"]}, timeout=PATIENCE)
        try:
            ended: Any = run.result()
        except WorkflowFailedError as error:
            ended = error
    assert ended.trace is not None
    computed = list(behaviours.computed)
    return Seen(ended.outcome, dict(ended.state), ended.state.meta, ended.trace, computed)


@dataclass(frozen=True)
class Row:
    """A setting: how a workflow states it, and what shows that it is read.

    Attributes:
        made: Makes the workflow; is given the setting, or what stands there instead.
        without: What is stated instead of it.
        stated: What the setting is.
        look: What is looked at.
        before: What is seen without it.
        after: What is seen with it.
        agents: More agents, or a function that is given the setting and makes them.
    """

    made: Callable[..., Any]
    without: Mapping[str, Any]
    stated: Mapping[str, Any]
    look: Callable[[Seen], Any]
    before: Any
    after: Any
    agents: Callable[..., Mapping[str, Any]] = field(default=lambda **_settings: {})


# What is looked at


def kind(seen: Seen) -> str:
    return seen.outcome.kind.value


def reason(seen: Seen) -> str:
    return seen.outcome.reason.value


def budget(seen: Seen) -> str:
    return seen.outcome.budget


def root(seen: Seen) -> str:
    return seen.trace.path


def keys(seen: Seen) -> list[str]:
    return [key for key in ("a", "b", "lingered", "made", "worked") if key in seen.state]


def value(key: str) -> Callable[[Seen], Any]:
    return lambda seen: seen.state.get(key)


def ending(name: str) -> Callable[[Seen], str]:
    return lambda seen: seen.record(name).outcome.kind.value


def attempts(name: str) -> Callable[[Seen], int]:
    return lambda seen: seen.record(name).attempts


def has_path(path: str) -> Callable[[Seen], bool]:
    return lambda seen: path in seen.paths


def count_computed(seen: Seen) -> int:
    return len(seen.computed)


def overlapped(seen: Seen) -> bool:
    return seen.computed[:2] == ["begin", "begin"]


# What workflows are made of


def pattern(kind: str, **fixed: Any) -> Callable[..., Any]:
    return lambda **settings: {"pattern": kind, **fixed, **settings}


def within(part: Callable[..., Any], **more: Any) -> Callable[..., Any]:
    """Put what is made into a sequence."""
    return lambda **settings: {"pattern": "sequential", "steps": [part(**settings)], **more}


def branch(node: str = "", **fixed: Any) -> Callable[..., Any]:
    return lambda **settings: {"branch": "x", **({"node": node} if node else {}), **fixed, **settings}


def stage(node: str = "", **fixed: Any) -> Callable[..., Any]:
    def made(**settings: Any) -> Any:
        stated = {"stage": "x", **({"node": node} if node else {}), **fixed, **settings}
        return {"pattern": "multi_stage", "stages": [stated]}

    return made


def steps(*some: Any) -> Any:
    return {"pattern": "sequential", "steps": list(some)}


def asked(condition: Callable[..., Any]) -> Callable[..., Any]:
    """Run `set-a` if a condition holds, else `set-b`."""

    def made(**settings: Any) -> Any:
        case = {"case": "yes", "condition": condition(**settings), "node": "set-a"}
        return {"pattern": "conditional", "cases": [case], "fallback": "set-b"}

    return made


def condition(name: str, **fixed: Any) -> Callable[..., Any]:
    return asked(lambda **settings: {name: {**fixed, **settings}})


def main(name: str) -> Callable[..., Any]:
    """Ask a condition that is told by its only field."""
    return asked(lambda **settings: {name: next(iter(settings.values()))})


def retried(node: str = "fail-twice", timeout: float = 5.0) -> Callable[..., Any]:
    return lambda **retry: steps({"branch": "x", "node": node, "timeout": timeout, "retry": retry})


def backed_off(**fixed: Any) -> Callable[..., Any]:
    return lambda **backoff: retried()(backoff={**fixed, **backoff})


def loop_entry(node: str, **fixed: Any) -> Callable[..., Any]:
    return lambda **settings: {
        "pattern": "route_loop",
        "rules": {"hello": node},
        "loops": {node: {**fixed, **settings}},
    }


def merged(name: str, **fixed: Any) -> Callable[..., Any]:
    branches = ["write-a", "write-b"]
    return lambda **settings: {"pattern": "parallel", "branches": branches, "merge": {name: {**fixed, **settings}}}


def with_entry(agent: str) -> Callable[..., Mapping[str, Any]]:
    return lambda **settings: {"own": {"agent": f"{MODULE}:{agent}", **settings}}


def with_restart(agent: str) -> Callable[..., Mapping[str, Any]]:
    return lambda **restart: {"own": {"agent": f"{MODULE}:{agent}", "restart": restart}}


def always(workflow: Any) -> Callable[..., Any]:
    return lambda **_settings: workflow


OPTIONAL = [{"branch": f"o{number}", "node": "own", "required": False} for number in range(2)]
TWICE = {"pattern": "parallel", "branches": [{"branch": "x", "node": "own"}, {"branch": "y", "node": "own"}]}
FOUR = {"pattern": "parallel", "branches": [{"branch": name, "node": "own"} for name in "wxyz"]}
MAPPED: Mapping[str, Any] = {"over": "mixed", "node": "linger-for-slow"}
CACHED: Mapping[str, Any] = {"pattern": "cached", "node": "compute", "key": "topic"}
ROUTED: Mapping[str, Any] = {"rules": {"hello": "count"}, "default": "set-b"}

# Every pattern around one node.
AROUND: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "sequential": lambda node: {"steps": [node]},
    "parallel": lambda node: {"branches": [node]},
    "collaborative": lambda node: {"branches": [node]},
    "route": lambda node: {"rules": {"hello": node}},
    "loop": lambda node: {"node": node, "max_iterations": 1},
    "multi_stage": lambda node: {"stages": [{"stage": "s", "node": node}]},
    "conditional": lambda node: {
        "cases": [{"case": "c", "condition": {"exists": "s"}, "node": node}],
        "fallback": node,
    },
    "map": lambda node: {"node": node, "over": "items"},
    "cached": lambda node: {"node": node, "key": "message"},
    "sequential_collaborative": lambda node: {"sequential": [node], "collaborative": ["set-a"]},
    "route_loop": lambda node: {"rules": {"hello": node}, "loops": {node: {"max_iterations": 1}}},
}


def common_rows() -> Iterator[tuple[str, Row]]:
    """Yield the settings that all patterns have."""
    for tag, around in AROUND.items():
        brief = pattern(tag, **around("set-a"))
        yield f"{tag}.name", Row(brief, {}, {"name": "mine"}, root, tag, "mine")
        slow = pattern(tag, **around("linger"))
        yield f"{tag}.timeout", Row(slow, {}, {"timeout": BRIEF}, budget, "", tag)


def group_rows() -> Iterator[tuple[str, Row]]:
    """Yield the settings of patterns that run branches at once."""
    groups = {"parallel": "branches", "collaborative": "branches", "sequential_collaborative": "collaborative"}
    for tag, key in groups.items():
        fixed: dict[str, Any] = {"sequential": ["set-a"]} if tag == "sequential_collaborative" else {}
        failing = pattern(tag, **fixed, **{key: ["set-b", "fail"]})
        yield f"{tag}.require", Row(failing, {}, {"require": "any"}, kind, "failed", "ok")
        conflicting = pattern(tag, **fixed, **{key: ["write-a", "write-b"]})
        yield f"{tag}.merge", Row(conflicting, {}, {"merge": "last_wins"}, kind, "failed", "ok")
        waiting = pattern(tag, **fixed, **{key: ["fail", "linger"]})
        finish = {"on_failure": "finish"}
        yield f"{tag}.on_failure", Row(waiting, {}, finish, ending("linger"), "cancelled", "ok")
        yield f"{tag}.{key}", Row(pattern(tag, **fixed), {key: ["set-b"]}, {key: ["linger"]}, has_b, True, False)


def has_b(seen: Seen) -> bool:
    return "b" in seen.state


def policy_rows() -> Iterator[tuple[str, Row]]:
    """Yield the settings that branches and stages have."""
    makers: dict[str, Callable[..., Callable[..., Any]]] = {
        "branch": lambda *node: within(branch(*node)),
        "stage": stage,
    }
    for head, made in makers.items():
        yield f"{head}.node", Row(made(), {"node": "set-a"}, {"node": "set-b"}, keys, ["a"], ["b"])
        yield f"{head}.required", Row(made("fail"), {}, {"required": False}, kind, "failed", "ok")
        yield f"{head}.timeout", Row(made("linger"), {}, {"timeout": BRIEF}, kind, "ok", "failed")
        yield f"{head}.retry", Row(made("fail-twice"), {}, {"retry": {"attempts": 3}}, kind, "failed", "ok")
        yield f"{head}.fallback", Row(made("fail"), {}, {"fallback": "set-b"}, keys, [], ["b"])


ROWS: dict[str, Row] = {
    **dict(common_rows()),
    **dict(group_rows()),
    **dict(policy_rows()),
    "sequential.steps": Row(pattern("sequential"), {"steps": ["set-a"]}, {"steps": ["set-b"]}, keys, ["a"], ["b"]),
    "branch.branch": Row(
        within(lambda **settings: {"node": "set-a", **settings}),
        {"branch": "x"},
        {"branch": "y"},
        has_path("sequential/y"),
        False,
        True,
    ),
    "stage.stage": Row(
        lambda **settings: {"pattern": "multi_stage", "stages": [{"node": "set-a", **settings}]},
        {"stage": "x"},
        {"stage": "y"},
        has_path("multi_stage/y"),
        False,
        True,
    ),
    "stage.prerequisites": Row(
        stage("set-a"), {}, {"prerequisites": ["nobody"]}, reason, "completed", "unmet_prerequisite"
    ),
    "stage.success": Row(stage("set-a"), {}, {"success": {"exists": "b"}}, reason, "completed", "condition_not_met"),
    "multi_stage.stages": Row(
        pattern("multi_stage"),
        {"stages": [{"stage": "x", "node": "set-a"}]},
        {"stages": [{"stage": "x", "node": "set-b"}]},
        keys,
        ["a"],
        ["b"],
    ),
    "route.rules": Row(
        pattern("route"), {"rules": {"hello": "set-a"}}, {"rules": {"hello": "set-b"}}, keys, ["a"], ["b"]
    ),
    "route.default": Row(
        pattern("route", rules={"no": "set-a"}), {}, {"default": "set-b"}, reason, "no_route", "completed"
    ),
    "route.key": Row(pattern("route", **ROUTED), {}, {"key": "other"}, value("n"), 1, None),
    "route_loop.rules": Row(
        pattern("route_loop", loops={"count": {}}, default="count"),
        {"rules": {"hello": "set-a"}},
        {"rules": {"hello": "set-b"}},
        keys,
        ["a"],
        ["b"],
    ),
    "route_loop.default": Row(
        pattern("route_loop", rules={"no": "count"}, loops={"count": {}}),
        {},
        {"default": "set-b"},
        reason,
        "no_route",
        "completed",
    ),
    "route_loop.key": Row(
        pattern("route_loop", **ROUTED, loops={"count": {"max_iterations": 2}}),
        {},
        {"key": "other"},
        value("n"),
        2,
        None,
    ),
    "route_loop.loops": Row(
        pattern("route_loop", **ROUTED), {"loops": {"set-b": {}}}, {"loops": {"count": {}}}, value("n"), 1, 5
    ),
    "loop.node": Row(pattern("loop"), {"node": "set-a"}, {"node": "set-b"}, keys, ["a"], ["b"]),
    "loop.max_iterations": Row(pattern("loop", node="count"), {}, {"max_iterations": 2}, value("n"), 5, 2),
    "loop.until": Row(pattern("loop", node="count"), {}, {"until": {"exists": "n"}}, value("n"), 5, 1),
    "loop.iteration_timeout": Row(
        pattern("loop", node="linger", max_iterations=1),
        {},
        {"iteration_timeout": BRIEF},
        budget,
        "",
        "iteration of loop",
    ),
    "loop_entry.max_iterations": Row(loop_entry("count"), {}, {"max_iterations": 3}, value("n"), 5, 3),
    "loop_entry.until": Row(loop_entry("count"), {}, {"until": {"call": f"{MODULE}:is_counted"}}, value("n"), 5, 1),
    **{
        f"loop_entry.{name}": Row(
            loop_entry("linger", max_iterations=1),
            {},
            {name: BRIEF},
            budget,
            "",
            whose,
        )
        for name, whose in [("iteration_timeout", "iteration of route_loop/linger"), ("timeout", "route_loop/linger")]
    },
    "conditional.cases": Row(
        pattern("conditional", fallback="set-b"),
        {"cases": [{"case": "c", "condition": {"exists": "nobody"}, "node": "set-a"}]},
        {"cases": [{"case": "c", "condition": {"exists": "s"}, "node": "set-a"}]},
        keys,
        ["b"],
        ["a"],
    ),
    "conditional.fallback": Row(
        pattern("conditional", cases=[{"case": "c", "condition": {"exists": "nobody"}, "node": "fail"}]),
        {"fallback": "set-a"},
        {"fallback": "set-b"},
        keys,
        ["a"],
        ["b"],
    ),
    **{
        f"case.{key}": Row(
            lambda **settings: {
                "pattern": "conditional",
                "cases": [{"case": "c", "condition": {"exists": "s"}, "node": "set-a", **settings}],
                "fallback": "set-b",
            },
            {},
            {key: stated},
            look,
            before,
            after,
        )
        for key, stated, look, before, after in [
            ("case", "named", has_path("conditional/named"), False, True),
            ("condition", {"not": {"exists": "s"}}, keys, ["a"], ["b"]),
            ("node", "linger", keys, ["a"], ["lingered"]),
        ]
    },
    "map.node": Row(
        pattern("map", over="items"),
        {"node": "set-a"},
        {"node": "set-b"},
        value("results"),
        [{"a": 1}] * 2,
        [{"b": 1}] * 2,
    ),
    "map.over": Row(
        pattern("map", node="set-a"),
        {"over": "items"},
        {"over": "things"},
        value("results"),
        [{"a": 1}] * 2,
        [{"a": 1}],
    ),
    "map.into": Row(pattern("map", node="set-a", over="things"), {}, {"into": "made"}, value("made"), None, [{"a": 1}]),
    "map.item": Row(
        pattern("map", node="show-item", over="things"),
        {},
        {"item": "thing"},
        value("results"),
        [{"seen": 3}],
        [{"seen": "nothing"}],
    ),
    "map.output": Row(
        pattern("map", node="set-a", over="things"), {}, {"output": "a"}, value("results"), [{"a": 1}], [1]
    ),
    "map.concurrency": Row(
        pattern("map", node="overlap", over="items"), {}, {"concurrency": 1}, overlapped, True, False
    ),
    "map.require": Row(pattern("map", node="fail-for-bad", over="mixed"), {}, {"require": "any"}, kind, "failed", "ok"),
    "map.on_failure": Row(
        pattern("map", **MAPPED),
        {},
        {"on_failure": "finish"},
        lambda seen: seen.meta["map"]["items_cancelled"],
        1,
        0,
    ),
    "cached.node": Row(
        pattern("cached", key="topic"),
        {"node": "compute"},
        {"node": "compute-other"},
        lambda seen: seen.computed,
        ["made"],
        ["other"],
    ),
    "cached.key": Row(
        lambda **settings: steps("count", {**CACHED, **settings}, "count", {**CACHED, **settings}),
        {},
        {"key": ["topic", "n"]},
        count_computed,
        1,
        2,
    ),
    "cached.ttl": Row(
        lambda **settings: steps({**CACHED, **settings}, "linger", {**CACHED, **settings}),
        {},
        {"ttl": BRIEF},
        count_computed,
        1,
        2,
    ),
    "cached.max_entries": Row(
        lambda **settings: steps(
            *[step for topic in ("topic-a", "topic-b", "topic-a") for step in (topic, {**CACHED, **settings})]
        ),
        {},
        {"max_entries": 1},
        count_computed,
        2,
        3,
    ),
    "sequential_collaborative.sequential": Row(
        pattern("sequential_collaborative", collaborative=["count"]),
        {"sequential": ["set-a"]},
        {"sequential": ["set-b"]},
        keys,
        ["a"],
        ["b"],
    ),
    **{
        f"sequential_collaborative.{name}": Row(
            pattern("sequential_collaborative", sequential=["linger"], collaborative=["linger"]),
            {},
            {name: BRIEF},
            budget,
            "",
            whose,
        )
        for name, whose in [
            ("step_timeout", "step of sequential_collaborative/sequential"),
            ("sequential_timeout", "sequential_collaborative/sequential"),
            ("collaborative_timeout", "sequential_collaborative/collaborative"),
        ]
    },
    "retry.attempts": Row(retried(), {}, {"attempts": 2}, kind, "ok", "failed"),
    "retry.on": Row(retried(), {}, {"on": ["builtins.OSError"]}, kind, "ok", "failed"),
    "retry.backoff": Row(retried(), {}, {"backoff": {"initial": LONG}}, kind, "ok", "failed"),
    "retry.attempt_timeout": Row(retried("linger-at-first"), {}, {"attempt_timeout": BRIEF}, attempts("x"), 1, 2),
    "backoff.initial": Row(backed_off(), {}, {"initial": LONG}, attempts("x"), 3, 1),
    "backoff.factor": Row(backed_off(), {}, {"factor": LONG * 10}, attempts("x"), 3, 2),
    "backoff.maximum": Row(backed_off(initial=LONG), {}, {"maximum": 0}, attempts("x"), 1, 3),
    "backoff.jitter": Row(backed_off(initial=LONG), {}, {"jitter": 1}, attempts("x"), 1, 3),
    "agent_entry.agent": Row(
        always("own"),
        {"agent": f"{MODULE}:set_a"},
        {"agent": f"{MODULE}:set_b"},
        keys,
        ["a"],
        ["b"],
        lambda **settings: {"own": settings},
    ),
    "agent_entry.concurrency": Row(
        always(TWICE), {}, {"concurrency": 2}, overlapped, False, True, with_entry("Overlap")
    ),
    "agent_entry.dispatcher": Row(
        always("own"), {}, {"dispatcher": "loop"}, value("thread"), "worker", "loop", with_entry("show_thread")
    ),
    "agent_entry.timeout": Row(always("own"), {}, {"timeout": BRIEF}, kind, "ok", "timed_out", with_entry("linger")),
    "agent_entry.mailbox": Row(always(FOUR), {}, {"mailbox": 1}, kind, "ok", "failed", with_entry("Overlap")),
    "agent_entry.restart": Row(
        always(steps(*OPTIONAL, "own")), {}, {"restart": {"max_restarts": 1}}, keys, ["worked"], [], with_entry("Crash")
    ),
    "restart.max_restarts": Row(
        always(steps(*OPTIONAL, "own")), {}, {"max_restarts": 0}, keys, ["worked"], [], with_restart("Crash")
    ),
    "restart.within": Row(
        always(steps(OPTIONAL[0], "linger", OPTIONAL[1], "own")),
        {"max_restarts": 1},
        {"max_restarts": 1, "within": BRIEF},
        value("worked"),
        None,
        True,
        with_restart("CrashAtOdd"),
    ),
    "restart.backoff": Row(
        always(steps(*OPTIONAL, {"branch": "x", "node": "own", "timeout": 1.5})),
        {},
        {"backoff": {"initial": LONG}},
        keys,
        ["worked"],
        [],
        with_restart("Crash"),
    ),
    "restart.on": Row(
        always(steps(OPTIONAL[0], "own")),
        {},
        {"on": ["builtins.ValueError"]},
        value("failures"),
        1,
        0,
        with_restart("Remember"),
    ),
    "exists.key": Row(main("exists"), {"key": "s"}, {"key": "nobody"}, keys, ["a"], ["b"]),
    "equals.key": Row(condition("equals", value=5), {"key": "s"}, {"key": "text"}, keys, ["a"], ["b"]),
    "equals.value": Row(condition("equals", key="s"), {"value": 5}, {"value": 6}, keys, ["a"], ["b"]),
    "contains.key": Row(condition("contains", value="x"), {"key": "list"}, {"key": "text"}, keys, ["a"], ["b"]),
    "contains.value": Row(condition("contains", key="list"), {"value": "x"}, {"value": "y"}, keys, ["a"], ["b"]),
    "compare.key": Row(condition("compare", op="==", value=5), {"key": "s"}, {"key": "text"}, keys, ["a"], ["b"]),
    "compare.op": Row(condition("compare", key="s", value=4), {"op": ">"}, {"op": "<"}, keys, ["a"], ["b"]),
    "compare.value": Row(condition("compare", key="s", op=">"), {"value": 4}, {"value": 5}, keys, ["a"], ["b"]),
    "matches.key": Row(condition("matches", pattern="b"), {"key": "text"}, {"key": "list"}, keys, ["a"], ["b"]),
    "matches.pattern": Row(condition("matches", key="text"), {"pattern": "b"}, {"pattern": "z"}, keys, ["a"], ["b"]),
    "matches.ignore_case": Row(
        condition("matches", key="text", pattern="ABC"), {}, {"ignore_case": False}, keys, ["a"], ["b"]
    ),
    "all.conditions": Row(
        main("all"),
        {"conditions": [{"exists": "s"}]},
        {"conditions": [{"exists": "s"}, {"exists": "nobody"}]},
        keys,
        ["a"],
        ["b"],
    ),
    "any.conditions": Row(
        main("any"),
        {"conditions": [{"exists": "nobody"}]},
        {"conditions": [{"exists": "nobody"}, {"exists": "s"}]},
        keys,
        ["b"],
        ["a"],
    ),
    "not.condition": Row(
        main("not"), {"condition": {"exists": "nobody"}}, {"condition": {"exists": "s"}}, keys, ["a"], ["b"]
    ),
    "collect.keys": Row(merged("collect"), {"keys": ["k"]}, {"keys": ["other"]}, reason, "completed", "merge_conflict"),
    "collect.default": Row(merged("collect", keys=["other"]), {}, {"default": "last_wins"}, kind, "failed", "ok"),
    "reduce.reducers": Row(
        merged("reduce"),
        {"reducers": {"k": "extend"}},
        {"reducers": {"k": {"call": f"{MODULE}:joined"}}},
        value("k"),
        ["a", "b"],
        ["a", "and", "b"],
    ),
    "reduce.default": Row(
        merged("reduce", reducers={"other": "sum"}), {}, {"default": "first_wins"}, kind, "failed", "ok"
    ),
}


def settings_of_files() -> set[str]:
    """Return all that a table of a file can state, beside what tells which table it is."""
    return {f"{table.schema_name}.{table.key_of(name)}" for table in VOCABULARY.tables for name in table.kinds}


def test_every_setting_that_a_file_can_state_is_tried() -> None:
    assert set(ROWS) == settings_of_files()


@pytest.mark.expects_errors
@pytest.mark.parametrize("setting", ROWS)
def test_a_setting_changes_what_happens(setting: str) -> None:
    row = ROWS[setting]

    without = run(row.made(**row.without), row.agents(**row.without))
    stated = run(row.made(**row.stated), row.agents(**row.stated))

    assert row.before != row.after
    assert (row.look(without), row.look(stated)) == (row.before, row.after)


def test_lingering_is_longer_than_what_is_brief() -> None:
    assert LINGERING >= 10 * BRIEF
