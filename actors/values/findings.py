"""The finding: a mistake in a workflow that was found before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from supervisors.excerpt import shown


class Severity(StrEnum):
    """How sure a finding is.

    Attributes:
        ERROR: No run of the workflow can end ok because of it, or it asks for what there cannot be;
            `Runtime.submit()` refuses the workflow.
        WARNING: What was written does not do what it seems to be for, or fails in some runs; `submit()` logs it.
    """

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """What kind of mistake a finding is about. The list only grows: programs may rely on it."""

    # names
    UNKNOWN_AGENT = "unknown-agent"
    DUPLICATE_NAME = "duplicate-name"
    AMBIGUOUS_PATH = "ambiguous-path"
    # limits
    TIMEOUT_NOT_GRANTED = "timeout-not-granted"
    AGENT_TIMEOUT_NOT_GRANTED = "agent-timeout-not-granted"
    ATTEMPT_NOT_GRANTED = "attempt-not-granted"
    ATTEMPTS_DO_NOT_FIT = "attempts-do-not-fit"
    BACKOFF_DOES_NOT_FIT = "backoff-does-not-fit"
    ITERATIONS_DO_NOT_FIT = "iterations-do-not-fit"
    FALLBACK_WITHOUT_TIME = "fallback-without-time"
    # policies
    RETRY_WITHOUT_EFFECT = "retry-without-effect"
    FALLBACK_IS_NODE = "fallback-is-node"
    OPTIONAL_WITHOUT_EFFECT = "optional-without-effect"
    QUORUM_WITHOUT_EFFECT = "quorum-without-effect"
    QUORUM_OUT_OF_REACH = "quorum-out-of-reach"
    NO_PREVIOUS_OUTCOME = "no-previous-outcome"
    # rules
    HIDDEN_RULE = "hidden-rule"
    RULE_NEVER_HOLDS = "rule-never-holds"
    NO_RULE_HOLDS = "no-rule-holds"
    MISSING_DEFAULT = "missing-default"
    # loops and stages
    UNTIL_NEVER_HOLDS = "until-never-holds"
    UNTIL_ALWAYS_HOLDS = "until-always-holds"
    UNTIL_CANNOT_CHANGE = "until-cannot-change"
    UNTIL_SHARED = "until-shared"
    PREREQUISITE_NEVER_HOLDS = "prerequisite-never-holds"
    SUCCESS_NEVER_HOLDS = "success-never-holds"
    SUCCESS_CANNOT_CHANGE = "success-cannot-change"
    # keys
    MISSING_KEY = "missing-key"
    KEY_PRODUCED_ELSEWHERE = "key-produced-elsewhere"
    KEY_NOT_CERTAIN = "key-not-certain"
    OUTPUT_NOT_PRODUCED = "output-not-produced"
    CONFLICTING_KEYS = "conflicting-keys"
    CACHED_BY_TOO_LITTLE = "cached-by-too-little"


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake in a workflow; prints as one line.

    Attributes:
        severity: Whether it is refused or warned of.
        code: What kind of mistake it is.
        path: Where it is: the path of the node, as in traces.
        problem: What is wrong.
        advice: What to do.
    """

    severity: Severity
    code: Code
    path: str
    problem: str
    advice: str

    @property
    def is_error(self) -> bool:
        """Whether `Runtime.submit()` refuses the workflow because of it."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        return shown(f"{self.path}: {self.severity.value} ({self.code.value}): {self.problem}; {self.advice}")
