"""The two ready-made mixtures: each is made of other patterns and adds no behaviour to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from pydantic import Field, ValidationInfo, field_validator

from actors.orchestrators.base import Part, Pattern, usable_timeout
from actors.orchestrators.loop import Loop
from actors.orchestrators.parallel import Collaborative, usable_branches, usable_merger
from actors.orchestrators.route import Route
from actors.orchestrators.sequential import Sequential, SequentialOrchestrator
from actors.values.freezing import FrozenDict
from actors.workflows.branch import Branch, Node, label_of, part_of, usable_steps
from actors.workflows.flow import Flow
from actors.workflows.keyed_mergers import AnyMerger, Union
from supervisors.model import wrong_type
from supervisors.policies.branch_policies import OnFailure, PlainRequire, Require, resolve_require

_LOOP_SETTINGS = ("max_iterations", "until", "iteration_timeout", "timeout")


class _TimedSequential(Sequential):
    """A sequence each of whose steps has the same timeout."""

    step_timeout: float | None

    def __init__(
        self, *steps: Node | Branch, step_timeout: float | None, name: str | None = None, timeout: float | None = None
    ) -> None:
        Pattern.__init__(self, steps=steps, step_timeout=step_timeout, name=name, timeout=timeout)

    def parts(self) -> Sequence[Part]:
        """Return the steps in order."""
        parts = super().parts()
        if self.step_timeout is None:
            return parts
        return [part.limited((self.step_timeout, "step of {parent}")) for part in parts]


class SequentialCollaborative(Pattern):
    """Run a sequence, then give the event to several nodes at once, which start with the state that it left.

    It is a `Sequential` of a `Sequential` and a `Collaborative`: their paths end in `sequential/<step>` and
    `collaborative/<branch>`. If a phase fails, the error carries what was achieved until then.

    Args:
        sequential: The steps of the first phase, in order: agents' names, patterns or branches; at least one.
        collaborative: Who works at once in the second phase; at least one, and their names must differ.
        step_timeout: Seconds for each step of the first phase.
        sequential_timeout: Seconds for the first phase.
        collaborative_timeout: Seconds for the second phase, merging included.
        require: How many of the second phase must be ok: "all", "any", a number or a fraction, as in `Parallel`.
        merge: A merger of `actors.mergers`, or a callable of `(state, branches)`.
        on_failure: Whether the siblings of a failed required branch are cancelled ("cancel") or finished ("finish").
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for both phases together.
    """

    kind: ClassVar[str] = "sequential_collaborative"
    orchestrator: ClassVar[Any] = SequentialOrchestrator
    flow: ClassVar[Flow] = Flow.SEQUENCE

    sequential: tuple[Any, ...] = Field(min_length=1)
    collaborative: tuple[Any, ...] = Field(min_length=1)
    step_timeout: float | None = None
    sequential_timeout: float | None = None
    collaborative_timeout: float | None = None
    require: PlainRequire = "all"
    merge: Any = Union()
    on_failure: OnFailure = "cancel"

    def __init__(
        self,
        sequential: Sequence[Node | Branch],
        collaborative: Sequence[Node | Branch],
        *,
        step_timeout: float | None = None,
        sequential_timeout: float | None = None,
        collaborative_timeout: float | None = None,
        require: Require = "all",
        merge: AnyMerger | None = None,
        on_failure: OnFailure = "cancel",
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(
            sequential=sequential,
            collaborative=collaborative,
            step_timeout=step_timeout,
            sequential_timeout=sequential_timeout,
            collaborative_timeout=collaborative_timeout,
            require=require,
            merge=Union() if merge is None else merge,
            on_failure=on_failure,
            name=name,
            timeout=timeout,
        )
        resolve_require(require, len(collaborative), f"{type(self).__name__}:")

    @field_validator("sequential", "collaborative", mode="before")
    @classmethod
    def _in_order(cls, nodes: object) -> tuple[Any, ...]:
        if isinstance(nodes, str) or not isinstance(nodes, Sequence):
            raise wrong_type("must be a list of agents' names, patterns and branches")
        return tuple(nodes)

    @field_validator("sequential")
    @classmethod
    def _usable_steps(cls, steps: tuple[Any, ...]) -> tuple[Any, ...]:
        return usable_steps(steps)

    @field_validator("collaborative")
    @classmethod
    def _usable_branches(cls, branches: tuple[Any, ...]) -> tuple[Any, ...]:
        return usable_branches(branches)

    @field_validator("step_timeout", "sequential_timeout", "collaborative_timeout", mode="plain")
    @classmethod
    def _usable_timeouts(cls, timeout: object) -> float | None:
        return usable_timeout(timeout)

    @field_validator("merge", mode="plain")
    @classmethod
    def _usable_merger(cls, merge: object) -> object:
        return usable_merger(merge)

    def parts(self) -> Sequence[Part]:
        """Return the two phases."""
        sequential = _TimedSequential(*self.sequential, step_timeout=self.step_timeout, timeout=self.sequential_timeout)
        collaborative = Collaborative(
            *self.collaborative,
            require=self.require,
            merge=self.merge,
            on_failure=self.on_failure,
            timeout=self.collaborative_timeout,
        )
        return [
            part_of(phase, {"phase": phase.kind, "execution_type": self.kind, "pattern": phase.kind})
            for phase in (sequential, collaborative)
        ]


class RouteLoop(Route):
    """Route, and run some of the nodes in a loop: a `Route` of which some nodes are a `Loop`.

    A node that is looped keeps its place: the loop's path ends in the node's name, and that of what it repeats in the
    same name once more. The trace's record of the loop says why it ended and after how many iterations.

    Args:
        rules: Nodes by rule; tried in the order of the mapping. What a rule may be is told by `Route`.
        loops: Which nodes are looped, by the name of an agent, pattern or branch that a rule or the default names;
            each with the settings of its `Loop`: `max_iterations`, `until`, `iteration_timeout` and `timeout`.
        default: The node for what no rule matches; without one that is a failure which shows the message.
        key: Where keywords are looked for: in the state, or if it is not there in the event's data.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for routing and the chosen node, all its iterations included.
    """

    kind: ClassVar[str] = "route_loop"

    loops: dict[str, Any]

    def __init__(
        self,
        rules: Mapping[Any, Node | Branch],
        loops: Mapping[str, Mapping[str, Any]],
        *,
        default: Node | Branch | None = None,
        key: str = "message",
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        Pattern.__init__(self, rules=rules, loops=loops, default=default, key=key, name=name, timeout=timeout)

    @field_validator("loops", mode="plain")
    @classmethod
    def _usable_loops(cls, loops: object, info: ValidationInfo) -> object:
        if not isinstance(loops, Mapping):
            raise wrong_type("must be a mapping of nodes' names to the settings of their loops")
        if not loops:
            raise ValueError("must name at least one node; where nothing loops, a Route will do")
        if {"rules", "default"} <= info.data.keys():  # else they are wrong themselves, and are reported
            _check_targets(loops, [*info.data["rules"].values(), info.data["default"]])
        return FrozenDict({target: _usable_settings(target, settings) for target, settings in loops.items()})

    def nodes(self) -> Sequence[Any]:
        """Return what is routed to: the nodes in the order of the rules, the default last; some of them are loops."""
        return [self._looped(node) for node in super().nodes()]

    def _looped(self, node: Any) -> Any:
        label = label_of(node)
        settings = self.loops.get(label)
        return node if settings is None else Loop(node, name=label, **settings)


def _check_targets(loops: Mapping[Any, Any], nodes: Sequence[Any]) -> None:
    targets = dict.fromkeys(label_of(node) for node in nodes if node is not None)
    for target in loops:
        if target not in targets:
            known = ", ".join(repr(name) for name in targets)
            raise ValueError(f"must name nodes of the rules or the default: {known}, and {target!r} is none of them")


def _usable_settings(target: str, settings: object) -> FrozenDict:
    if not isinstance(settings, Mapping):
        raise wrong_type(f"must hold mappings such as {{'max_iterations': 3}}, and that of {target!r} is none")
    takes = ", ".join(_LOOP_SETTINGS)
    for setting in settings:
        if setting not in _LOOP_SETTINGS:
            raise wrong_type(f"must hold settings of loops, and {target!r} has {setting!r}; a loop takes {takes}")
    try:
        Loop(target, **cast("Mapping[str, Any]", settings))
    except TypeError as error:
        raise wrong_type(f"must hold usable settings, and those of {target!r} are not: {error}") from None
    except ValueError as error:
        raise ValueError(f"must hold usable settings, and those of {target!r} are not: {error}") from None
    return FrozenDict({name: value for name, value in settings.items() if value is not None})
