"""Any nesting of any patterns, generated at random, against a simple model of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, note, settings
from hypothesis import strategies as st

from actors import Run
from actors.testing import VirtualRuntime
from actors.values.workflow_errors import InvalidWorkflowError
from tests.scenarios.agents import spawn_agents
from tests.scenarios.sequential_model import Model, Predicted, Racy
from tests.scenarios.virtual_runs import trace_of
from tests.scenarios.workflows import workflows
from tests.thoroughness import examples

EXAMPLES = 2_000
DATA = {"topic": "x", "message": "a crash", "items": [1, 2, 3], "none": [], "nonce": 1}
STATE = {"n": 1}

seeds = st.integers(0, 999)


def predicted(workflow: Any) -> Predicted:
    try:
        return Model(DATA).run(workflow, STATE)
    except Racy:
        event("racy")
        assume(False)
        raise


def happened(run: Run) -> Predicted:
    error = run.exception()
    outcome, state = (error.outcome, error.state) if error is not None else (run.result().outcome, run.result().state)
    return Predicted(outcome.kind.value, outcome.reason.value, dict(state), trace_of(run).duration)


def check(workflow: Any, seed: int) -> None:
    """Have a workflow run, and see whether it ends as is predicted: how, why, with what and when."""
    model = predicted(workflow)
    with VirtualRuntime(seed=seed) as runtime:
        spawn_agents(runtime)

        try:
            run = runtime.submit(workflow, DATA, STATE)
        except InvalidWorkflowError as error:
            assert not model.ok, error
            event("refused")
            return
        real = happened(run)

    note(f"predicted {model}, happened {real}")
    event(f"{model.kind}, {'exact' if model.exact else 'not exact'}")
    assert real.kind == model.kind
    assert real.reason in model.reason.split("|")
    assert real.ends == model.ends
    if model.exact:
        assert real.state == model.state


@pytest.mark.timeout(600)
@settings(max_examples=examples(EXAMPLES), deadline=None, suppress_health_check=list(HealthCheck))
@given(workflow=workflows, seed=seeds)
def test_any_nesting_ends_as_the_sequential_model_says(workflow: Any, seed: int) -> None:
    check(workflow, seed)
