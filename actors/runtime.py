"""The runtime: puts the parts together, and is what a service embeds."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from types import TracebackType
from typing import Any, Self

import pykka

from actors.agent import define
from actors.agent_cell import AgentCell
from actors.arguments import as_event, check_count, check_loop, check_name, check_observers, check_stop_timeout
from actors.assembly import assemble
from actors.environment import Environment
from actors.errors import (
    AgentExistsError,
    ForkedRuntimeError,
    OverloadedError,
    RuntimeNotRunningError,
    UnknownAgentError,
)
from actors.event import Event
from actors.invocation import Assignment
from actors.latch import Latch, refuse_to_block
from actors.metrics import Gauges, MetricsActor
from actors.orchestrators.base import Pattern
from actors.orchestrators.branch import Branch
from actors.plan import Plan, compile_workflow
from actors.reply import Reply
from actors.run import ABORT, Run, RunKeeper, RunResult
from actors.settings import RuntimeSettings
from actors.shutdown import StopReport, shut_down
from actors.state import Snapshot, State
from actors.telemetry import Observer
from actors.values import FrozenDict
from supervisors.child_spec import ChildSpec
from supervisors.deadlines import UNLIMITED, Deadline, check_timeout
from supervisors.facts import RunStarted
from supervisors.restarts import Restart
from supervisors.signals import Supervise

_PLANS_KEPT = 256


class Runtime:
    """A supervised actor runtime, to be embedded in a service.

    A context manager, sync and async: leaving it drains what is in progress within `grace`, leaving it by an exception
    cancels. All methods may be called from any thread.

    Args:
        loop: The host's event loop, for async agents to share; None runs one of the runtime's own on a thread.
        default_timeout: Seconds for runs that are submitted without a timeout; None is no limit.
        max_runs: How many runs may be in progress; one more is refused with `OverloadedError`.
        metrics: Whether metrics are kept.
        metrics_port: Serve `/metrics` on this port of the loopback interface (0: any free one); None listens nowhere.
        observers: Objects with `observe(fact)`, called on the delivery thread.
        grace: Seconds that `stop()` waits for runs in progress and then for agents.
        abandon_after: Seconds between asking work to stop and giving it up.
        hook_timeout: Seconds for each start of an agent: its constructor, `on_start` and `on_restart`.
        max_threads: How many threads plain functions run on at once.
        max_abandoned: How many abandoned threads may still run before work for threads is refused.
        environment: Where time, randomness and threads come from; the machine if not given.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If an argument is out of range.
    """

    def __init__(  # settings, all by keyword
        self,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        default_timeout: float | None = None,
        max_runs: int = 10_000,
        metrics: bool = True,
        metrics_port: int | None = None,
        observers: Sequence[Observer] = (),
        grace: float = 10.0,
        abandon_after: float = 1.0,
        hook_timeout: float = 30.0,
        max_threads: int = 128,
        max_abandoned: int = 1_000,
        environment: Environment | None = None,
    ) -> None:
        self.settings = RuntimeSettings(
            default_timeout=default_timeout,
            max_runs=max_runs,
            metrics=metrics,
            metrics_port=metrics_port,
            grace=grace,
            abandon_after=abandon_after,
            hook_timeout=hook_timeout,
            max_threads=max_threads,
            max_abandoned=max_abandoned,
        )
        check_loop(loop)
        check_observers(observers)
        self._numbers = itertools.count(1)
        # Written under the lock, except for single pops inside the control plane.
        self._runs: dict[int, RunKeeper] = {}
        self._admission = threading.Lock()
        # Written under the lock: new, running, stopping, stopped.
        self._status = "new"
        self._plans: dict[Any, tuple[Any, Plan]] = {}
        self._metrics = MetricsActor(self._gauges) if metrics else None
        self._system = assemble(
            self.settings,
            environment or Environment(),
            loop=loop,
            counter=self._metrics,
            observers=observers,
            runs=self._runs,
        )

    # Life

    def start(self) -> Self:
        """Start the threads, and serve metrics if a port was given. Does not block.

        Raises:
            RuntimeNotRunningError: If it was started before.
            OSError: If the metrics port cannot be had; then nothing is started.
        """
        with self._admission:
            self._check_not_forked()
            if self._status != "new":
                raise RuntimeNotRunningError(self._status)
            if self._metrics is not None and self.settings.metrics_port is not None:
                self._metrics.serve(self.settings.metrics_port)
            self._system.plane.start()
            self._system.loops.start()
            self._status = "running"
        return self

    def stop(self, timeout: float | None = None) -> StopReport:
        """Stop: take no new runs, drain, cancel what is left, stop the agents. Blocks.

        Args:
            timeout: Seconds for runs in progress and for agents to end; `grace` if not given. 0 cancels at once.

        Returns:
            What was not finished. Stopping again reports nothing.

        Raises:
            WouldDeadlockError: On a thread that runs an event loop of a runtime; leave `async with` there instead.
        """
        seconds = self.settings.grace if timeout is None else check_stop_timeout(timeout)
        if self._status == "running" and not self._system.is_forked:
            refuse_to_block("Runtime.stop()")
        if self._system.is_forked or not self._begin_stop():
            return StopReport((), {})
        return self._shut_down(seconds)

    async def stop_async(self, timeout: float | None = None) -> StopReport:
        """Stop as `stop()` does, without blocking the event loop that this is awaited on."""
        seconds = self.settings.grace if timeout is None else check_stop_timeout(timeout)
        if self._system.is_forked or not self._begin_stop():
            return StopReport((), {})
        latch = Latch()
        reports: list[StopReport] = []

        def stop() -> None:
            try:
                reports.append(self._shut_down(seconds))
            finally:
                latch.open()

        self._system.environment.threads.start("mixmode-stop", stop)
        await latch
        return reports[0] if reports else StopReport((), {})

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop(0 if kind is not None else None)

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop_async(0 if kind is not None else None)

    def _begin_stop(self) -> bool:
        """Take no new work from now on; False if there is nothing to stop."""
        with self._admission:
            was_running = self._status == "running"
            if was_running:
                self._status = "stopping"
            elif self._status == "new":
                self._status = "stopped"
        return was_running

    def _shut_down(self, seconds: float) -> StopReport:
        report = shut_down(self._system, list(self._runs.values()), seconds)
        if self._metrics is not None:
            self._metrics.stop_serving()
        self._status = "stopped"
        return report

    # Agents

    def spawn(
        self,
        name: str,
        agent: object,
        *,
        concurrency: int | None = None,
        dispatcher: str | None = None,
        timeout: float | None = None,
        restart: Restart | None = None,
        mailbox: int = 10_000,
    ) -> pykka.ActorRef[Any]:
        """Start an agent under a name and return its ref at once; it gets ready in the background.

        Args:
            name: What workflows call it.
            agent: A subclass of `Agent`, a factory without parameters that makes one, or a callable of
                `(event, state)` or `(event, state, context)`. Never an instance.
            concurrency: How many instances share its mailbox: 1 for classes, no limit for functions if not given.
            dispatcher: "loop" for `async def`, "threads" for plain functions; chosen by what `run` is if not given.
            timeout: Seconds for each event, waiting included.
            restart: When a crashed instance is restarted; `Restart()` if not given.
            mailbox: How many events may wait; one more is rejected.

        Returns:
            A `pykka.ActorRef`: `ref.ask(event)` answers with an `AgentResult`, `ref.tell(event)` does not answer.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If an argument is out of range.
            AgentExistsError: If the name is taken.
            RuntimeNotRunningError: If the runtime is not running.
        """
        self.check_running()
        check_name(name)
        owner = f"spawn({name!r}):"
        if concurrency is not None:
            check_count(concurrency, f"{owner} concurrency")
        check_count(mailbox, f"{owner} mailbox")
        if restart is not None and not isinstance(restart, Restart):
            raise TypeError(f"{owner} restart must be a supervisors.Restart, not {restart!r}")
        definition = define(name, agent, dispatcher)
        cell = AgentCell(
            self._system,
            definition,
            ChildSpec(name=name, restart=restart or Restart(), grace=self.settings.grace),
            concurrency=concurrency or (None if definition.make is None else 1),
            capacity=mailbox,
            timeout=check_timeout(timeout, owner),
        )
        ref = cell.actor_ref  # made before anybody else can ask for it
        with self._admission:
            self.check_running()
            if name in self._system.agents:
                raise AgentExistsError(name)
            self._system.agents[name] = cell
        cell.lifecycle.begin()
        return ref

    def agent(self, name: str) -> pykka.ActorRef[Any]:
        """Return the ref of a spawned agent.

        Raises:
            UnknownAgentError: If there is none of that name.
        """
        cell = self._system.agents.get(name)
        if cell is None:
            raise UnknownAgentError((name,), self.agents)
        return cell.actor_ref

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of the spawned agents, in the order of spawning."""
        return tuple(self._system.agents)

    def stop_agent(
        self,
        name: str,
        *,
        grace: float | None = None,
        block: bool = True,
        timeout: float | None = None,
    ) -> Reply:
        """Stop an agent: what is queued is rejected, what is running may finish within the grace.

        Args:
            name: Which agent.
            grace: Seconds for what is running; the runtime's `grace` if not given.
            block: Whether to wait until it has stopped.
            timeout: Seconds to wait at most.

        Returns:
            A future that resolves when it has stopped; await it, or call its `get()`.

        Raises:
            UnknownAgentError: If there is none of that name.
            pykka.Timeout: If it has not stopped within `timeout`; it is still being stopped.
        """
        self.check_running()
        cell = self._system.agents.get(name)
        if cell is None:
            raise UnknownAgentError((name,), self.agents)
        if block:
            refuse_to_block("Runtime.stop_agent()")
        reply = Reply()
        cell.request_stop(reply, None if grace is None else check_stop_timeout(grace))
        if block:
            reply.get(timeout=timeout)
        return reply

    # Runs

    def submit(
        self,
        workflow: str | Pattern | Branch,
        event: Event | Mapping[str, Any] | None = None,
        state: State | Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Run:
        """Start a run and return it at once.

        Args:
            workflow: An agent's name or a pattern.
            event: What happened; a mapping is taken as the data of a new event. None is an event without data.
            state: What to start from; copied.
            timeout: Seconds for the whole run; `default_timeout` if not given.

        Raises:
            TypeError: If an argument has the wrong type, or holds something that is not plain data.
            ValueError: If the timeout is not positive.
            UnknownAgentError: If the workflow names agents that are not spawned.
            OverloadedError: If `max_runs` are in progress.
            RuntimeNotRunningError: If the runtime is not running.
            ForkedRuntimeError: In the child of a fork.
        """
        self.check_running()
        plan = self._plan(workflow)
        event = as_event(event, plan.name)
        snapshot = Snapshot.of(state)
        deadline = self._deadline(timeout)
        system = self._system
        number = next(self._numbers)
        run = Run(system, number, plan.name)
        keeper = RunKeeper(system, run, self._runs, snapshot)
        metadata = FrozenDict({"session_id": event.session_id})
        assignment = Assignment(event, metadata, snapshot, copy_context())
        try:
            with system.plane.shield:
                self._admit(keeper)
                system.telemetry.observe(RunStarted(plan.name, number))
                system.plane.post(keeper.supervisor, Supervise(None, keeper, 0, plan.root, assignment, deadline))
        except BaseException:  # it was refused, or interrupted: nobody will hold the run
            system.plane.post(keeper, ABORT)
            raise
        return run

    def run(
        self,
        workflow: str | Pattern | Branch,
        event: Event | Mapping[str, Any] | None = None,
        state: State | Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> RunResult:
        """Submit, wait for the end and return the result; an interrupt of the waiting cancels the run.

        Raises:
            WorkflowFailedError: If the run did not end ok; and whatever `submit()` raises.
            WouldDeadlockError: On a thread that runs an event loop of a runtime; await `submit()` instead.
        """
        refuse_to_block("Runtime.run()")
        run = self.submit(workflow, event, state, timeout)
        try:
            return run.result()
        finally:
            if not run.done():
                run.cancel()

    @property
    def runs_in_progress(self) -> int:
        """How many runs have not ended."""
        return len(self._runs)

    # Metrics

    def metrics_text(self) -> bytes:
        """Return the metrics in Prometheus' text format.

        Raises:
            ValueError: If the runtime keeps no metrics.
        """
        return self._kept_metrics().text()

    @property
    def metrics_registry(self) -> Any:
        """The `prometheus_client.CollectorRegistry`, to be mounted in a host's own metrics page."""
        return self._kept_metrics().registry

    @property
    def metrics_port(self) -> int | None:
        """The port that serves `/metrics`; None if none does."""
        return self._metrics.port if self._metrics is not None else None

    def _kept_metrics(self) -> MetricsActor:
        if self._metrics is None:
            raise ValueError("this runtime keeps no metrics: it was made with metrics=False")
        return self._metrics

    def _gauges(self) -> Gauges:
        agents = list(self._system.agents.items())
        control = len(self._system.control_cells)
        return Gauges(
            mailbox_depth={name: cell.depth for name, cell in agents},
            actors={
                "agent": len(agents),
                "orchestrator": max(0, control - 1),
                "supervisor": len(self._runs) + 1,
            },
            abandoned_work={name: cell.abandoned_count for name, cell in agents},
        )

    # Inside

    def check_running(self) -> None:
        """Refuse unless the runtime is running.

        Raises:
            RuntimeNotRunningError: If it was not started, or is stopping or stopped.
            ForkedRuntimeError: In the child of a fork.
        """
        self._check_not_forked()
        if self._status != "running":
            raise RuntimeNotRunningError(self._status)

    def _check_not_forked(self) -> None:
        if self._system.is_forked:
            raise ForkedRuntimeError

    def _plan(self, workflow: Any) -> Plan:
        key = workflow if isinstance(workflow, str) else id(workflow)
        known = self._plans.get(key)
        if known is not None and (known[0] is workflow or isinstance(workflow, str)):
            plan = known[1]
        else:
            plan = compile_workflow(workflow)
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            self._plans[key] = (workflow, plan)
        if not plan.agents <= self._system.agents.keys():
            unknown = tuple(sorted(plan.agents - self._system.agents.keys()))
            raise UnknownAgentError(unknown, self.agents)
        return plan

    def _deadline(self, timeout: float | None) -> Deadline:
        seconds = check_timeout(timeout, "submit():")
        if seconds is None:
            seconds = self.settings.default_timeout
        if seconds is None:
            return UNLIMITED
        return Deadline(self._system.plane.now() + seconds, "run")

    def _admit(self, keeper: RunKeeper) -> None:
        with self._admission:
            self.check_running()
            if len(self._runs) >= self.settings.max_runs:
                raise OverloadedError(self.settings.max_runs)
            self._runs[keeper.run.id] = keeper
