"""A Ctrl-C that strikes the main thread inside a control turn: it surfaces, and the runtime is as good as before.

It is struck in two ways. `CtrlC` presses the key at random moments, by a timer of the operating system.
`Strike` presses it at the n-th check point of a turn: where the interpreter may handle signals, which it does when a
function begins, after a call and when a loop goes round.
"""

from __future__ import annotations

import asyncio
import opcode
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from types import FrameType
from typing import Any, NamedTuple

import pykka
import pytest

from actors import ActorError, Agent, Branch, Event, Loop, Parallel, Run, Runtime, Sequential, State
from actors.control import ControlPlane
from actors.environment import DaemonThreads, Environment
from supervisors import Restart, Retry
from supervisors.facts import Fact, RunEnded, RunStarted

GUARD = 2.0
"""Seconds after which something is taken to hang."""

STRIKES = 200
SAMPLE = 12
"""How many check points of a story are struck by default; the soak strikes them all."""

ENOUGH = 1
"""How many damages are looked for: each may cost the guard's time."""

pytestmark = [
    pytest.mark.expects_errors,
    # Its usual method needs the timer that presses the key here.
    pytest.mark.timeout(300, method="thread"),
]


# What is struck


class Worker(Agent):
    def __init__(self, gate: threading.Event) -> None:
        self._gate = gate

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        if event.data.get("crash"):
            raise SystemExit(3)
        if event.data.get("hang"):
            self._gate.wait(10 * GUARD)
        state["worked"] = True

    def on_stop(self) -> None:
        """Be there, so that stopping takes a hook."""


class AsyncWorker(Agent):
    async def run(self, event: Event, state: State, /, *args: Any) -> None:
        if event.data.get("crash"):
            raise SystemExit(3)
        if event.data.get("hang"):
            await asyncio.sleep(10 * GUARD)
        state["worked"] = True

    async def on_stop(self) -> None:
        """Be there, so that stopping takes a hook."""


def never(state: State) -> bool:
    return False


def record(event: Event, state: State) -> None:
    state["recorded"] = True


async def recall(event: Event, state: State) -> None:
    state["recalled"] = True


THREADED = Sequential("worker", Parallel(Branch("record", timeout=60, retry=Retry()), "worker"), timeout=60)
ON_A_LOOP = Sequential("async", Parallel(Branch("recall", timeout=60, retry=Retry()), "async"), timeout=60)
MIXED = Sequential(Parallel("worker", "async"), Loop("recall", until=never, max_iterations=2), "record", timeout=60)
WORKFLOWS = {"sync": THREADED, "async": ON_A_LOOP, "mixed": MIXED}
AGENTS = ("worker", "async", "record", "recall")


class Ledger:
    """Counts which runs started and which ended."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._started: set[int] = set()
        self._ended: Counter[int] = Counter()

    def observe(self, fact: Fact) -> None:
        with self._news:
            if isinstance(fact, RunStarted):
                self._started.add(fact.run)
            elif isinstance(fact, RunEnded):
                self._ended[fact.run] += 1
            self._news.notify_all()

    def mistakes(self) -> list[str]:
        """Wait for the end of all runs; return what is wrong with it."""
        with self._news:
            is_settled = self._news.wait_for(lambda: self._started == set(self._ended), GUARD)
            mistakes = [] if is_settled else [f"runs never ended: {sorted(self._started - set(self._ended))}"]
            twice = [run for run, times in self._ended.items() if times > 1]
            return mistakes + ([f"runs ended twice: {twice}"] if twice else [])


class House:
    """A runtime with agents of all kinds, one instance each, and what to know about it."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.gate = threading.Event()
        self.ledger = Ledger()
        self.runtime = Runtime(loop=loop, observers=[self.ledger], abandon_after=0.05, grace=1.0, hook_timeout=5.0)
        self.runtime.start()
        self.spawn("worker")
        self.runtime.spawn("async", AsyncWorker)
        self.runtime.spawn("record", record, concurrency=1)
        self.runtime.spawn("recall", recall, concurrency=1)

    @property
    def plane(self) -> ControlPlane:
        return self.runtime._system.plane

    def spawn(self, name: str, **settings: Any) -> None:
        self.runtime.spawn(name, lambda: Worker(self.gate), **settings)

    def ask(self, name: str, **data: Any) -> pykka.Future[Any]:
        return self.runtime.agent(name).ask(Event(data=data), block=False)

    def damages(self) -> list[str]:
        """Return what does not work any more, or was left behind."""
        found = [damage for name in AGENTS if (damage := self.works(name))]
        if not await_that(lambda: not self.runtime.runs_in_progress):
            found.append(f"runs in progress: {self.runtime.runs_in_progress}")
        if not await_that(lambda: 'mixmode_actors{kind="orchestrator"} 0.0' in self._metrics()):
            found.append("orchestrators are left")
        return found + self.ledger.mistakes()

    def works(self, workflow: str) -> str:
        """Say that a workflow hangs or fails; nothing when it works."""
        try:
            self.runtime.submit(workflow).result(GUARD)
        except TimeoutError:
            return f"{workflow!r} hangs"
        except ActorError as error:
            return f"{workflow!r}: {error}"
        return ""

    def close(self) -> None:
        self.gate.set()
        self.runtime.stop(0)

    def _metrics(self) -> str:
        return self.runtime.metrics_text().decode()


def await_that(condition: Callable[[], bool]) -> bool:
    """Wait until a condition holds, and return whether it does."""
    tick = threading.Event()
    for _ in range(int(GUARD / 0.001)):
        if condition():
            return True
        tick.wait(0.001)
    return condition()


def surfaced_from(action: Callable[[], object]) -> list[str]:
    """Do something and return what is wrong with how a Ctrl-C surfaced from it."""
    try:
        action()
    except KeyboardInterrupt:
        return []
    except Exception as error:  # noqa: BLE001  # whatever it is, it is no KeyboardInterrupt
        return [f"it surfaced as {error!r}"]
    return ["it did not surface"]


# At random moments


class CtrlC:
    """Presses Ctrl-C when the main thread is a random way inside a control turn."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._is_armed = False
        self.strikes = 0
        self.where = ""
        # What was wrong with how it surfaced.
        self.surfaced: list[str] = []

    def __enter__(self) -> CtrlC:
        self._previous = signal.signal(signal.SIGALRM, self._on_alarm)
        self._interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
        return self

    def __exit__(self, *_: object) -> None:
        self._disarm()
        signal.signal(signal.SIGALRM, self._previous)
        signal.signal(signal.SIGINT, self._interrupt)

    def strikes_during(self, action: Callable[[], object]) -> bool:
        """Do something and return whether Ctrl-C struck in it."""
        before = self.strikes
        self._is_armed = True
        self._arm()
        self.surfaced = surfaced_from(action)
        self._disarm()
        return self.strikes > before

    def _arm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._random.uniform(5e-6, 400e-6))

    def _disarm(self) -> None:
        self._is_armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_alarm(self, _number: int, frame: FrameType | None) -> None:
        if not self._is_armed:
            return
        names = _stack(frame)
        if names[-1:] and names[-1].endswith(":_turn") and not _is_finalizing(names):
            self._is_armed = False
            self.strikes += 1
            self.where = " < ".join(names)
            signal.raise_signal(signal.SIGINT)
        else:
            self._arm()


def _is_finalizing(names: list[str]) -> bool:
    """Say whether a finalizer is running: the interpreter drops what is raised there."""
    return any("weakref" in name or name.endswith(":call_exception_handler") for name in names)


def _stack(frame: FrameType | None) -> list[str]:
    """Name the frames from one up to the control turn."""
    names = []
    while frame is not None:
        code = frame.f_code
        names.append(f"{code.co_filename.rpartition('/')[2]}:{frame.f_lineno}:{code.co_name}")
        if code is ControlPlane._turn.__code__:
            break
        frame = frame.f_back
    return names


@pytest.mark.parametrize("kind", WORKFLOWS)
def test_ctrl_c_at_random_points_of_turns_surfaces_and_harms_nothing(kind: str) -> None:
    random = Random(kind)
    damages: list[str] = []
    house = House()

    def act() -> None:
        run = house.runtime.submit(WORKFLOWS[kind])
        if random.random() < 0.3:
            run.cancel()
        elif random.random() < 0.5:
            run.exception(GUARD)

    with CtrlC(random) as ctrl_c:
        while ctrl_c.strikes < STRIKES and len(damages) < ENOUGH:
            if ctrl_c.strikes_during(act) and (found := ctrl_c.surfaced + house.damages()):
                damages.append(f"{found} after a strike at {ctrl_c.where}")
                house.close()
                house = House()
    house.close()

    assert damages == []


@pytest.mark.parametrize("kind", WORKFLOWS)
def test_ctrl_c_in_turns_on_a_host_loop_surfaces_and_harms_nothing(kind: str) -> None:
    random = Random(kind)
    damages: list[str] = []
    host = Host()

    def act() -> None:
        host.complete(host.story(WORKFLOWS[kind], is_cancelled=random.random() < 0.3))

    with CtrlC(random) as ctrl_c:
        while ctrl_c.strikes < STRIKES and len(damages) < ENOUGH:
            if ctrl_c.strikes_during(act) and (found := ctrl_c.surfaced + host.damages()):
                damages.append(f"{found} after a strike at {ctrl_c.where}")
                host.close()
                host = Host()
    host.close()

    assert damages == []


class Host:
    """A service whose event loop runs on the main thread, and is shared by a runtime."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.task: asyncio.Task[Any] | None = None
        self.complete(self._move_in())

    def complete(self, story: Any) -> Any:
        """Run the loop until a story is over."""
        self.task = self.loop.create_task(story)
        return self.loop.run_until_complete(self.task)

    async def story(self, workflow: Any, *, is_cancelled: bool) -> None:
        run = self.house.runtime.submit(workflow)
        if is_cancelled:
            await asyncio.sleep(0)
            run.cancel()
        try:
            await run
        except ActorError:
            return

    def damages(self) -> list[str]:
        """Return what does not work any more, or was left behind."""
        if self.task is not None and not self.task.done():
            self.task.cancel()
            _, hung = self.loop.run_until_complete(asyncio.wait([self.task], timeout=GUARD))
            if hung:
                return ["the awaiting task can be neither woken nor cancelled"]
        found: list[str] = [damage for name in AGENTS if (damage := self.complete(self._works(name)))]
        found.extend(self.complete(self._leftovers()))
        return found

    async def _works(self, name: str) -> str:
        try:
            await asyncio.wait_for(_ended(self.house.runtime.submit(name)), GUARD)
        except TimeoutError:
            return f"{name!r} hangs"
        except ActorError as error:
            return f"{name!r}: {error}"
        return ""

    async def _leftovers(self) -> list[str]:
        runtime = self.house.runtime
        for _ in range(int(GUARD / 0.001)):
            if not runtime.runs_in_progress:
                return []
            await asyncio.sleep(0.001)
        return [f"runs in progress: {runtime.runs_in_progress}"]

    def close(self) -> None:
        self.house.gate.set()
        self.complete(self.house.runtime.stop_async(0))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    async def _move_in(self) -> None:
        self.house = House(asyncio.get_running_loop())


async def _ended(run: Run) -> None:
    await run


# Where the machine is asked for a thread


class InterruptedThreads(DaemonThreads):
    """Presses Ctrl-C when the main thread first starts a thread of a name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        if name == self._name:
            self._name = ""
            signal.raise_signal(signal.SIGINT)
        return super().start(name, target)


@pytest.fixture
def interruptible() -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_before_the_first_message_of_a_run_leaves_no_run_behind() -> None:
    environment = Environment(threads=InterruptedThreads("mixmode-delivery"))
    with Runtime(observers=[Ledger()], environment=environment, grace=0.1) as runtime:
        runtime.spawn("record", record)

        with pytest.raises(KeyboardInterrupt):
            runtime.submit("record")

        assert await_that(lambda: not runtime.runs_in_progress)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_a_worker_is_started_costs_no_worker() -> None:
    environment = Environment(threads=InterruptedThreads("mixmode-worker-1"))
    with Runtime(environment=environment, max_threads=1, grace=0.1) as runtime:
        runtime.spawn("record", record)

        with pytest.raises(KeyboardInterrupt):
            runtime.submit("record")

        assert runtime.submit("record").result(GUARD).state == {"recorded": True}


# At every check point


_CHECKING = {
    opcode.opmap[name]
    for name in ("CALL", "CALL_KW", "CALL_FUNCTION_EX", "JUMP_BACKWARD", "RESUME")
    if name in opcode.opmap
}
"""The instructions after which the interpreter handles signals."""


class Strike:
    """Presses Ctrl-C at the n-th check point in the rest of the turn in which it begins; 0 only counts them."""

    def __init__(self, nth: int) -> None:
        self._nth = nth
        # Put back in the end: it may be that of a coverage measurement.
        self._previous = sys.gettrace()
        self._turn: FrameType | None = None
        self._last: dict[FrameType, int | None] = {}
        self.points = 0
        self.where = ""

    def begin(self, turn: FrameType) -> None:
        """Watch the frame of a turn and what it calls."""
        self._turn = turn
        turn.f_trace_opcodes = True
        turn.f_trace = self._on_step
        sys.settrace(self._on_call)

    def end(self) -> None:
        self._look_away()
        sys.settrace(self._previous)

    def _look_away(self) -> None:
        sys.settrace(None)
        self._last.clear()
        self._turn = None

    def _on_call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        frame.f_trace_opcodes = True
        caller = frame.f_back
        if caller is not None and frame.f_code.co_name != "__init__":
            self._last[caller] = None  # calls of Python functions are checked when these begin, not after
        return self._on_step

    def _on_step(self, frame: FrameType, event: str, _arg: object) -> Any:
        if self._turn is None:
            return None
        if event == "opcode":
            if self._last.get(frame) in _CHECKING:
                self._check(frame)
            self._last[frame] = frame.f_code.co_code[frame.f_lasti]
        elif event == "return":
            self._last.pop(frame, None)
            if frame is self._turn:
                self.end()
        return self._on_step

    def _check(self, frame: FrameType) -> None:
        names = _stack(frame)
        if _is_finalizing(names):
            return
        self.points += 1
        if self.points == self._nth:
            self.where = " < ".join(names)
            self._look_away()  # and have no other tracer struck
            signal.raise_signal(signal.SIGINT)


class Hold:
    """A recipient that keeps the main thread inside a turn until others have queued what the turn goes on with."""

    def __init__(self, strike: Strike) -> None:
        self._strike = strike
        self.has_held = False

    def handle(self, fill: Callable[[], object]) -> None:
        if self.has_held or threading.current_thread() is not threading.main_thread():
            return
        self.has_held = True
        fill()
        turn = sys._getframe().f_back
        assert turn is not None
        assert turn.f_code is ControlPlane._turn.__code__
        self._strike.begin(turn)


class Story(NamedTuple):
    """What happens to a house.

    Attributes:
        fill: Queues messages for the turn that is struck; called on the main thread, inside the turn.
        damages: Tells afterwards what went wrong.
    """

    fill: Callable[[], object]
    damages: Callable[[], list[str]]


def _unanswered(**waiting: Run | pykka.Future[Any]) -> list[str]:
    """Name what was never answered, whatever the answers are."""
    found = []
    for name, each in waiting.items():
        try:
            if isinstance(each, Run):
                each.exception(GUARD)
            else:
                each.get(timeout=GUARD)
        except pykka.Timeout:
            found.append(f"{name} is never answered")
        except TimeoutError as error:
            if not isinstance(error, ActorError):
                found.append(f"{name} never ends")
        except Exception:  # noqa: BLE001  # any answer will do
            continue
    return found


def _queued(house: House, count: int) -> None:
    """Wait until others have queued so many messages behind the one that is being handled."""
    assert await_that(lambda: len(house.plane._queue) > count), "what was to be queued never came"


def submission(house: House) -> Story:
    runs: list[Run] = []

    def fill() -> None:
        runs.extend(house.runtime.submit(workflow) for workflow in WORKFLOWS.values())

    return Story(fill, lambda: _unanswered(**{f"run {run.id}": run for run in runs}))


def cancellation(house: House) -> Story:
    runs = [house.runtime.submit(Sequential(name), {"hang": True}) for name in ("worker", "worker", "async", "async")]

    def fill() -> None:
        for run in runs:
            run.cancel()

    def damages() -> list[str]:
        house.gate.set()
        return _unanswered(**{f"run {run.id}": run for run in runs})

    return Story(fill, damages)


def spawning(house: House) -> Story:
    def fill() -> None:
        house.spawn("new")
        house.runtime.spawn("new-async", AsyncWorker)

    return Story(fill, lambda: [damage for name in ("new", "new-async") if (damage := house.works(name))])


def asking(house: House) -> Story:
    house.spawn("patient", timeout=30.0)
    asked: list[pykka.Future[Any]] = []
    return Story(lambda: asked.append(house.ask("patient")), lambda: _unanswered(ask=asked[0]))


def direct_deadline(house: House) -> Story:
    house.spawn("hasty", timeout=0.03)
    asked: list[pykka.Future[Any]] = []

    def fill() -> None:
        asked.append(house.ask("hasty", hang=True))
        _queued(house, 1)

    def damages() -> list[str]:
        # The event behind ArmDirect is only due when that was handled.
        return _unanswered(ask=asked[0])

    return Story(fill, damages)


def due_deadline(house: House) -> Story:
    house.spawn("hasty", timeout=0.03)
    asked = [house.ask("hasty", hang=True), house.ask("hasty", hang=True)]
    return Story(lambda: _queued(house, 1), lambda: _unanswered(first=asked[0], second=asked[1]))


def run_deadlines(house: House) -> Story:
    workflow = Sequential("worker", timeout=0.03)
    runs = [house.runtime.submit(workflow, {"hang": True}) for _ in range(3)]
    return Story(
        lambda: _queued(house, 1),
        lambda: _unanswered(**{f"run {run.id}": run for run in runs}) + [d for d in (house.works("worker"),) if d],
    )


def abandonment(house: House) -> Story:
    run = house.runtime.submit("worker", {"hang": True}, timeout=0.02)
    assert run.exception(GUARD) is not None
    return Story(lambda: _queued(house, 1), lambda: [d for d in (house.works("worker"),) if d])


def _crash(house: House, name: str) -> Story:
    assert not house.works(name)
    asked: list[pykka.Future[Any]] = []

    def fill() -> None:
        asked.append(house.ask(name, crash=True))
        _queued(house, 1)

    return Story(fill, lambda: _unanswered(ask=asked[0]) + [d for d in (house.works(name),) if d])


def crash(house: House) -> Story:
    return _crash(house, "worker")


def async_crash(house: House) -> Story:
    return _crash(house, "async")


def giving_up(house: House) -> Story:
    house.spawn("brittle", restart=Restart(max_restarts=0))
    assert not house.works("brittle")
    asked: list[pykka.Future[Any]] = []

    def fill() -> None:
        asked.append(house.ask("brittle", crash=True))
        _queued(house, 1)
        asked.append(house.ask("brittle"))

    return Story(fill, lambda: _unanswered(crash=asked[0], queued=asked[1]))


def stopping(house: House) -> Story:
    house.spawn("leaver")
    assert not house.works("leaver")
    running = house.runtime.submit("leaver", {"hang": True})
    queued, asked = house.runtime.submit(Sequential("leaver")), house.ask("leaver")
    replies: list[pykka.Future[Any]] = []

    def fill() -> None:
        replies.extend(house.runtime.stop_agent("leaver", block=False, grace=0.05) for _ in range(2))

    def damages() -> list[str]:
        found = _unanswered(running=running, queued=queued, asked=asked, stop=replies[0], again=replies[1])
        return found + (["the stopped agent is still there"] if "leaver" in house.runtime.agents else [])

    return Story(fill, damages)


def stop_grace(house: House) -> Story:
    house.spawn("leaver")
    assert not house.works("leaver")
    running = house.runtime.submit("leaver", {"hang": True})
    replies = [house.runtime.stop_agent("leaver", block=False, grace=0.03) for _ in range(2)]

    def damages() -> list[str]:
        found = _unanswered(running=running, stop=replies[0], again=replies[1])
        return found + (["the stopped agent is still there"] if "leaver" in house.runtime.agents else [])

    return Story(lambda: _queued(house, 1), damages)


STORIES = (
    submission,
    cancellation,
    spawning,
    asking,
    direct_deadline,
    due_deadline,
    run_deadlines,
    abandonment,
    crash,
    async_crash,
    giving_up,
    stopping,
    stop_grace,
)


def strike(story: Callable[[House], Story], nth: int) -> tuple[Strike, list[str]]:
    """Let a story happen in a new house, struck at its n-th check point; return the strike and the damages."""
    house = House()
    try:
        assert not house.damages()
        happening, ctrl_c = story(house), Strike(nth)
        hold = Hold(ctrl_c)

        def enter() -> None:
            while not hold.has_held:  # another thread may be inside just now
                house.plane.post(hold, happening.fill)

        surfaced = surfaced_from(enter)
        ctrl_c.end()
        damages = (surfaced if ctrl_c.where else []) + happening.damages() + house.damages()
    finally:
        house.close()
    return ctrl_c, damages


def findings(story: Callable[[House], Story], step: int | None) -> list[str]:
    """Strike a story at check points and return what went wrong, and where it was struck."""
    unstruck, damages = strike(story, 0)
    assert damages == [], "even without an interrupt"
    assert unstruck.points, "nothing happened in the turn"
    found = []
    for nth in range(1, unstruck.points + 1, step or max(1, unstruck.points // SAMPLE)):
        struck, damages = strike(story, nth)
        if struck.where and damages:
            found.append(f"{damages} after a strike at {struck.where}")
        if len(found) >= ENOUGH:
            break
    return found


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("story", STORIES)
def test_ctrl_c_at_check_points_of_a_turn_surfaces_and_harms_nothing(story: Callable[[House], Story]) -> None:
    assert findings(story, None) == []


@pytest.mark.soak
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("story", STORIES)
def test_ctrl_c_at_every_check_point_of_a_turn_harms_nothing(story: Callable[[House], Story]) -> None:
    assert findings(story, 1) == []
