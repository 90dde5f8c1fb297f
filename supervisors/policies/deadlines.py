"""Until when a piece of work may take, and whose allowance that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from supervisors.excerpt import excerpt


def check_timeout(timeout: object, owner: str) -> float | None:
    """Return a user's timeout as a float, or None for no timeout.

    Args:
        timeout: What the user gave; None or a positive, finite int or float.
        owner: Who is to be named when it is neither, such as `Loop('writer')`.

    Raises:
        TypeError: If it is neither a number nor None; a bool is not a number.
        ValueError: If it is not positive or not finite.
    """
    if timeout is None:
        return None
    expected = f"{owner} timeout must be a positive number of seconds or None"
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"{expected}, not {excerpt(timeout)}")
    try:
        seconds = float(timeout)
    except OverflowError:
        seconds = math.inf
    if not 0 < seconds < math.inf:
        raise ValueError(f"{expected}, not {excerpt(timeout)}")
    return seconds


@dataclass(slots=True, unsafe_hash=True)
class Deadline:
    """The moment by which a piece of work has to be done. Nobody changes one; not frozen, as that costs three times it.

    Attributes:
        at: The moment, on the clock that made it; None is never.
        budget: Whose allowance it is; reported when it runs out.
    """

    at: float | None
    budget: str

    def narrowed(self, timeout: float | None, budget: str, now: float) -> Deadline:
        """Return the earlier of this deadline and one `timeout` seconds from now.

        Args:
            timeout: The child's own allowance in seconds; None keeps this deadline.
            budget: Whose allowance it is; reported when it is the one that runs out.
            now: What the clock shows.

        Returns:
            The deadline the child works under. It never lies after this one, and it is this
            one when both fall on the same moment.

        Raises:
            ValueError: If `timeout` is zero or negative.
        """
        if timeout is None:
            return self
        if not timeout > 0:
            raise ValueError(f"{budget} must be a positive number of seconds, not {timeout!r}")
        at = now + timeout
        if self.at is not None and self.at <= at:
            return self
        return Deadline(at, budget)

    def remaining(self, now: float) -> float | None:
        """Return the seconds that are left, 0 when it has passed, None when it never will."""
        if self.at is None:
            return None
        return max(0.0, self.at - now)

    def has_passed(self, now: float) -> bool:
        """Say whether the moment has come."""
        return self.at is not None and now >= self.at


UNLIMITED: Final = Deadline(None, "")
