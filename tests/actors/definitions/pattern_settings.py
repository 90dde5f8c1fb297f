"""The settings of patterns, each with what shows that it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.actors.definitions.behaviours import BRIEF
from tests.actors.definitions.observation import (
    budget,
    count_computed,
    ending,
    has_b,
    keys,
    kind,
    overlapped,
    reason,
    root,
    value,
)
from tests.actors.definitions.setting import Row, pattern, steps

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


PATTERN_ROWS: dict[str, Row] = {
    **dict(common_rows()),
    **dict(group_rows()),
    "sequential.steps": Row(pattern("sequential"), {"steps": ["set-a"]}, {"steps": ["set-b"]}, keys, ["a"], ["b"]),
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
}
