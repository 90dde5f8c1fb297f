"""Workflows at random: any nesting of any patterns, branches, conditions and mergers, with any of their settings.

They are made to be written, read, drawn or checked. `tests.scenarios.workflows` makes such as end in a predictable way.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from actors import (
    Branch,
    Cached,
    Case,
    Collaborative,
    Conditional,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
)
from actors.conditions import All, Compare, Contains, Equals, Exists, FailedWith, Matches, Not, OutcomeIs
from actors.conditions import Any as AnyOf
from actors.mergers import Collect, FirstWins, LastWins, Namespaced, Reduce, Union
from actors.workflows.branch import label_of
from supervisors import Backoff, Restart, Retry

AGENTS = ("ann", "bob", "cem", "@dee", "a b", "é.1")
"""The agents that random workflows name, unless they are told others."""

keys = st.one_of(st.sampled_from(["n", "topic", "on"]), st.text(string.printable, min_size=1, max_size=6))
labels = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=6)
names = st.none() | labels
timeouts = st.none() | st.integers(1, 10**6) | st.floats(1e-3, 1e6)
quorums: SearchStrategy[Any] = st.sampled_from(["all", "any", 1.0, 0.5])
numbers = st.floats(0, 1e3) | st.integers(0, 1_000)
written_text = st.text(st.characters(codec="utf-8"), max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | written_text
    | st.binary(max_size=4)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.decimals()
)
hashable: SearchStrategy[Any] = st.integers() | written_text | st.uuids() | st.tuples(st.integers())
values: SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(written_text | st.integers() | st.just("$none"), inner, max_size=3)
        | st.sets(hashable, max_size=3)
        | st.frozensets(hashable | st.frozensets(hashable, max_size=2), max_size=3)
    ),
    max_leaves=5,
)
"""Plain data that files can hold."""

ordered = st.integers() | st.decimals() | st.floats(allow_nan=False) | written_text | st.dates()
comparisons = st.one_of(
    st.builds(Compare, keys, st.sampled_from(["<", "<=", ">", ">="]), ordered),
    st.builds(Compare, keys, st.sampled_from(["==", "!="]), values),
)
error_names: SearchStrategy[Any] = st.lists(
    st.sampled_from(["builtins.OSError", "app.errors.QuotaError", TimeoutError]), max_size=3
)
conditions: SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.builds(Exists, keys),
        st.builds(Equals, keys, values),
        st.builds(Contains, keys, values),
        comparisons,
        st.builds(Matches, keys, st.sampled_from(["a+", r"^\d", "[x-z]"]), ignore_case=st.booleans()),
        error_names.filter(bool).map(lambda each: FailedWith(*each)),
        st.sampled_from([OutcomeIs("timed_out"), OutcomeIs("failed", "rejected")]),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: All(*each)),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: AnyOf(*each)),
    ),
    max_leaves=4,
)
"""Stock conditions of every kind."""

reducers = st.sampled_from(["sum", "max", "min", "extend", "union"])
whole_mergers: SearchStrategy[Any] = st.sampled_from([Union(), LastWins(), FirstWins()])
partial_mergers = st.one_of(
    st.builds(lambda each, default: Collect(*each, default=default), st.lists(keys, unique=True), st.just(Union())),
    st.builds(lambda key, default: Collect(key, default=default), keys, whole_mergers),
    st.builds(
        lambda each, default: Reduce(each, default=default), st.dictionaries(keys, reducers, min_size=1), whole_mergers
    ),
    st.builds(lambda reducer: Collect("a", default=Reduce({"b": reducer})), reducers),
)
mergers: SearchStrategy[Any] = st.one_of(whole_mergers, st.just(Namespaced()), partial_mergers)
"""Stock mergers of every kind."""

backoffs = st.builds(
    Backoff, initial=numbers, factor=st.floats(1, 10), maximum=numbers, jitter=st.floats(0, 1) | st.sampled_from([0, 1])
)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 9),
    on=error_names.filter(bool),
    backoff=backoffs,
    attempt_timeout=timeouts,
)
restarts = st.builds(
    Restart, max_restarts=st.integers(0, 9), within=st.floats(0.1, 1e3), backoff=backoffs, on=error_names
)
"""Policies."""


@dataclass(frozen=True)
class Vocabulary:
    """What a random workflow consists of.

    Attributes:
        agents: The names that its leaves may have.
        callables: What may stand where a condition, a merger, a rule or a cache key may be a callable.
        leaves: How many agents it has at most, about.
    """

    agents: Sequence[str] = AGENTS
    callables: Sequence[Callable[..., Any]] = ()
    leaves: int = 10


class Drawing:
    """Draws one workflow.

    Args:
        draw: What hypothesis hands to composite strategies.
        vocabulary: What the workflow consists of.
    """

    def __init__(self, draw: DrawFn, vocabulary: Vocabulary) -> None:
        self.draw = draw
        self.vocabulary = vocabulary
        self.room = vocabulary.leaves

    def node(self) -> Any:
        """Draw an agent, or as long as there is room a pattern."""
        self.room -= 1
        if self.room < 0 or self.draw(st.booleans()):
            return self.draw(st.sampled_from(self.vocabulary.agents))
        return self.draw(st.sampled_from(PATTERNS))(self)

    def step(self) -> Any:
        """Draw a node or a branch."""
        return self.branch() if self.draw(st.booleans()) else self.node()

    def branch(self, *, is_mapped: bool = False) -> Branch:
        required = None if is_mapped else self.draw(st.sampled_from([None, True, False]))
        return Branch(self.draw(labels), self.maybe(self.inner), required=required, **self.policy())

    def policy(self) -> dict[str, Any]:
        retry = self.draw(st.none() | retries)
        return {"timeout": self.draw(timeouts), "retry": retry, "fallback": self.maybe(self.inner)}

    def inner(self) -> Any:
        """Draw what stands in a branch: a node, or as long as there is room another branch."""
        self.room -= 1
        return self.step() if self.room > 0 else self.node()

    def maybe(self, drawn: Callable[[], Any]) -> Any:
        return drawn() if self.draw(st.booleans()) else None

    def some(self, drawn: Callable[[], Any], least: int = 1) -> list[Any]:
        return [drawn() for _ in range(self.draw(st.integers(least, 3)))]

    def different(self) -> list[Any]:
        """Draw steps whose names differ."""
        return list({label_of(step): step for step in self.some(self.step)}.values())

    def any_of(self, strategy: SearchStrategy[Any]) -> Any:
        """Draw of a strategy, or a callable."""
        callables = self.vocabulary.callables
        return self.draw(st.one_of(strategy, st.sampled_from(callables)) if callables else strategy)

    def common(self) -> dict[str, Any]:
        return {"name": self.draw(names), "timeout": self.draw(timeouts)}

    def grouping(self, size: int) -> dict[str, Any]:
        return {
            "require": self.draw(quorums | st.integers(1, size)),
            "merge": self.any_of(mergers),
            "on_failure": self.draw(st.sampled_from(["cancel", "finish"])),
        }

    def sequential(self) -> Any:
        return Sequential(*self.some(self.step), **self.common())

    def parallel(self) -> Any:
        branches = self.different()
        kind = self.draw(st.sampled_from([Parallel, Collaborative]))
        return kind(*branches, **self.grouping(len(branches)), **self.common())

    def rules(self) -> dict[Any, Any]:
        return {self.any_of(st.one_of(keys, conditions)): self.step() for _ in range(self.draw(st.integers(1, 3)))}

    def route(self) -> Any:
        return Route(self.rules(), default=self.maybe(self.step), key=self.draw(keys), **self.common())

    def route_loop(self) -> Any:
        rules, default = self.rules(), self.maybe(self.step)
        targets = sorted({label_of(node) for node in [*rules.values(), default] if node is not None})
        loops = {target: self.loop_settings() for target in self.draw(st.sets(st.sampled_from(targets), min_size=1))}
        return RouteLoop(rules, loops, default=default, key=self.draw(keys), **self.common())

    def loop_settings(self) -> dict[str, Any]:
        settings = {
            "max_iterations": self.draw(st.integers(1, 9)),
            "until": self.any_of(conditions),
            "iteration_timeout": self.draw(st.integers(1, 99)),
            "timeout": self.draw(st.floats(1, 99)),
        }
        stated = self.draw(st.sets(st.sampled_from(sorted(settings))))
        return {name: settings[name] for name in settings if name in stated}

    def loop(self) -> Any:
        return Loop(
            self.step(),
            max_iterations=self.draw(st.integers(1, 9)),
            until=self.any_of(st.none() | conditions),
            iteration_timeout=self.draw(timeouts),
            **self.common(),
        )

    def stage(self) -> Stage:
        return Stage(
            self.draw(labels),
            self.node(),
            prerequisites=self.some(lambda: self.any_of(st.one_of(keys, conditions)), least=0),
            success=self.any_of(st.none() | conditions),
            required=self.draw(st.booleans()),
            **self.policy(),
        )

    def multi_stage(self) -> Any:
        return MultiStage(*{stage.name: stage for stage in self.some(self.stage)}.values(), **self.common())

    def case(self) -> Case:
        name = self.draw(labels.filter(lambda label: label != "fallback"))
        return Case(name, self.any_of(conditions), self.step())

    def conditional(self) -> Any:
        cases = {case.name: case for case in self.some(self.case)}
        return Conditional(*cases.values(), fallback=self.step(), **self.common())

    def mapped(self) -> Any:
        return Map(
            self.branch(is_mapped=True) if self.draw(st.booleans()) else self.node(),
            over=self.draw(keys),
            into=self.draw(keys),
            item=self.draw(keys),
            output=self.draw(st.none() | keys),
            concurrency=self.draw(st.none() | st.integers(1, 9)),
            require=self.draw(quorums | st.integers(1, 9)),
            on_failure=self.draw(st.sampled_from(["cancel", "finish"])),
            **self.common(),
        )

    def cached(self) -> Any:
        return Cached(
            self.step(),
            key=self.any_of(st.one_of(keys, st.lists(keys, min_size=1, max_size=2))),
            ttl=self.draw(timeouts),
            max_entries=self.draw(st.integers(1, 9)),
            **self.common(),
        )

    def sequential_collaborative(self) -> Any:
        collaborative = self.different()
        return SequentialCollaborative(
            self.some(self.step),
            collaborative,
            **self.grouping(len(collaborative)),
            step_timeout=self.draw(timeouts),
            sequential_timeout=self.draw(timeouts),
            collaborative_timeout=self.draw(timeouts),
            **self.common(),
        )


PATTERNS: Sequence[Callable[[Drawing], Any]] = (
    Drawing.sequential,
    Drawing.parallel,
    Drawing.route,
    Drawing.route_loop,
    Drawing.loop,
    Drawing.multi_stage,
    Drawing.conditional,
    Drawing.mapped,
    Drawing.cached,
    Drawing.sequential_collaborative,
)


@st.composite
def workflows(draw: DrawFn, vocabulary: Vocabulary = Vocabulary()) -> Any:
    """Draw a workflow: an agent's name, a pattern or a branch."""
    return Drawing(draw, vocabulary).step()
