"""Chaos: a hundredth of all steps fail, hang, or answer late, each; every run ends as a simple model says, and why."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors import Run, Runtime
from actors.testing import VirtualRuntime, sleep
from tests.scenarios.chaos_model import LONG, WORKFLOW, Chaos, Model, Row, rows_of
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

SHORT_FORM, WHOLE = 1_000, 20_000
AT_ONCE = 200

Counted = Counter[tuple[str, ...]]


def told(run: Run) -> tuple[list[Row], dict[str, int]]:
    """Return what a run's trace says, and what the run's state was in the end."""
    error = run.exception()
    ended = run.result() if error is None else error
    return rows_of(ended.trace), dict(ended.state)


def counted(page: str, name: str, *labels: str) -> Counted:
    """Read a metric off the page, by some of its labels."""
    found: Counted = Counter()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and sample.value:
                found[tuple(sample.labels[label] for label in labels)] += int(sample.value)
    return found


def check_counts(page: str, model: Model, stories: list[list[Row]]) -> None:
    """Compare the page with the model, and the page's attempts with those of the traces."""
    runs = counted(page, "mixmode_agent_run_seconds_count", "agent", "outcome")
    assert runs == model.agent_runs
    assert counted(page, "mixmode_retries_total", "stage") == model.retries
    assert counted(page, "mixmode_timeouts_total", "stage", "budget") == model.timeouts
    assert counted(page, "mixmode_branch_failures_total", "branch", "required", "reason") == model.branch_failures
    assert counted(page, "mixmode_fallbacks_total", "branch", "reason") == model.fallbacks
    assert counted(page, "mixmode_stage_duration_seconds_count", "stage", "outcome") == model.stages
    assert counted(page, "mixmode_workflow_duration_seconds_count", "outcome") == model.workflows
    assert counted(page, "mixmode_dead_letters_total", "reason") == {("late_answer",): model.late_answers}
    inner = {row.path for rows in stories for row in rows} - {"chaos", "chaos/gather", "chaos/loop"}
    steps = [row for rows in stories for row in rows if row.path in inner and not row.is_node]
    assert sum(row.attempts for row in steps) == sum(runs.values())


def submit_few_at_a_time(runtime: Runtime, many: int) -> Iterator[Run]:
    room = threading.Semaphore(AT_ONCE)
    for number in range(many):
        assert room.acquire(timeout=PATIENCE)
        run = runtime.submit(WORKFLOW, {"run": number})
        run.add_done_callback(lambda _run: room.release())
        yield run


@pytest.mark.parametrize("seed", [1, 2])
def test_every_run_ends_as_the_model_says_and_the_trace_says_why(seed: int) -> None:
    model = Model(seed)
    with VirtualRuntime(seed=seed) as runtime:
        Chaos(seed, sleep).spawn(runtime)
        runs = [runtime.submit(WORKFLOW, {"run": number}) for number in range(SHORT_FORM)]

        stories = [told(run) for run in runs]

        runtime.advance(2 * LONG)  # the late ones answer
        assert stories == [model.predict(number) for number in range(SHORT_FORM)]
        check_counts(runtime.metrics_text().decode(), model, [rows for rows, _ in stories])


@pytest.mark.soak
def test_twenty_thousand_runs_in_real_time_end_as_the_model_says_and_the_trace_says_why() -> None:
    seed = time.time_ns()
    print(f"\nseed {seed}")  # noqa: T201  # what repeats it
    model = Model(seed)
    with Runtime(max_threads=AT_ONCE, grace=60.0) as runtime:
        Chaos(seed, time.sleep).spawn(runtime)

        stories = [told(run) for run in list(submit_few_at_a_time(runtime, WHOLE))]

        assert stories == [model.predict(number) for number in range(WHOLE)]
        dead_letters = {("late_answer",): model.late_answers}
        assert eventually(
            lambda: counted(runtime.metrics_text().decode(), "mixmode_dead_letters_total", "reason") == dead_letters
        )
        page = runtime.metrics_text().decode()
        check_counts(page, model, [rows for rows, _ in stories])
    print(f"{dict(model.workflows)}, attempts {dict(model.agent_runs)}, {model.late_answers} answered late")  # noqa: T201  # the figures
