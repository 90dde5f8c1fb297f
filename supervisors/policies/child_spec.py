"""What a supervisor has to know of its children before it starts one."""

from __future__ import annotations

from typing import Final

from pydantic import Field, field_validator

from supervisors.model import Model, wrong_type
from supervisors.policies.restarts import Restart
from supervisors.policies.strategies import Strategy


class ChildSpec(Model):
    """A child's name and what to do when it crashes.

    Attributes:
        name: What the child is called, in reports too.
        restart: When it is started again.
        grace: The seconds its work in flight is given to end when it is stopped.
    """

    name: str = Field(min_length=1)
    restart: Restart = Restart()
    grace: float = Field(default=1.0, ge=0)


class GroupSpec(Model):
    """A group's name, and whom in it a failure concerns.

    Attributes:
        name: What the group is called, in reports too.
        strategy: Who is restarted, or marked failed, when a child fails.
        restart: How often the whole group is started anew, each time because a child has used up its own restarts.
            Its `kind` and `on` are about children and are refused here.
        grace: The seconds that the work of a child in flight is given when the child is stopped.
    """

    name: str = Field(min_length=1)
    strategy: Strategy
    restart: Restart
    grace: float = Field(ge=0)

    def __init__(
        self,
        *,
        name: str,
        strategy: Strategy | str = Strategy.ONE_FOR_ONE,
        restart: Restart = Restart(max_restarts=1),  # noqa: B008 - frozen
        grace: float = 1.0,
    ) -> None:
        """Check and keep the spec.

        Raises:
            TypeError: If a value is of a wrong type.
            ValueError: If a value is not allowed.
        """
        super().__init__(name=name, strategy=strategy, restart=restart, grace=grace)

    @field_validator("strategy", mode="plain")
    @classmethod
    def _known_strategy(cls, strategy: object) -> Strategy:
        if not isinstance(strategy, str):
            raise wrong_type("must be a supervisors.Strategy or its name")
        try:
            return Strategy(strategy)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(map(repr, map(str, Strategy)))}") from None

    @field_validator("restart")
    @classmethod
    def _about_a_group(cls, restart: Restart) -> Restart:
        if restart.kind != "permanent" or restart.on:
            raise ValueError("must leave kind and on alone, which are about agents: give them to spawn()")
        return restart


NO_GROUP: Final = GroupSpec(name="runtime", restart=Restart(max_restarts=0))
"""What holds for agents that are in no group: each is restarted by itself, and in the end marked failed."""
