"""No test sleeps: it waits for what it is about, or has virtual time pass. Agents under test may, and say why."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))

CLOCKED = {"time", "asyncio"}
"""The modules whose `sleep()` takes real time on a real clock."""

OF_AGENTS, OF_POLLS = "# the agent: ", "# polls: "
MAY_POLL = "scenarios/timing.py"
"""Where it is asked again and again for what no fact tells."""


def sleeps(source: str, *, may_poll: bool = False) -> list[int]:
    """Return the lines on which something sleeps without a comment that says why it may."""
    module_of = _names_of_sleep(tree := ast.parse(source))
    excuses = (OF_AGENTS, OF_POLLS) if may_poll else (OF_AGENTS,)
    excused = {line for line, comment in _comments(source) if comment.startswith(excuses)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [call for call in calls if _takes_time(call, module_of) or _waits_for_nobody(call)]
    return sorted(call.lineno for call in found if call.end_lineno not in excused)


def _names_of_sleep(tree: ast.Module) -> dict[str, str]:
    """Return by which names `sleep()` of which module is called, wherever it is imported."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({f"{each.asname or each.name}.sleep": each.name for each in node.names})
        elif isinstance(node, ast.ImportFrom):
            names.update({each.asname or each.name: node.module or "" for each in node.names if each.name == "sleep"})
    return {name: module for name, module in names.items() if module in CLOCKED}


def _takes_time(call: ast.Call, module_of: dict[str, str]) -> bool:
    module = module_of.get(ast.unparse(call.func))
    is_mere_yield = module == "asyncio" and [ast.unparse(argument) for argument in call.args] == ["0"]
    return module is not None and not is_mere_yield


def _waits_for_nobody(call: ast.Call) -> bool:
    """Say whether it waits some time for an event that was made for it, which nobody can set: a sleep as well."""
    made = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "wait" else None
    return bool(call.args or call.keywords) and isinstance(made, ast.Call) and ast.unparse(made.func).endswith("Event")


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_no_test_sleeps() -> None:
    found = [
        f"{path.relative_to(TESTS.parent)}:{line}"
        for path in FILES
        for line in sleeps(path.read_text(), may_poll=path == TESTS / MAY_POLL)
    ]

    assert found == [], "these sleep; wait for what is waited for, or say that it is the agent: " + ", ".join(found)


def test_all_files_are_looked_at() -> None:
    assert {path.relative_to(TESTS).parts[0] for path in FILES} >= {"actors", "supervisors", "scenarios", "examples"}
    assert TESTS / MAY_POLL in FILES


PLANTED = [
    "import time\ntime.sleep(1)",
    "import time\ntime.sleep(0)",
    "import time as clock\nclock.sleep(1)",
    "from time import sleep\nsleep(0.5)",
    "from time import sleep\nsleep(0)",
    "from time import sleep as nap\nnap(0.5)",
    "import asyncio\nasync def wait(): await asyncio.sleep(0.1)",
    "import asyncio\nasync def wait(): await asyncio.sleep(delay=1)",
    "import asyncio\nasync def wait(): await asyncio.sleep(seconds)",
    "from asyncio import sleep\nasync def wait(): await sleep(1)",
    "def wait():\n  import time; time.sleep(1)",
    "import threading\nthreading.Event().wait(0.2)",
    "from threading import Event\nEvent().wait(timeout=1)",
    "import time\ntime.sleep(1)  # to be sure",
    "import time\ntime.sleep(1)  # the agent",
    "import time\ntime.sleep('# the agent: no comment')",
    "import time  # the agent: elsewhere\ntime.sleep(1)",
    "import time\ntime.sleep(1)  # polls: elsewhere",
]


@pytest.mark.parametrize("source", PLANTED)
def test_a_planted_sleep_is_found(source: str) -> None:
    assert sleeps(source) == [2]


EXCUSED = [
    "import asyncio\nasync def step_aside(): await asyncio.sleep(0)",
    "import time\ntime.sleep(1)  # the agent: blocks its loop",
    "import asyncio\nasync def work():\n  await asyncio.wait_for(\n    asyncio.sleep(1)  # the agent: works\n  , 2)",
    "import asyncio\nasync def never(): await asyncio.Event().wait()",
    "import threading\ngate = threading.Event()\ngate.wait(10)",
    "from actors.testing import sleep\nsleep(3600)",
    "from actors.testing import VirtualRuntime, sleep\nimport asyncio, time\nsleep(3600)",
]


@pytest.mark.parametrize("source", EXCUSED)
def test_what_may_be_is_not_found(source: str) -> None:
    assert sleeps(source) == []


def test_where_nothing_tells_of_it_polling_is_allowed() -> None:
    source = "import time\ntime.sleep(0.005)  # polls: nothing tells of it"

    assert sleeps(source, may_poll=True) == []
    assert sleeps(source) == [2]
