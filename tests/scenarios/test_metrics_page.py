"""The metrics page: what it counts is what was caused, and Prometheus accepts it."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors import Branch, Parallel, Sequential, WorkflowFailedError
from actors.testing import Fails, Hangs, Returns, Scripted, ScriptedThread, VirtualRuntime
from supervisors import Backoff, Retry
from tests.limits import PATIENCE

RUNS = 20


RETRY = Retry(attempts=3, backoff=Backoff(initial=1.0, factor=1.0, jitter=0))
MIXED = Sequential(
    "fine",
    Parallel(
        Branch("broken", "fails", required=False, retry=RETRY), Branch("slow", "hangs", required=False, timeout=60.0)
    ),
    name="mixed",
)


def page_of(port: int | None) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as response:
        return str(response.read().decode())


def value(page: str, name: str, labels: Mapping[str, str]) -> float:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    raise AssertionError(f"no sample {name} {labels}")


@pytest.fixture
def page() -> str:
    with VirtualRuntime(metrics_port=0) as runtime:
        runtime.spawn("fine", ScriptedThread(Returns({"fine": True})))
        runtime.spawn("fails", ScriptedThread(Fails(ValueError("no"))))
        runtime.spawn("hangs", Scripted(Hangs()))
        runs = [runtime.submit(MIXED) for _ in range(RUNS)]
        for run in runs:
            run.result()
        for _ in range(RUNS):
            with pytest.raises(WorkflowFailedError):
                runtime.run("fails")
        runtime.settle()
        return page_of(runtime.metrics_port)


def test_the_counts_equal_what_was_caused(page: str) -> None:
    stage = "mixmode_stage_duration_seconds_count"
    mixed = {"workflow": "mixed"}
    branch = {**mixed, "stage": "mixed/parallel/broken", "outcome": "failed"}
    expected = {
        ("mixmode_workflow_duration_seconds_sum", tuple(mixed.items())): 60.0 * RUNS,
        ("mixmode_stage_duration_seconds_sum", tuple(branch.items())): 2.0 * RUNS,
        ("mixmode_workflow_duration_seconds_count", (*mixed.items(), ("outcome", "ok"))): RUNS,
        ("mixmode_workflow_duration_seconds_count", (("workflow", "fails"), ("outcome", "failed"))): RUNS,
        (stage, (*mixed.items(), ("stage", "mixed"))): RUNS,
        (stage, (*mixed.items(), ("stage", "mixed/fine"))): RUNS,
        (stage, tuple(branch.items())): RUNS,
        ("mixmode_agent_run_seconds_count", (("agent", "fails"), ("outcome", "failed"))): 4 * RUNS,
        ("mixmode_agent_queue_seconds_count", (("agent", "fine"),)): RUNS,
        ("mixmode_retries_total", tuple(mixed.items())): 2 * RUNS,
        ("mixmode_timeouts_total", (*mixed.items(), ("stage", "mixed/parallel/slow"))): RUNS,
        ("mixmode_branch_failures_total", (("branch", "mixed/parallel/broken"), ("required", "false"))): RUNS,
        ("mixmode_branch_failures_total", (("branch", "mixed/parallel/slow"), ("reason", "deadline"))): RUNS,
        ("mixmode_runs_in_progress", tuple(mixed.items())): 0,
    }

    assert {key: value(page, key[0], dict(key[1])) for key in expected} == expected


def test_promtool_accepts_the_page_of_a_runtime(page: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool, of Debian's package prometheus, is not installed; CI has it")

    checked = subprocess.run([promtool, "check", "metrics"], input=page, text=True, capture_output=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
