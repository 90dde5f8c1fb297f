"""Limits: timeouts, iterations and retries that cannot be what they say, given what the nodes above grant."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from actors.checks.agents import Declarations
from actors.checks.flaw import Flaw
from actors.checks.place import Place
from actors.values.findings import Code
from supervisors.outcome import Reason
from supervisors.policies.deadlines import UNLIMITED
from supervisors.policies.endings import out_of_time
from supervisors.policies.retries import Retry

_MOST_RETRIES = 1_000
"""How many delays are added up; a retry that fits this often is not looked at further."""


class Allowance(NamedTuple):
    """How much time something is granted, and by whom."""

    seconds: float
    whose: str

    def __str__(self) -> str:
        return f"{self.whose!r} grants {self.seconds:g} s"


_UNLIMITED = Allowance(math.inf, "")


class _Least(Random):
    """Draws the least of what may be drawn."""

    def uniform(self, a: float, b: float) -> float:
        return a


_LEAST = _Least()
_TIMED_OUT = out_of_time(UNLIMITED, Reason.DEADLINE)


def check_limits(root: Place) -> Iterator[Flaw]:
    """Find limits that contradict those above them."""
    for place, above in _allowances(root, _UNLIMITED):
        yield from _check_timeouts(place, above)
        yield from _check_fallback(place, above)
        yield from _check_iterations(place, above)
        if place.job.retry is not None:
            yield from _check_retry(place, place.job.retry, _own(place, above))


def check_agents_limits(root: Place, declarations: Declarations) -> Iterator[Flaw]:
    """Find agents whose own timeout is more than a place in the workflow grants them."""
    for place, above in _allowances(root, _UNLIMITED):
        declaration = declarations.get(place.agent)
        granted = _of_attempt(place, _own(place, above))
        if declaration is not None and declaration.timeout is not None and declaration.timeout > granted.seconds:
            yield Flaw(
                place,
                Code.AGENT_TIMEOUT_NOT_GRANTED,
                f"the {declaration.timeout:g} s of agent {place.agent!r} cannot be granted here: {granted}",
                f"grant more, or spawn the agent with a timeout of {granted.seconds:g} s at most",
            )


def _allowances(place: Place, above: Allowance) -> Iterator[tuple[Place, Allowance]]:
    """Yield every place with what those above it grant."""
    yield place, above
    attempt = _of_attempt(place, _own(place, above))
    for child in place.children:
        yield from _allowances(child, attempt)
    if place.fallback is not None:
        yield from _allowances(place.fallback, _whole(place, above))


def _whole(place: Place, above: Allowance) -> Allowance:
    """Return what is granted to a node and its fallback."""
    return min([above, *[Allowance(*limit) for limit in place.job.limits]], key=lambda each: each.seconds)


def _own(place: Place, above: Allowance) -> Allowance:
    """Return what is granted to a node with its retries."""
    limits = [Allowance(*limit) for limit in place.job.node_limits]
    return min([_whole(place, above), *limits], key=lambda each: each.seconds)


def _of_attempt(place: Place, own: Allowance) -> Allowance:
    retry = place.job.retry
    if retry is None or retry.attempt_timeout is None or retry.attempt_timeout >= own.seconds:
        return own
    return Allowance(retry.attempt_timeout, f"attempt of {place.path}")


def _check_timeouts(place: Place, above: Allowance) -> Iterator[Flaw]:
    whole, own = _whole(place, above), _own(place, above)
    limits = [(Allowance(*limit), whole) for limit in place.job.limits]
    limits += [(Allowance(*limit), own) for limit in place.job.node_limits]
    for limit, granted in limits:
        if limit.seconds <= granted.seconds:
            continue
        problem = f"{limit.seconds:g} s for {limit.whose!r} cannot be granted: {granted}"
        if granted is above:
            advice = f"grant it at most {granted.seconds:g} s, or grant {granted.whose!r} more"
        elif granted.whose == limit.whose:
            problem += " in its own timeout, retries included"
            advice = "keep one of the two timeouts; Retry(attempt_timeout=) limits each attempt"
        else:
            advice = "keep the shorter of the two"
        yield Flaw(place, Code.TIMEOUT_NOT_GRANTED, problem, advice)


def _check_fallback(place: Place, above: Allowance) -> Iterator[Flaw]:
    """Find a fallback that can begin too late only: its node may take all the time that both have."""
    whole, seconds = _whole(place, above), min((each for each, _ in place.job.node_limits), default=math.inf)
    if seconds == whole.seconds < math.inf:
        yield Flaw(
            place,
            Code.FALLBACK_WITHOUT_TIME,
            f"its fallback never begins when its {seconds:g} s are over: {whole}, the fallback included",
            f"give it less than {seconds:g} s, or grant {whole.whose!r} more",
        )


def _check_iterations(place: Place, above: Allowance) -> Iterator[Flaw]:
    times = place.gate.times
    each = _whole(place, _UNLIMITED)
    if place.parent is None or times == 1 or not each.seconds <= above.seconds < math.inf:
        return
    if each.seconds * times > above.seconds and not math.isclose(each.seconds * times, above.seconds):
        yield Flaw(
            place.parent,
            Code.ITERATIONS_DO_NOT_FIT,
            f"{times} iterations of {each.seconds:g} s take {each.seconds * times:g} s, and {above}",
            f"ask for {math.floor(above.seconds / each.seconds)} at most, shorten them, or grant more",
        )


def _check_retry(place: Place, retry: Retry, own: Allowance) -> Iterator[Flaw]:
    timeout = retry.attempt_timeout or 0.0
    if timeout > own.seconds:
        yield Flaw(
            place,
            Code.ATTEMPT_NOT_GRANTED,
            f"{timeout:g} s for an attempt cannot be granted: {own}, all attempts together",
            "shorten attempt_timeout, so that there is time for another attempt, or grant more",
        )
        return
    if retry.attempts == 1:
        if not timeout:
            problem = "Retry(attempts=1) never tries again: the first try counts"
            yield Flaw(place, Code.RETRY_WITHOUT_EFFECT, problem, "ask for 2 attempts or more, or leave it out")
        return
    possible = _possible_attempts(retry, 0.0, own.seconds)
    if possible < retry.attempts:
        yield Flaw(
            place,
            Code.BACKOFF_DOES_NOT_FIT,
            f"only {possible} of {retry.attempts} attempts can be made, however soon each fails: "
            f"the delays between them are too long, as {own}",
            f"ask for {possible} attempts, shorten the back-off, or grant more",
        )
        return
    possible = _possible_attempts(retry, timeout, own.seconds)
    if possible < retry.attempts and timeout and retry.allows(1, _TIMED_OUT):
        yield Flaw(
            place,
            Code.ATTEMPTS_DO_NOT_FIT,
            f"only {possible} of {retry.attempts} attempts can be made if each runs out of its {timeout:g} s: {own}",
            "shorten attempt_timeout, ask for fewer attempts, or grant more",
        )


def _possible_attempts(retry: Retry, duration: float, seconds: float) -> int:
    """Return how many attempts of a duration can be begun within a time, with the shortest delays between them."""
    passed = 0.0
    for number in range(1, min(retry.attempts, _MOST_RETRIES)):
        passed += duration + retry.delay(number, _LEAST)
        if passed >= seconds:
            return number
    return retry.attempts
