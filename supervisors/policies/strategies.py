"""Strategies: whom the failure of one agent of a group restarts.

They are those of Erlang/OTP's `supervisor`
(https://www.erlang.org/doc/system/sup_princ.html#restart-strategy). Whoever has to be restarted is stopped in the
reverse of the order in which the agents were declared, and then started in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

_Child = TypeVar("_Child")


class Strategy(StrEnum):
    """Who depends on whom in a group, and so is restarted, or marked failed, together.

    Attributes:
        ONE_FOR_ONE: Nobody: the one that failed is restarted by itself.
        ONE_FOR_ALL: Everybody: when one fails, all are restarted.
        REST_FOR_ONE: Each on those declared before it: the one that failed is restarted, and those after it.
    """

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"

    def affected(self, children: Sequence[_Child], failed: _Child) -> Sequence[_Child]:
        """Return whom a failure concerns, in declared order; `failed` is always one of them.

        Args:
            children: Everybody in the group, in the order in which they were declared.
            failed: Who failed.

        Raises:
            ValueError: If `failed` is not one of the children.
        """
        place = children.index(failed)
        if self is Strategy.ONE_FOR_ONE:
            return children[place : place + 1]
        return children[place:] if self is Strategy.REST_FOR_ONE else children
