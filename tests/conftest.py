"""What holds for every test: it leaves no thread, no actor and no error behind that it did not ask for."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from collections.abc import Iterator

import pykka
import pytest

from tests.limits import PATIENCE, SCALE
from tests.thoroughness import register_profiles

MARKERS = (
    "expects_errors: something may be logged at ERROR while the test runs",
    "leaves_abandoned_work: workers and loops may still run what was given up; the rest has to end",
)

register_profiles()


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # A shell has what runs in its background ignore Ctrl-C, and so would all processes that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Stretch the time limits of tests, which pytest-timeout enforces."""
    default = config.getoption("timeout") or float(config.getini("timeout") or 0)
    for item in items if SCALE > 1 else ():
        marker = item.get_closest_marker("timeout")
        seconds, *others = (marker and marker.args) or (default,)
        options = marker.kwargs if marker is not None else {}
        item.add_marker(pytest.mark.timeout(SCALE * seconds, *others, **options), append=False)


def pytest_collection_finish() -> None:
    """Take what all tests are made of out of what is collected again and again: it is most of what there is."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    before = set(threading.enumerate())

    yield

    if request.node.get_closest_marker("expects_errors") is None:
        assert not _errors_in(caplog), "logged at ERROR without being asked for"
    else:
        gc.collect()  # what asyncio says of tasks that nobody awaited is not to reach another test
    left = _threads_left(before)
    if request.node.get_closest_marker("leaves_abandoned_work") is not None:
        left = [thread for thread in left if not _may_be_abandoned(thread)]
    for thread in left:
        thread.join(PATIENCE)
    assert [thread.name for thread in left if thread.is_alive()] == [], "still running"
    assert _agents_left() == [], "not stopped"


def _errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    records += caplog.get_records("teardown")
    return [record.getMessage() for record in records if record.levelno >= logging.ERROR]


def _threads_left(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("mixmode-") and thread not in before]


def _may_be_abandoned(thread: threading.Thread) -> bool:
    return thread.name.startswith(("mixmode-worker", "mixmode-loop"))


def _agents_left() -> list[str]:
    """Name the agents of runtimes that were not stopped, and the actors in Pykka's registry."""
    left = [str(ref) for ref in pykka.ActorRegistry.get_all()]
    module = sys.modules.get("actors.control.facilities")  # None when the test needs no runtime
    for system in list(module._systems) if module is not None else ():
        left.extend(system.agents)
    return left


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Have the interpreter switch between threads wherever it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)
