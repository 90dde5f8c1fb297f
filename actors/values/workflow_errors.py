"""The errors about workflows that are wrong before they are run: as they were written, or as they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from actors.values.errors import ActorError
from supervisors.excerpt import cut

if TYPE_CHECKING:
    from actors.values.findings import Finding

LONGEST_MISTAKE: Final = 2_000
"""How many characters tell a mistake: a name in a definition may be as long as that itself."""


class InvalidWorkflowError(ActorError, ValueError):
    """No run of the workflow can end ok, as was found before it ran.

    Attributes:
        workflow: The workflow's name.
        findings: All that was found, warnings included, by path.
    """

    def __init__(self, workflow: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(workflow, findings)
        self.workflow = workflow
        self.findings = findings

    def __str__(self) -> str:
        errors = "\n".join([f"  {finding}" for finding in self.findings if finding.is_error])
        return f"no run of workflow {self.workflow!r} can end ok:\n{errors}"


class Mistake(NamedTuple):
    """What is wrong at one place of a definition.

    Attributes:
        place: Where, such as `workflow.steps[2].timeout`; empty for the whole.
        problem: What is wrong, and what to do; to be read after the place.
        line: In which line of the text, counted from 1; 0 if that is not known.
        column: At which character of the line, counted from 1; 0 if that is not known.
    """

    place: str
    problem: str
    line: int = 0
    column: int = 0

    def located(self, source: str) -> str:
        """Return it as a line of text that begins with where it is, as compilers write it; a very long one is cut."""
        where = [source] if source else []
        if self.line:
            where += [str(self.line), str(self.column)]
        text = cut(f"{self.place} {self.problem}" if self.place else self.problem, LONGEST_MISTAKE)
        return f"{':'.join(where)}: {text}" if where else text


class DefinitionError(ActorError, ValueError):
    """A definition is wrong; all its mistakes are told at once.

    Attributes:
        source: Which file or text it is in; empty if there is none.
        mistakes: What is wrong, in the order of the text.
    """

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(source, mistakes)
        self.source = source
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join([mistake.located(self.source) for mistake in self.mistakes])


class UnresolvedReferenceError(ActorError, LookupError):
    """What a definition names as `module:attribute` is not there."""

    def __init__(self, reference: str, problem: str) -> None:
        super().__init__(reference, problem)
        self.reference = reference
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


class MissingExtraError(ActorError, ImportError):
    """Something needs a library that only an extra of this distribution installs."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(purpose, extra)
        self.purpose = purpose
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.purpose} needs an extra: pip install 'mixmode[{self.extra}]'"
