"""The checklist: all checks, those that need the workflow alone and those that need its agents' declarations."""

from __future__ import annotations

from actors.checks.agents import Declarations, check_agents
from actors.checks.effects import check_effects
from actors.checks.flaw import Flaw
from actors.checks.key_flow import check_keys
from actors.checks.keys import UNKNOWN_START, Start
from actors.checks.limits import check_agents_limits, check_limits
from actors.checks.logic import Logic
from actors.checks.loops import check_loops
from actors.checks.names import check_names
from actors.checks.place import Place
from actors.checks.policies import check_policies
from actors.checks.previous import check_previous
from actors.checks.rules import check_rules
from actors.checks.stages import check_stages


def check_structure(root: Place) -> list[Flaw]:
    """Find what is wrong with a workflow whatever its agents are."""
    logic = Logic()
    return [
        *check_names(root),
        *check_limits(root),
        *check_policies(root),
        *check_previous(root),
        *check_rules(root, logic),
        *check_loops(root, logic),
        *check_stages(root, logic),
    ]


def check_declarations(
    root: Place, declarations: Declarations, known: tuple[str, ...], start: Start = UNKNOWN_START
) -> list[Flaw]:
    """Find what is wrong with a workflow given what its agents declare.

    Args:
        root: The workflow.
        declarations: What the workflow's agents declare; those that are not in it are not known.
        known: The names of all agents there are.
        start: What runs start with, as far as it is known.
    """
    return [
        *check_agents(root, declarations, known),
        *check_agents_limits(root, declarations),
        *check_keys(root, declarations, start),
        *check_effects(root, declarations),
    ]
