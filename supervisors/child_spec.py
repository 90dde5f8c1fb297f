"""What a supervisor has to know of a child before it starts it."""

from __future__ import annotations

from pydantic import Field

from supervisors.model import Model
from supervisors.restarts import Restart


class ChildSpec(Model):
    """A child's name and what to do when it crashes.

    Attributes:
        name: What the child is called, in reports too.
        restart: When it is started again.
        grace: The seconds its work in flight is given to end once it has been cancelled.
    """

    name: str = Field(min_length=1)
    restart: Restart = Restart()
    grace: float = Field(default=1.0, ge=0)
