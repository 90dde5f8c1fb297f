"""The runtime: puts the parts together, and is what a service embeds."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextvars import copy_context
from typing import Any

import pykka

from actors.agents.invocation import Assignment
from actors.agents.mailbox import DEFAULT_CAPACITY, MailboxPolicy
from actors.cells.group import Group, check_group
from actors.cells.registry import AgentRegistry
from actors.cells.spec import specify
from actors.checks.keys import Start
from actors.control.environment import Environment
from actors.control.latch import refuse_to_block
from actors.control.reply import Reply
from actors.control.switch_interval import LOWERED
from actors.control.telemetry import Observer
from actors.metrics.metrics_actor import MetricsActor
from actors.orchestrators.base import Pattern
from actors.runs.admission import check_room
from actors.runs.child_runs import ChildRuns
from actors.runs.plans import Plans
from actors.runs.run import ABORT, Run, RunKeeper, RunResult
from actors.runtime.assembly import assemble, start_up
from actors.runtime.oversight import Oversight
from actors.runtime.settings import RuntimeSettings
from actors.runtime.shutdown import StopReport, shut_down
from actors.values.arguments import as_environment, as_event, check_loop, check_observers, check_stopping
from actors.values.event import Event
from actors.values.findings import Finding
from actors.values.freezing import FrozenDict
from actors.values.state import Snapshot, State
from actors.workflows.branch import Branch
from supervisors.facts import RunStarted
from supervisors.policies.breaker import Breaker
from supervisors.policies.child_spec import GroupSpec
from supervisors.policies.deadlines import UNLIMITED, Deadline, check_timeout
from supervisors.policies.restarts import Restart
from supervisors.policies.retry_budget import RetryBudget
from supervisors.policies.strategies import Strategy
from supervisors.signals import Supervise


class Runtime(Oversight):
    """A supervised actor runtime, to be embedded in a service.

    A context manager, sync and async: leaving it drains what is in progress within `grace`, leaving it by an exception
    cancels. All methods may be called from any thread.

    Args:
        loop: The host's event loop, for async agents to share; None runs one of the runtime's own on a thread.
        default_timeout: Seconds for runs that are submitted without a timeout; None is no limit.
        max_runs: How many runs are executed at once.
        waiting: How many more wait, sessions taking turns; beyond that they are refused with `OverloadedError`.
        metrics: Whether metrics are kept.
        metrics_port: Serve `/metrics` on this port of the loopback interface (0: any free one); None listens nowhere.
        observers: Objects with `observe(fact)`, called on the delivery thread.
        grace: Seconds that `stop()` waits for runs in progress and then for agents.
        abandon_after: Seconds between asking work to stop and abandoning it.
        hook_timeout: Seconds for each start of an agent: its constructor, `on_start` and `on_restart`.
        max_threads: How many threads plain functions run on at once.
        max_abandoned: How many abandoned threads may still run before work for threads is refused.
        retry_budget: How many retries a workflow may make, all its runs together; None is no limit.
        switch_interval: To how many seconds the process's `sys.setswitchinterval()` is lowered for as long as busy
            threads make deadlines late; None never touches it.
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
        waiting: int = 0,
        metrics: bool = True,
        metrics_port: int | None = None,
        observers: Sequence[Observer] = (),
        grace: float = 10.0,
        abandon_after: float = 1.0,
        hook_timeout: float = 30.0,
        max_threads: int = 128,
        max_abandoned: int = 1_000,
        retry_budget: RetryBudget | None = None,
        switch_interval: float | None = LOWERED,
        environment: Environment | None = None,
    ) -> None:
        settings = RuntimeSettings(
            default_timeout=default_timeout,
            max_runs=max_runs,
            waiting=waiting,
            metrics=metrics,
            metrics_port=metrics_port,
            grace=grace,
            abandon_after=abandon_after,
            hook_timeout=hook_timeout,
            max_threads=max_threads,
            max_abandoned=max_abandoned,
            retry_budget=retry_budget,
            switch_interval=switch_interval,
        )
        super().__init__(settings)
        check_loop(loop)
        check_observers(observers)
        self._numbers = itertools.count(1)
        # Written under the lock, except for single pops inside the control plane.
        self._runs: dict[int, RunKeeper] = {}
        self._metrics = MetricsActor(self._gauges) if metrics else None
        self._system = assemble(
            settings,
            as_environment(environment),
            loop=loop,
            counter=self._metrics,
            observers=observers,
            runs=self._runs,
        )
        self._agents = self._system.agents = AgentRegistry()
        self._plans = Plans(self._agents, self._system.delivery)
        self._system.child_runs = ChildRuns(
            self._system, self._plans, self._numbers, spawn=self.spawn, default_timeout=default_timeout
        )

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
        mailbox: int | MailboxPolicy = DEFAULT_CAPACITY,
        breaker: Breaker | None = None,
        group: Group | None = None,
    ) -> pykka.ActorRef[Any]:
        """Start an agent under a name and return its ref at once; it gets ready in the background.

        Args:
            name: What workflows call it.
            agent: A subclass of `Agent`, a factory without parameters that makes one, or a callable of
                `(event, state)` or `(event, state, context)`. Never an instance.
            concurrency: How many instances share its mailbox, 100,000 at most; if not given, 1 for classes and for
                whatever has processes of its own, and no limit for other functions.
            dispatcher: "loop" for `async def`, "threads" for plain functions; chosen by `run` if not given. "pinned"
                keeps a thread, one of `max_threads`, for each instance of a plain agent; "process" runs each instance
                in a process of its own; two for each core start at once, the others in turn.
            timeout: Seconds for each event, waiting included.
            restart: When a crashed instance is restarted; `Restart()` if not given.
            mailbox: How many events may wait, one more being rejected; or a `MailboxPolicy`, with another rule.
            breaker: When it is left alone because it keeps failing; None is never. See `breaker()`.
            group: Which group it is the last of; None if it stands alone.

        Returns:
            A `pykka.ActorRef`: `ref.ask(event)` answers with an `AgentResult`, `ref.tell(event)` does not answer.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If an argument is out of range.
            AgentExistsError: If the name is taken.
            RuntimeNotRunningError: If the runtime is not running.
        """
        self.check_running()
        spec = specify(
            name,
            agent,
            concurrency=concurrency,
            dispatcher=dispatcher,
            timeout=timeout,
            restart=restart,
            mailbox=mailbox,
            breaker=breaker,
        )
        check_group(group, self._system)
        cell = spec.cell(self._system, self.settings.grace if group is None else group.spec.grace)
        ref = cell.actor_ref  # made before anybody else can ask for it
        with self._admission:
            self.check_running()
            self._agents.add(cell)
        if group is None:
            cell.lifecycle.begin()
        else:
            group.adopt(cell)
        return ref

    def group(
        self,
        name: str,
        *,
        strategy: Strategy | str = Strategy.ONE_FOR_ONE,
        restart: Restart | None = None,
        grace: float | None = None,
    ) -> Group:
        """Make a group, whose agents start in order, stop in reverse and are restarted together; spawn them on it.

        Args:
            name: What it is called, in reports.
            strategy: Whom a crash restarts: that agent ("one_for_one"), all ("one_for_all"), or that agent and those
                spawned after it ("rest_for_one"). When no restart helps, these are marked failed.
            restart: How often the group starts anew when an agent of it has used up its own restarts; once a minute
                if not given.
            grace: Seconds for what an agent is doing when it is stopped; the runtime's `grace` if not given.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If an argument is out of range.
            GroupExistsError: If the name is taken.
            RuntimeNotRunningError: If the runtime is not running.
        """
        policy = restart if restart is not None else Restart(max_restarts=1)
        seconds = self.settings.grace if grace is None else grace
        spec = GroupSpec(name=name, strategy=strategy, restart=policy, grace=seconds)
        with self._admission:
            self.check_running()
            return Group(spec, self._system, self.spawn).register()

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
            TypeError: If an argument has the wrong type.
            ValueError: If an argument is out of range.
            UnknownAgentError: If there is none of that name.
            pykka.Timeout: If it has not stopped within `timeout`; it is still being stopped.
        """
        self.check_running()
        cell = self._agents.cell(name)
        grace = check_stopping("stop_agent():", grace=grace, block=block, timeout=timeout)
        if block:
            refuse_to_block("Runtime.stop_agent()")
        reply = Reply()
        cell.request_stop(reply, grace)
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
        """Start a run and return it at once. What `check()` warns of is logged, once for each workflow object.

        Args:
            workflow: An agent's name or a pattern.
            event: What happened; a mapping is taken as the data of a new event. None is an event without data.
            state: What to start from; copied.
            timeout: Seconds for the whole run; `default_timeout` if not given.

        Raises:
            TypeError: If an argument has the wrong type, or holds something that is not plain data.
            ValueError: If the timeout is not positive.
            UnknownAgentError: If the workflow names agents that are not spawned.
            InvalidWorkflowError: If no run of the workflow can end ok; `check()` tells.
            OverloadedError: If `max_runs` are executed and as many wait as may.
            RuntimeNotRunningError: If the runtime is not running.
            ForkedRuntimeError: In the child of a fork.
        """
        self.check_running()
        check_room(len(self._runs), self.settings)  # before anything is compiled or copied
        plan = self._plans.fit(workflow)
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
                keeper.begin(Supervise(None, keeper, 0, plan.root, assignment, deadline))
        except BaseException:
            if number in self._runs:  # it was interrupted: nobody will hold the run
                system.plane.post_from_outside(keeper, ABORT)
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

    def check(
        self,
        workflow: str | Pattern | Branch,
        *,
        state: Iterable[str] | None = None,
        data: Iterable[str] | None = None,
    ) -> tuple[Finding, ...]:
        """Find mistakes in a workflow without running it, all at once.

        An error is what keeps every run from ending ok; `submit()` refuses it. A runtime that was not started has no
        agents: what depends on them is left out then.

        Args:
            workflow: An agent's name or a pattern.
            state: The keys of the state that it is to start with; None if they are not known, and then nothing is said
                of keys that may be there from the start.
            data: The keys of the event's data, likewise.

        Returns:
            What was found, by path; nothing if it is empty.

        Raises:
            TypeError: If an argument has the wrong type.
            RuntimeNotRunningError: If the runtime is stopping or stopped.
            ForkedRuntimeError: In the child of a fork.
        """
        start = Start.of(state, data)
        if self._status == "new":
            return self._plans.findings(workflow, with_agents=False)
        self.check_running()
        return self._plans.findings(workflow, start)

    # Inside

    def _open(self) -> None:
        if self._metrics is not None and self.settings.metrics_port is not None:
            self._metrics.serve(self.settings.metrics_port)
        try:
            start_up(self._system)
        except BaseException:
            if self._metrics is not None:
                self._metrics.stop_serving()
            raise

    def _close(self, seconds: float) -> StopReport:
        try:
            return shut_down(self._system, list(self._runs.values()), seconds)
        except BaseException:  # an interrupt of whoever waits
            shut_down(self._system, list(self._runs.values()), 0)
            raise
        finally:
            if self._metrics is not None:
                self._metrics.stop_serving()

    def _deadline(self, timeout: float | None) -> Deadline:
        seconds = check_timeout(timeout, "submit():")
        if seconds is None:
            seconds = self.settings.default_timeout
        return UNLIMITED if seconds is None else Deadline(self._system.plane.now() + seconds, "run")

    def _admit(self, keeper: RunKeeper) -> None:
        with self._admission:
            self.check_running()
            check_room(len(self._runs), self.settings)
            self._runs[keeper.run.id] = keeper
