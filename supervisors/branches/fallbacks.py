"""Fallbacks: how a job ends whose node failed for good, and for which something else was done."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from supervisors.excerpt import cut
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import Job

LONGEST_DETAIL: Final = 16_000
"""How many characters tell what failed and what was done instead: fallbacks may have fallbacks, and each tells more."""


def after_fallback(job: Job, fallback: Job, failed: Outcome | None, outcome: Outcome) -> Outcome:
    """Return how a job ends whose fallback ended. Unless that was cancelled, it says what had failed before.

    Args:
        job: The job.
        fallback: Its fallback. If it is optional and failed as well, the job ends ok and nothing was done.
        failed: How the job had failed.
        outcome: How the fallback ended.
    """
    before = f"instead of {job.path!r}: {failed}"
    if outcome.ok or not fallback.required:
        detail = before if outcome.ok else f"{before}; {fallback.path!r} {outcome}"
        return Outcome(OutcomeKind.OK, Reason.FALLBACK_USED, detail=cut(detail, LONGEST_DETAIL))
    if outcome.kind is OutcomeKind.CANCELLED:
        return outcome
    text = outcome.detail or (outcome.failure.text if outcome.failure is not None else "")
    return replace(outcome, detail=cut(f"{text}; {before}".removeprefix("; "), LONGEST_DETAIL))
