"""The settings of what patterns are made of, and of agents, each with what shows that it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.actors.definitions.behaviours import BRIEF
from tests.actors.definitions.observation import (
    MODULE,
    attempts,
    budget,
    ending,
    has_path,
    keys,
    kind,
    overlapped,
    reason,
    value,
)
from tests.actors.definitions.setting import (
    Row,
    after_failure,
    always,
    backed_off,
    branch,
    condition,
    loop_entry,
    main,
    merged,
    retried,
    stage,
    steps,
    with_breaker,
    with_entry,
    with_restart,
    within,
)

LONG = 60.0
"""A delay that no run here has the time for."""

OPTIONAL = [{"branch": f"o{number}", "node": "own", "required": False} for number in range(2)]
BOTH = steps(*OPTIONAL)
TWICE = {"pattern": "parallel", "branches": [{"branch": "x", "node": "own"}, {"branch": "y", "node": "own"}]}
FOUR = {"pattern": "parallel", "branches": [{"branch": name, "node": "own"} for name in "wxyz"]}


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


PART_ROWS: dict[str, Row] = {
    **dict(policy_rows()),
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
    "agent_entry.breaker": Row(
        always(steps(*OPTIONAL)),
        {},
        {"breaker": {"failures": 1}},
        ending("o1"),
        "failed",
        "rejected",
        with_entry("fail"),
    ),
    "breaker.failures": Row(
        always(steps(*OPTIONAL)), {}, {"failures": 1}, ending("o1"), "failed", "rejected", with_breaker("fail")
    ),
    "breaker.reset_after": Row(
        always(steps(OPTIONAL[0], "linger", OPTIONAL[1])),
        {"failures": 1},
        {"failures": 1, "reset_after": BRIEF},
        ending("o1"),
        "rejected",
        "failed",
        with_breaker("fail"),
    ),
    "breaker.trials": Row(
        always(steps(OPTIONAL[0], "linger", {"branch": "group", "node": TWICE, "required": False})),
        {"failures": 1, "reset_after": BRIEF},
        {"failures": 1, "reset_after": BRIEF, "trials": 2},
        ending("y"),
        "rejected",
        "cancelled",
        with_breaker("fail"),
    ),
    "restart.kind": Row(
        always(steps(*OPTIONAL, "own")), {}, {"kind": "temporary"}, keys, ["worked"], [], with_restart("Crash")
    ),
    "restart.reset_after": Row(
        always(steps(OPTIONAL[0], "linger", OPTIONAL[1], {"branch": "x", "node": "own", "timeout": 1.5})),
        {"backoff": {"initial": LONG}},
        {"backoff": {"initial": LONG}, "reset_after": BRIEF},
        value("worked"),
        None,
        True,
        with_restart("CrashAtOdd"),
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
    "failed_with.errors": Row(
        after_failure("failed_with"),
        {"errors": ["builtins.ValueError"]},
        {"errors": ["builtins.OSError"]},
        keys,
        ["a"],
        ["b"],
    ),
    "outcome_is.kinds": Row(
        after_failure("outcome_is"), {"kinds": ["failed"]}, {"kinds": ["timed_out"]}, keys, ["a"], ["b"]
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
