"""How a report is laid out, which depends on the kind of question."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Part = Literal["summary", "steps", "definitions", "findings", "related"]
"""A part of a report; its sources always come last."""

COMPARISON = "comparison"


@dataclass(frozen=True)
class Plan:
    """What a report should look like.

    Attributes:
        kind: What the question is called in the report.
        parts: The parts in their order.
        least_share: What a statement is worth that is worth keeping, compared to the best one.
        wants_definitions: Whether what defines a term of the question is among the answers.
        cues: A pattern of the words that statements of the wanted kind tend to have.
        findings_title: The heading of the findings.
        compared: The two things the question compares; empty unless it does.
    """

    kind: str
    parts: tuple[Part, ...]
    cues: str
    findings_title: str = "Findings"
    compared: tuple[str, ...] = ()
    wants_definitions: bool = False
    least_share: float = 0.5

    def about(self, compared: tuple[str, ...]) -> Plan:
        """Return this plan for a question that compares these things."""
        return replace(self, compared=compared)

    def suits(self, text: str) -> bool:
        """Whether `text` has a word that answers to this kind of question tend to have."""
        return bool(re.search(rf"\b(?:{self.cues})\b", text, re.IGNORECASE))


EXPLANATION_PLAN = Plan(
    kind="explanation",
    parts=("summary", "steps", "findings", "definitions", "related"),
    cues=r"if(?! any\b| given\b| present\b)|when|then|after|before|until|causes?|results? in",
)
DEFINITION_PLAN = Plan(
    kind="definition",
    wants_definitions=True,
    parts=("summary", "definitions", "findings", "related"),
    cues=r"(?:is|are) an?|(?:is|are) the|called|refers? to|consists? of|defines?|represents?",
)
HOW_TO_PLAN = Plan(
    kind="how-to",
    wants_definitions=True,
    parts=("summary", "steps", "findings", "definitions", "related"),
    cues=r"use[sd]?|using|can be|must|should|calling|created? by|defin(?:e|ed|ing)|pass(?:ed)?",
    findings_title="What to know",
)
REASON_PLAN = Plan(
    kind="reason",
    parts=("summary", "findings", "definitions", "related"),
    cues="because|since|so that|therefore|in order to|thus|hence|due to|allows?|means? that",
    findings_title="Reasons and background",
)
COMPARISON_PLAN = Plan(
    kind=COMPARISON,
    wants_definitions=True,
    parts=("summary", "findings", "definitions", "related"),
    cues=r"unlike|whereas|while|but|rather than|instead|differs?|same|both|than|only",
    findings_title="Side by side",
    least_share=0.35,
)
