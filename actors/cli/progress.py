"""Progress: a line for each stage that ended."""

from __future__ import annotations

from actors.cli.terminal import tell
from supervisors.excerpt import shown
from supervisors.facts import Fact, StageEnded
from supervisors.outcome import Outcome

INDENT = "  "


class Progress:
    """An observer that tells on standard error how each stage ended, indented by its depth in the workflow."""

    def observe(self, fact: Fact) -> None:
        """Tell of a stage that ended."""
        if isinstance(fact, StageEnded):
            record = fact.record
            indent = INDENT * record.path.count("/")
            tell(f"{indent}{shown(record.path)}  {record.duration:.3f} s  {one_line(record.outcome)}")


def one_line(outcome: Outcome) -> str:
    """Return how something ended, on one line, whatever an agent's exception says."""
    return str(outcome)
