"""Jobs of fake agents and patterns."""

from __future__ import annotations

from typing import Any

from supervisors.policies.retries import Backoff, Retry
from supervisors.signals import Job
from tests.supervisors.fakes import FakeAgent
from tests.supervisors.patterns import FakeGroup


def job(path: str, target: Any, **policy: Any) -> Job:
    """A job of an agent or a pattern.

    `timeout` is short for the one limit of the whole, `node_timeout` for that of what is done before the fallback.
    """
    for limit, field in (("timeout", "limits"), ("node_timeout", "node_limits")):
        seconds = policy.pop(limit, None)
        if seconds is not None:
            policy[field] = ((seconds, path),)
    if isinstance(target, FakeAgent):
        return Job(path, "agent", target, agent=target.name, **policy)
    return Job(path, "pattern", target, **policy)


def retry(attempts: int = 3, *, wait: float = 1, **more: Any) -> Retry:
    return Retry(attempts=attempts, backoff=Backoff(initial=wait, jitter=0), **more)


def agents(*names: str) -> dict[str, FakeAgent]:
    return {name: FakeAgent() for name in names}


def branches(performers: dict[str, FakeAgent], optional: str = "") -> list[Job]:
    return [
        job(f"p/{name}", agent, required=name not in optional, is_branch=True) for name, agent in performers.items()
    ]


def nested(team: dict[str, FakeAgent], **outer: Any) -> tuple[FakeGroup, FakeGroup]:
    """A group of `a` and a group of `b` and `c`."""
    inner = FakeGroup(job("p/in/b", team["b"]), job("p/in/c", team["c"]))
    return FakeGroup(job("p/a", team["a"]), job("p/in", inner), **outer), inner
