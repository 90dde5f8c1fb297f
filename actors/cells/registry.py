"""The registry of a runtime's agents: which there are, and what they declare."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from actors.cells.agent_cell import AgentCell
from actors.checks.agents import Declaration
from actors.values.errors import AgentExistsError, UnknownAgentError
from supervisors.excerpt import excerpt


class AgentRegistry(dict[str, AgentCell]):
    """The agents by name, in the order of spawning; any thread may read it.

    Attributes:
        edition: A number that is another one after every change.
    """

    def __init__(self) -> None:
        super().__init__()
        self._editions = itertools.count(1)
        # Written after the change, by whoever made it. No number is written twice, so one that was read before the
        # registry was never says that nothing has changed when something has.
        self.edition = 0

    def __setitem__(self, name: str, cell: AgentCell) -> None:
        super().__setitem__(name, cell)
        self.edition = next(self._editions)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.edition = next(self._editions)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of spawning."""
        return tuple(self)

    def add(self, cell: AgentCell) -> None:
        """Take an agent in. Under the lock of whoever spawns.

        Raises:
            AgentExistsError: If the name is taken.
        """
        if cell.name in self:
            raise AgentExistsError(cell.name)
        self[cell.name] = cell

    def cell(self, name: str) -> AgentCell:
        """Return the cell of an agent.

        Raises:
            TypeError: If the name is no string.
            UnknownAgentError: If there is none of that name.
        """
        if not isinstance(name, str):
            raise TypeError(f"an agent's name is a string, not {excerpt(name)}")
        cell = self.get(name)
        if cell is None:
            raise UnknownAgentError((name,), self.names)
        return cell

    def declarations(self, names: Iterable[str]) -> dict[str, Declaration]:
        """Return what the agents of these names declare; those that are not there are left out."""
        cells = [(name, self.get(name)) for name in names]
        return {
            name: Declaration(cell.definition.requires, cell.definition.produces, cell.timeout)
            for name, cell in cells
            if cell is not None
        }
