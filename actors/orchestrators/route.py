"""Route: one of several nodes, picked by rules in declared order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.orchestrators.base import Part, Pattern
from actors.orchestrators.choice import ChoiceOrchestrator
from actors.values.frozen import SCALARS, FrozenDict, showable
from actors.values.members import plain_of
from actors.workflows.branch import Branch, Node, part_of, usable_step
from actors.workflows.combinations import Condition, check_condition, contains
from actors.workflows.flow import OPEN, Flow, Gate, Keyword
from supervisors.model import wrong_type
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt, Job

_SHOWN_CHARACTERS = 200


class RouteOrchestrator(ChoiceOrchestrator):
    """Tries the rules in declared order and runs the node of the first that matches."""

    note = "routed_to"

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        self._pattern: Route = target.pattern  # type: ignore[assignment]  # its own pattern
        rules = enumerate(self._pattern.rules, 1)
        checks = target.checks
        questions = [rule if isinstance(rule, str) else checks[f"rule {number}"] for number, rule in rules]
        super().__init__(target, attempt, questions)

    def ask(self, condition: Condition | Job | str, key: Any, context: ControlCell) -> None:
        """Look for a keyword in the text, or have a condition evaluated."""
        if isinstance(condition, str):
            self.on_condition(key, COMPLETED, contains(self._text(), condition), context)
        else:
            super().ask(condition, key, context)

    def choose(self, number: int, context: ControlCell) -> None:
        """Take the route; without a match and a default there is none."""
        if number < len(self.jobs):
            super().choose(number, context)
        else:
            self.fail(context, self._no_route())

    def _text(self) -> Any:
        """Return what the keywords are looked for in: the state's value, else the event's."""
        key = self._pattern.key
        value = plain_of(self.state.values.get(key, self.event.data.get(key)))
        return str(value) if type(value) in SCALARS and value is not None else value

    def _no_route(self) -> Outcome:
        shown = repr(showable(self._text()))
        if len(shown) > _SHOWN_CHARACTERS:
            shown = shown[:_SHOWN_CHARACTERS] + "..."
        rules = ", ".join(repr(rule) for rule in self._pattern.rules)
        detail = f"no rule matches {self._pattern.key}={shown}; the rules are {rules}; add one or a default"
        return Outcome(OutcomeKind.FAILED, Reason.NO_ROUTE, detail=detail)


class Route(Pattern):
    """Run the node of the first rule that matches; without a match, the default.

    A rule is a keyword, looked for in the text under `key` (ignoring case; a list matches by one of its items), a
    condition of `actors.conditions`, or a callable of `(state)`, `(event, state)` or
    `(event, state, previous_outcome)`.

    Args:
        rules: Nodes by rule; tried in the order of the mapping.
        default: The node for what no rule matches; without one that is a failure which shows the message.
        key: Where keywords are looked for: in the state, or if it is not there in the event's data.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for routing and the chosen node together.
    """

    kind: ClassVar[str] = "route"
    orchestrator: ClassVar[Any] = RouteOrchestrator
    flow: ClassVar[Flow] = Flow.CHOICE

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

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return super().__eq__(other) and list(self.rules) == list(other.rules)  # dicts are equal in any order

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.rules.items()), self.default, self.key, self.name))

    @field_validator("rules", mode="plain")
    @classmethod
    def _usable_rules(cls, rules: object) -> object:
        if not isinstance(rules, Mapping):
            raise wrong_type("must be a mapping of rules to nodes, in the order in which they are tried")
        if not rules:
            raise ValueError("must have at least one rule")
        return FrozenDict({_usable_rule(rule): usable_step(node) for rule, node in rules.items()})

    @field_validator("default", mode="plain")
    @classmethod
    def _usable_default(cls, default: object) -> object:
        return None if default is None else usable_step(default)

    def nodes(self) -> Sequence[Any]:
        """Return what is routed to: the nodes in the order of the rules, the default last."""
        return [*self.rules.values(), *([] if self.default is None else [self.default])]

    def parts(self) -> Sequence[Part]:
        """Return the nodes in the order of the rules, the default last."""
        metadata = {"phase": "route", "execution_type": "route", "pattern": self.kind}
        return [part_of(node, metadata) for node in self.nodes()]

    def gates(self) -> Sequence[Gate]:
        """Return each node's rule; the default has none."""
        rules = [Gate((Keyword(self.key, rule) if isinstance(rule, str) else rule,)) for rule in self.rules]
        return [*rules, *([] if self.default is None else [OPEN])]

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
