"""Route: one of several nodes, picked by rules in declared order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.conditions import check_condition, contains
from actors.orchestrators.base import Orchestrator, Part, Pattern, delta_of
from actors.orchestrators.branch import Branch, Node, part_of, usable_step
from actors.values import SCALARS
from supervisors.model import wrong_type
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.cell import ControlCell
    from actors.plan import PatternTarget
    from supervisors.signals import Attempt, Ended

_SHOWN_CHARACTERS = 200


class RouteOrchestrator(Orchestrator):
    """Tries the rules in declared order and runs the node of the first that matches."""

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        super().__init__(target, attempt)
        self._pattern: Route = target.pattern  # type: ignore[assignment]  # its own pattern
        self._rules = list(self._pattern.rules)
        self._chosen: int | None = None

    def begin(self, context: ControlCell) -> None:
        """Start with the first rule."""
        self._try_from(0, context)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """End with the chosen node, or go on after a user's rule."""
        if self._chosen is None:
            self.on_condition(ended.key, ended.outcome, ended.value is True, context)
        elif ended.outcome.ok:
            self.take(delta_of(ended.value))
            self.succeed(context, notes={"routed_to": self.target.labels[self._chosen]})
        else:
            self.fail_with(ended, self.jobs[self._chosen].path, context)

    def on_condition(self, key: Any, outcome: Outcome, holds: bool, context: ControlCell) -> None:
        """Take the route, or try the next rule."""
        if not outcome.ok:
            self.fail_condition(outcome, context)
        elif holds:
            self._take_route(key, context)
        else:
            self._try_from(key + 1, context)

    def _try_from(self, index: int, context: ControlCell) -> None:
        for number in range(index, len(self._rules)):
            rule = self._rules[number]
            if not isinstance(rule, str):
                self.ask(self.target.checks[f"rule {number + 1}"], number, context)
                return
            if self._matches(rule):
                self._take_route(number, context)
                return
        if self._pattern.default is not None:
            self._take_route(len(self._rules), context)
            return
        self.fail(context, self._no_route())

    def _take_route(self, number: int, context: ControlCell) -> None:
        self._chosen = number
        self.supervise(number, context)

    def _matches(self, keyword: str) -> bool:
        return contains(self._text(), keyword)

    def _text(self) -> Any:
        """Return what the keywords are looked for in: the state's value, else the event's."""
        key = self._pattern.key
        value = self.state.values.get(key, self.event.data.get(key))
        return str(value) if type(value) in SCALARS and value is not None else value

    def _no_route(self) -> Outcome:
        shown = repr(self._text())
        if len(shown) > _SHOWN_CHARACTERS:
            shown = shown[:_SHOWN_CHARACTERS] + "..."
        rules = ", ".join(repr(rule) for rule in self._rules)
        detail = f"no rule matches {self._pattern.key}={shown}; the rules are {rules}; add one or a default"
        return Outcome(OutcomeKind.FAILED, Reason.NO_ROUTE, detail=detail)


class Route(Pattern):
    """Run the node of the first rule that matches; without a match, the default.

    A rule is a keyword, looked for in the text under `key` (ignoring case; a list matches by one of its items), a
    condition of `actors.conditions`, or a callable of `(state)` or `(event, state)`.

    Args:
        rules: Nodes by rule; tried in the order of the mapping.
        default: The node for what no rule matches; without one that is a failure which shows the message.
        key: Where keywords are looked for: in the state, or if it is not there in the event's data.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for routing and the chosen node together.
    """

    kind: ClassVar[str] = "route"
    orchestrator: ClassVar[Any] = RouteOrchestrator

    rules: dict[Any, Any] = Field(min_length=1)
    default: Any = None
    key: str = Field(default="message", min_length=1)

    def __init__(
        self,
        rules: Mapping[Any, Node | Branch],
        *,
        default: Node | Branch | None = None,
        key: str = "message",
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(rules=rules, default=default, key=key, name=name, timeout=timeout)

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.rules.items()), self.default, self.key, self.name))

    @field_validator("rules", mode="plain")
    @classmethod
    def _usable_rules(cls, rules: object) -> object:
        if not isinstance(rules, Mapping):
            raise wrong_type("must be a mapping of rules to nodes, in the order in which they are tried")
        if not rules:
            raise ValueError("must have at least one rule")
        return {_usable_rule(rule): usable_step(node) for rule, node in rules.items()}

    @field_validator("default", mode="plain")
    @classmethod
    def _usable_default(cls, default: object) -> object:
        return None if default is None else usable_step(default)

    def parts(self) -> Sequence[Part]:
        """Return the nodes in the order of the rules, the default last."""
        metadata = {"phase": "route", "execution_type": "route", "pattern": self.kind}
        nodes = [*self.rules.values(), *([] if self.default is None else [self.default])]
        return [part_of(node, metadata) for node in nodes]

    def checks(self) -> Mapping[str, Any]:
        """Return the rules that are conditions."""
        return {f"rule {number}": rule for number, rule in enumerate(self.rules, 1) if not isinstance(rule, str)}


def _usable_rule(rule: object) -> object:
    if isinstance(rule, str):
        if not rule:
            raise ValueError("must have keywords that are not empty: every text contains the empty one")
        return rule
    try:
        return check_condition(rule, "rules")
    except TypeError:
        raise wrong_type("must be keywords, conditions or callables as keys") from None
