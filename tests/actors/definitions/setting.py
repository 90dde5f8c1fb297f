"""A setting of a file that is tried: the workflow that states it, and what shows that it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.actors.definitions.observation import MODULE, Seen


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


def after_failure(name: str) -> Callable[..., Any]:
    """Ask such a condition in the fallback of a branch whose node has failed with a `ValueError`."""
    return lambda **settings: {"branch": "x", "node": "fail", "fallback": main(name)(**settings)}


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


def with_breaker(agent: str) -> Callable[..., Mapping[str, Any]]:
    return lambda **breaker: {"own": {"agent": f"{MODULE}:{agent}", "breaker": breaker}}


def always(workflow: Any) -> Callable[..., Any]:
    return lambda **_settings: workflow
