"""The agent: what users write."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from actors.agents.reference import reference_of
from actors.values.arguments import is_coroutine_function
from actors.values.event import Event
from actors.values.state import State

if TYPE_CHECKING:
    import pykka

    from actors.orchestrators.base import Pattern
    from actors.workflows.branch import Branch
    from supervisors.outcome import Outcome

_Callable = TypeVar("_Callable", bound=Callable[..., Any])


class AgentContext(Protocol):
    """What an agent that takes a third parameter is told about the event it handles."""

    @property
    def remaining(self) -> float | None:
        """The seconds that are left until its deadline; None when it has none, never negative."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more. A polite agent looks at it now and then."""

    @property
    def attempt(self) -> int:
        """Which try at the event this is; 1 is the first."""

    @property
    def previous_outcome(self) -> Outcome | None:
        """How what was tried before this failed, where a `Branch` around it tries again or has its fallback done.

        It is the last failure in the nearest such branch, as text: its `failure` has no exception. None in a first
        try that is in no fallback; what other branches, other steps and earlier iterations met is not told.
        """

    def run(
        self,
        workflow: str | Pattern | Branch,
        event: Event | Mapping[str, Any] | None = None,
        state: State | Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Run a workflow as a part of handling the event, and return its `RunResult`.

        An `async def` agent awaits it; in a plain function it blocks, and the thread is made up for meanwhile. The run
        works under what is left of the agent's own deadline, ends with the agent's attempt at the latest, and its trace
        is below the agent's record. It has a state of its own: the agent takes over from the result what it likes. It
        runs in a copy of the context variables of whoever calls this, and counts for the metrics under its workflow's
        name, but not against `max_runs`.

        Args:
            workflow: An agent's name or a pattern.
            event: What happened; a mapping is taken as the data of a new event in the same session. None is an event
                without data.
            state: What to start from; copied. None is an empty one.
            timeout: Seconds for the whole run, if that is less than what is left.

        Raises:
            WorkflowFailedError: If the run did not end ok; the agent may handle it and go on.
            ContextEndedError: If the event has ended, or nobody waits for it any more.
            NestingError: If too many such runs are nested in each other.
            WaitingThreadsError: If too many threads wait for runs and answers.
            WouldDeadlockError: If a plain function's context is used on a thread that runs an event loop of a runtime.
            UnknownAgentError: If the workflow names agents that are not spawned.
            InvalidWorkflowError: If no run of the workflow can end ok.
        """

    def spawn(self, name: str, agent: object, **options: Any) -> pykka.ActorRef[Any]:
        """Spawn an agent, as `Runtime.spawn()` does, that stops with the one that calls this.

        It stops when the instance that handles the event is restarted or stopped; when the caller is a function, as
        soon as the event ends. What it is handling then is cancelled. Its name is one among those of all agents.

        Raises:
            ContextEndedError: If the event has ended, or nobody waits for it any more.
            AgentExistsError: If the name is taken, also by an agent that is about to stop.
            RuntimeNotRunningError: If the runtime is stopping.
        """


class Agent(ABC):
    """An agent with state of its own. Subclass it and give the class, or a factory, to `Runtime.spawn()`.

    An instance handles one event at a time; `concurrency=N` makes N instances. `run` and the hooks may be `async def`:
    if `run` is, everything runs on an event loop, in one task for the life of the instance, so that what `on_start`
    enters (a cancel scope, a task group, a client's session) can be left in `on_stop`; else on a thread, not always
    the same one unless `dispatcher="pinned"` keeps one for each instance, as an SQLite connection needs.

    The constructor and the hooks of an async instance share their context variables; `run` has a copy of those of
    whoever submitted the run. When others than the runtime cancel the task, as a task group does of which a task has
    failed, `on_stop` is called, and the instance counts as crashed. Construction and hooks are under a deadline too.

    Attributes:
        requires: State keys without which it is not run: its step fails with `missing_input`.
        produces: State keys that must be there when it has run: else its step fails with `missing_output`.
    """

    requires: Iterable[str] = ()
    produces: Iterable[str] = ()

    @abstractmethod
    def run(self, event: Event, state: State, /, *args: Any) -> Any:
        """Handle one event.

        Args:
            event: What happened; immutable.
            state: The agent's own copy of the run's state, to be changed in place if it likes.
            args: An `AgentContext`, if the method takes a third parameter.

        Returns:
            None when it changed `state` in place, a mapping to be laid over it, a `State` that replaces it, or an
            `AgentResult`.
        """

    def on_start(self) -> Any:  # noqa: B027  # an optional hook
        """Get ready, before the first event; runs where `run` does. Raising counts as a failed start."""

    def on_stop(self) -> Any:  # noqa: B027  # an optional hook
        """Clean up after the last event. Not called on an instance whose code is still running."""

    def on_restart(self, reason: str) -> Any:  # noqa: B027  # an optional hook
        """Learn that this instance replaces a crashed one; called after `on_start`."""


def declares(*, requires: Iterable[str] = (), produces: Iterable[str] = ()) -> Callable[[_Callable], _Callable]:
    """Declare for a function agent which state keys it needs and which it leaves behind."""

    def mark(function: _Callable) -> _Callable:
        function.requires = _key_names(requires, "requires", function)  # type: ignore[attr-defined]  # functions take attributes
        function.produces = _key_names(produces, "produces", function)  # type: ignore[attr-defined]  # the same
        return function

    return mark


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """What `spawn` was given, understood.

    Attributes:
        name: The agent's name.
        make: Makes an instance (user code); None for a function, which has none.
        function: The function; None when there are instances.
        is_async: Whether it is run on an event loop.
        wants_context: Whether it takes a third parameter.
        requires: The state keys it declares to need.
        produces: The state keys it declares to leave behind.
        dispatcher: The dispatcher that the user asked for; None for the one that fits.
        is_resolved: Whether all this is known; of an opaque factory it is not before it made an agent.
        reference: Where its process finds it, as `module:qualified.name`; empty if it runs in this one.
    """

    name: str
    make: Callable[[], Any] | None
    function: Callable[..., Any] | None
    is_async: bool
    wants_context: bool
    requires: tuple[str, ...]
    produces: tuple[str, ...]
    dispatcher: str | None = None
    is_resolved: bool = True
    reference: str = ""

    def emptied(self) -> AgentDefinition:
        """Return what is left of it when the agent has stopped: nothing that is the user's."""
        return self if self.make is self.function is None else replace(self, make=None, function=None)


def define(name: str, agent: object, dispatcher: str | None) -> AgentDefinition:
    """Understand what a user wants to spawn.

    Args:
        name: The name to spawn it under.
        agent: A subclass of Agent, a factory without parameters, or a callable of `(event, state)`.
        dispatcher: What the user asked for: "loop", "threads", "pinned", "process" or None.

    Raises:
        TypeError: If it is none of these; the text says what was expected.
        ValueError: If the dispatcher is unknown or does not fit.
    """
    if isinstance(agent, Agent):
        raise TypeError(
            f"agent {name!r}: give spawn() the class {type(agent).__name__} or a factory, not an instance; "
            "a restart must be able to make a new one"
        )
    if not callable(agent):
        raise TypeError(
            f"agent {name!r}: expected a subclass of Agent, a factory or a callable of (event, state), "
            f"not {type(agent).__name__}"
        )
    if dispatcher == "process":
        return _define_in_process(name, agent)
    if isinstance(agent, type):
        return _define_class(name, agent, agent, dispatcher)
    count = _parameter_count(agent, name)
    if count == 0:
        return _define_factory(name, agent, dispatcher)
    if count not in (2, 3):
        raise TypeError(f"agent {name!r}: a function agent takes (event, state) or (event, state, context)")
    is_async = is_coroutine_function(agent)
    _check_dispatcher(name, dispatcher, is_async)
    if dispatcher == "pinned":
        raise ValueError(
            f"agent {name!r}: dispatcher 'pinned' gives each instance of a subclass of Agent a thread of its own, "
            "and a function has no instances; give it another dispatcher"
        )
    return AgentDefinition(
        name,
        None,
        agent,
        is_async or dispatcher == "loop",
        count == 3,  # noqa: PLR2004  # event, state, context
        _key_names(getattr(agent, "requires", ()), "requires", agent),
        _key_names(getattr(agent, "produces", ()), "produces", agent),
    )


def _define_class(name: str, cls: type, make: Callable[[], Any], dispatcher: str | None) -> AgentDefinition:
    if not issubclass(cls, Agent):
        raise TypeError(f"agent {name!r}: class {cls.__name__} must be a subclass of actors.Agent")
    if inspect.isabstract(cls):
        raise TypeError(f"agent {name!r}: class {cls.__name__} has no run(self, event, state)")
    count = _parameter_count(cls.run, name, is_method=True)
    if count not in (2, 3):
        raise TypeError(f"agent {name!r}: run takes (self, event, state) or (self, event, state, context)")
    if make is cls and _required(_parameters(cls, name)):
        raise TypeError(f"agent {name!r}: {cls.__name__} needs arguments; spawn a factory such as functools.partial")
    is_async = is_coroutine_function(cls.run)
    _check_dispatcher(name, dispatcher, is_async)
    wants_context = count == 3  # noqa: PLR2004  # event, state, context
    requires = _key_names(cls.requires, "requires", cls)
    produces = _key_names(cls.produces, "produces", cls)
    is_async = is_async or dispatcher == "loop"
    return AgentDefinition(name, make, None, is_async, wants_context, requires, produces, dispatcher)


def _define_factory(name: str, factory: Callable[[], Any], dispatcher: str | None) -> AgentDefinition:
    """Understand a factory by the class that it wraps, if that shows; else when it has made its first agent."""
    cls = factory.func if isinstance(factory, partial) else factory
    if isinstance(cls, type):
        return _define_class(name, cls, factory, dispatcher)
    _check_dispatcher(name, dispatcher, is_async=False)
    on_loop = dispatcher == "loop"
    return AgentDefinition(name, factory, None, on_loop, False, (), (), dispatcher, is_resolved=False)


def _define_in_process(name: str, agent: Callable[..., Any]) -> AgentDefinition:
    """Understand an agent for a process of its own: each instance is one, also of a function."""
    understood = define(name, agent, None)
    return replace(
        understood,
        make=understood.make or agent,  # called there
        function=None,
        is_async=False,  # whoever waits for the process blocks, whatever it does inside
        wants_context=True,
        dispatcher="process",
        is_resolved=True,
        reference=reference_of(name, agent),
    )


def resolve(definition: AgentDefinition, product: object) -> AgentDefinition:
    """Complete the definition of a factory by what it made.

    Raises:
        TypeError: If that is no usable agent.
    """
    if definition.is_resolved or definition.make is None:
        return definition
    if not isinstance(product, Agent):
        raise TypeError(
            f"agent {definition.name!r}: a callable without parameters is a factory and must make an Agent, "
            f"not {type(product).__name__}; a function agent takes (event, state)"
        )
    return _define_class(definition.name, type(product), definition.make, definition.dispatcher)


def _parameter_count(function: Callable[..., Any], name: str, *, is_method: bool = False) -> int:
    """Count what a call has to give: the parameters that have no default, and a `context` right after them.

    What takes any number is given an event and a state: it may pass them on to a function that takes no more.
    """
    parameters = _parameters(function, name)
    if is_method and parameters and parameters[0].kind is not inspect.Parameter.VAR_POSITIONAL:
        parameters = parameters[1:]
    required = len(_required(parameters))
    following = parameters[required:]
    if following and following[0].kind is inspect.Parameter.VAR_POSITIONAL:
        return max(required, len(("event", "state")))
    return required + (len(following) > 0 and following[0].name == "context")


def _parameters(function: Callable[..., Any], name: str) -> Sequence[inspect.Parameter]:
    """Return the parameters that are given by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise TypeError(f"agent {name!r}: the signature of {function!r} cannot be read") from error
    mandatory = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if mandatory:
        raise TypeError(f"agent {name!r}: keyword-only parameter {mandatory[0]!r} needs a default")
    return [p for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]


def _required(parameters: Sequence[inspect.Parameter]) -> Sequence[inspect.Parameter]:
    return [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]


def _check_dispatcher(name: str, dispatcher: str | None, is_async: bool) -> None:
    if dispatcher not in (None, "loop", "threads", "pinned"):
        raise ValueError(
            f"agent {name!r}: dispatcher must be 'loop', 'threads', 'pinned' or 'process', not {dispatcher!r}"
        )
    if dispatcher in ("threads", "pinned") and is_async:
        raise ValueError(f"agent {name!r}: `async def` needs the dispatcher 'loop', not {dispatcher!r}")


def _key_names(keys: object, declared: str, owner: object) -> tuple[str, ...]:
    if isinstance(keys, str) or not isinstance(keys, Iterable):
        raise TypeError(f"{owner!r}: {declared} must be a sequence of state keys, not {keys!r}")
    names = tuple(keys)
    for key in names:
        if not isinstance(key, str) or not key:
            raise TypeError(f"{owner!r}: {declared} must name state keys, not {key!r}")
    return names
