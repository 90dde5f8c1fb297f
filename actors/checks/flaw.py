"""The flaw: what a check has found, before it is known what it does to the whole run."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from actors.checks.place import Place
from actors.values.findings import Code


class Bars(Enum):
    """What a flaw certainly keeps from ending ok.

    Attributes:
        NOTHING: Nothing, or it is not certain.
        NODE: The node itself; its fallback may still save it.
        GATE: What its parent asks about the node: it is never run, or never counts as done.
        RUN: Every run of the workflow: it is refused, whatever its runs would do.
    """

    NOTHING = "nothing"
    NODE = "node"
    GATE = "gate"
    RUN = "run"


class Flaw(NamedTuple):
    """Something that is wrong with a workflow.

    Attributes:
        place: Where.
        code: What kind of flaw.
        problem: What is wrong.
        advice: What to do.
        bars: What it keeps from ending ok.
    """

    place: Place
    code: Code
    problem: str
    advice: str
    bars: Bars = Bars.NOTHING
