"""Cached: what a node changed is kept under a key, and taken over by whoever comes with an equal one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from pydantic import Field, field_validator

from actors.orchestrators.base import Orchestrator, Part, Pattern, delta_of, usable_timeout
from actors.orchestrators.caches import Change, Lead, Ticket, TicketTarget
from actors.orchestrators.evaluations import CALLABLE_TIMEOUT, ConditionTarget, evaluation_failed
from actors.values.digests import key_of
from actors.values.freezing import CONVERT, freeze
from actors.values.state import Delta
from actors.workflows.branch import Branch, Node, part_of, usable_step
from actors.workflows.flow import Flow, Gate, Given
from supervisors.facts import CacheHit, CacheMissed
from supervisors.model import wrong_type
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import Job

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt, Ended

_NODE = 0
_KEY = "key"
_FLIGHT = "flight"
_CACHED = Outcome(OutcomeKind.OK, Reason.CACHED)
_TICKETS = TicketTarget()

Key: TypeAlias = str | Sequence[str] | Callable[..., Any]
"""What a cache goes by: names of keys, or a callable of `(state)` or `(event, state)`."""


class KeyTarget(ConditionTarget):
    """Has a user's callable called that makes the key; gives the digest of what it returns."""

    def _evaluate(self, returned: Any) -> Any:
        return _awaited_digest(returned) if self._is_async else _digest(returned)


async def _awaited_digest(returned: Any) -> bytes:
    return _digest(await returned)


def _digest(key: object) -> bytes:
    try:
        return key_of(freeze(key, "the key"))
    except TypeError as error:
        raise TypeError(str(error).replace(CONVERT, "convert it")) from None


class CachedOrchestrator(Orchestrator):
    """Finds out the key, and takes the value, waits for it, or computes it.

    While the value is not there it holds a ticket, a child of its own beside the node. It ends when both have ended.
    """

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        super().__init__(target, attempt)
        self._pattern: Cached = target.pattern  # type: ignore[assignment]  # its own pattern
        # Set before anybody is told to compute.
        self._ticket: Ticket
        self._is_computing = False
        # How the ticket and the node ended, as soon as they have.
        self._waited: Ended | None = None
        self._computed: Ended | None = None

    def receive(self, message: Any, context: ControlCell) -> None:
        """Handle one signal."""
        if type(message) is Lead:
            self._lead(context)
        else:
            super().receive(message, context)

    def begin(self, context: ControlCell) -> None:
        """Find out the key."""
        target = self._pattern.key_target
        if target is None:
            self._begin_by_names(context)
            return
        path = self.attempt.job.path
        job = Job(f"{path} (key)", "key", target, ((CALLABLE_TIMEOUT, f"key of {path}"),), is_internal=True)
        self.call(job, _KEY, self.situation(), context)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """Go on after the key was made, the waiting ended or the value was computed."""
        if ended.key == _NODE:
            self._computed = ended
            self._note_computed(ended, context)
        elif ended.key == _FLIGHT:
            self._waited = ended
            self._end_if_both_ended(context)
        elif ended.outcome.ok:
            self._look_up(ended.value, context)
        else:
            self.fail(context, evaluation_failed(ended.outcome, Reason.KEY_ERROR, self.attempt.job.path))

    # The key

    def _begin_by_names(self, context: ControlCell) -> None:
        state, data = self.state, self.event.data
        path = self.attempt.job.path
        missing = [name for name in self._pattern.names if name not in state and name not in data]
        shared = [name for name in self._pattern.names if name in state.shared]
        if missing:
            names = ", ".join(map(repr, missing))
            detail = f"{path!r} caches by {names}, and neither the state nor the event's data has that"
            self.fail(context, Outcome(OutcomeKind.FAILED, Reason.MISSING_INPUT, detail=detail))
        elif shared:
            detail = f"{path!r} caches by {shared[0]!r}, which is shared by reference and cannot be compared"
            self.fail(context, Outcome(OutcomeKind.FAILED, Reason.KEY_ERROR, detail=detail))
        else:
            values = [state.values[name] if name in state.values else data[name] for name in self._pattern.names]
            self._look_up(key_of(tuple(values)), context)

    # The value

    def _look_up(self, key: bytes, context: ControlCell) -> None:
        caches = context.system.caches
        cache = caches.of(self._pattern)
        change = cache.find(key, context.now())
        if change is not None:
            self._take_over(change, context)
            return
        self._ticket = Ticket(caches, cache, key, context)
        job = Job(self.attempt.job.path, _FLIGHT, _TICKETS, is_internal=True)
        self.call(job, _FLIGHT, self._ticket, context)

    def _take_over(self, change: Change, context: ControlCell) -> None:
        if context.is_observed:
            context.observe(CacheHit(*self._place(context)))
        self.take(_moved(change, self.attempt.job.path))
        self.succeed(context, _CACHED)

    def _lead(self, context: ControlCell) -> None:
        """Compute the value, unless that is under way, or the ticket was taken back meanwhile."""
        if self._is_computing or not self._ticket.leads:
            return
        self._is_computing = True
        if context.is_observed:
            context.observe(CacheMissed(*self._place(context)))
        self.supervise(_NODE, context)

    def _note_computed(self, ended: Ended, context: ControlCell) -> None:
        delta = delta_of(ended.value)
        if ended.outcome.ok and not delta.shared:
            self._ticket.land(Change(self.attempt.job.path, delta))
        else:
            self._ticket.release()
        self._end_if_both_ended(context)

    def _end_if_both_ended(self, context: ControlCell) -> None:
        waited, computed = self._waited, self._computed
        if waited is None or (self._is_computing and computed is None):
            return
        if computed is not None:
            self._end_computed(computed, context)
        elif waited.outcome.ok:
            self._take_over(waited.value, context)
        else:
            self.fail(context, waited.outcome)

    def _end_computed(self, computed: Ended, context: ControlCell) -> None:
        job = self.jobs[_NODE]
        if not computed.outcome.ok:
            if job.required:
                self.fail_with(computed, job.path, context)
            else:
                self.succeed(context)
            return
        delta = delta_of(computed.value)
        self.take(delta)
        if delta.shared:
            detail = f"{job.path!r} shared {min(delta.shared)!r} by reference, which is not cached; share it elsewhere"
            self.fail(context, Outcome(OutcomeKind.FAILED, Reason.INVALID_RESULT, detail=detail))
        else:
            self.succeed(context)

    def _place(self, context: ControlCell) -> tuple[str, int, str]:
        path = self.attempt.job.path
        return path.partition("/")[0], context.run, path


class Cached(Pattern):
    """Run a node once for each key, and take over what it changed whenever that key comes again.

    There is one cache in a runtime for each `Cached` node, and nodes that are alike share it, wherever they stand; a
    callable is alike only to itself. While a value is being computed, in whatever run, others with that key wait, each
    within its own deadline. When the computation fails, is cancelled or runs out of time, nothing is kept and the next
    of those who wait computes anew. What is kept may be the result of a fallback inside the node.

    What the node changed is laid over the state of whoever takes it over. So it must depend on the key alone: a key of
    the state that the node set to what was there already is no change, and is not taken over. A node that shares
    something by reference fails with `invalid_result`.

    Args:
        node: An agent's name, a pattern or a branch.
        key: The name of a key of the state, or if it is not there of the event's data; a sequence of such names; or a
            callable of `(state)` or `(event, state)` that returns plain data. Keys are equal type-strictly: 1 is
            neither True nor 1.0. They are compared by digests, and kept as such.
        ttl: Seconds for which a value is taken over, from when it was computed; None is for as long as it is kept.
        max_entries: How many values are kept; beyond that, the one that was not used for longest goes.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for making the key, waiting and computing together.
    """

    kind: ClassVar[str] = "cached"
    orchestrator: ClassVar[Any] = CachedOrchestrator
    flow: ClassVar[Flow] = Flow.CACHED

    node: Any
    key: Any
    ttl: float | None = None
    max_entries: int = Field(default=1_000, ge=1)

    def __init__(
        self,
        node: Node | Branch,
        *,
        key: Key,
        ttl: float | None = None,
        max_entries: int = 1_000,
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(node=node, key=key, ttl=ttl, max_entries=max_entries, name=name, timeout=timeout)

    def model_post_init(self, _context: Any) -> None:
        """Look at a callable here, on its maker's thread: its signature may be code of a user's."""
        self.key_target  # noqa: B018  # it is kept

    @field_validator("node", mode="plain")
    @classmethod
    def _usable_node(cls, node: object) -> object:
        return usable_step(node)

    @field_validator("key", mode="plain")
    @classmethod
    def _usable_key(cls, key: object) -> object:
        names = [key] if isinstance(key, str) else key
        if isinstance(names, list | tuple):
            return _usable_names(key, names)
        if isinstance(key, type) or not callable(key):
            raise _wrong_key()
        return key

    @field_validator("ttl", mode="plain")
    @classmethod
    def _usable_ttl(cls, ttl: object) -> float | None:
        return usable_timeout(ttl)

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which it caches; none if a callable makes the key."""
        if isinstance(self.key, str):
            return (self.key,)
        return self.key if isinstance(self.key, tuple) else ()

    @cached_property
    def key_target(self) -> KeyTarget | None:
        """What has the callable called that makes the key; None if it caches by names."""
        return None if self.names else KeyTarget(self.key)

    def parts(self) -> Sequence[Part]:
        """Return the node."""
        return [part_of(self.node, {"phase": "cached", "execution_type": "cached", "pattern": self.kind})]

    def gates(self) -> Sequence[Gate]:
        """Return the names by which it caches: they have to be there."""
        return [Gate(before=tuple([Given(name) for name in self.names]))]


def _usable_names(key: object, names: Sequence[object]) -> object:
    if not all(isinstance(name, str) for name in names):
        raise _wrong_key()
    if not names or not all(names):
        raise ValueError("must name at least one key, and no name may be empty")
    return key if isinstance(key, str) else tuple(names)


def _wrong_key() -> Exception:
    return wrong_type("must be a key's name, a sequence of names, or a callable of (state) or (event, state)")


def _moved(change: Change, path: str) -> Delta:
    """Return a change as if it had been made at another place: the notes are on the nodes below that one."""
    delta = change.delta
    if change.path == path or not delta.meta:
        return delta
    meta = {path + noted.removeprefix(change.path): notes for noted, notes in delta.meta.items()}
    return Delta(delta.changed, delta.removed, shared=delta.shared, meta=meta)
