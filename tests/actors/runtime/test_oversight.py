"""The oversight of a runtime: its metrics, as a service reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import generate_latest

from actors.runtime.runtime import Runtime
from tests.actors.logged_agents import function


@pytest.mark.parametrize("read", [Runtime.metrics_text, lambda runtime: runtime.metrics_registry])
def test_a_runtime_that_keeps_no_metrics_says_so(read: Callable[[Runtime], Any]) -> None:
    runtime = Runtime(metrics=False)

    with pytest.raises(ValueError, match="^this runtime keeps no metrics: it was made with metrics=False$"):
        read(runtime)


def test_a_host_can_mount_the_metrics_in_a_page_of_its_own() -> None:
    with Runtime() as runtime:
        runtime.spawn("function", function)
        runtime.run("function")

        page = generate_latest(runtime.metrics_registry)

        assert b'mixmode_agent_run_seconds_count{agent="function",outcome="ok"} 1.0' in page
        assert page == runtime.metrics_text()
