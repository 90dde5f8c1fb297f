from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, note, settings

from actors import Runtime, WorkflowFailedError
from actors.workflow_errors import InvalidWorkflowError
from tests.scenarios.agents import spawn_agents
from tests.scenarios.sequential_model import Model, Predicted, Racy
from tests.scenarios.workflows import workflows

PATIENCE = 60.0
EXAMPLES = 2_000
STATE = {"n": 1}

_nonces = count()


def predicted(workflow: Any, data: dict[str, Any]) -> Predicted:
    try:
        return Model(data).run(workflow, STATE)
    except Racy:
        assume(False)
        raise


def happened(runtime: Runtime, workflow: Any, data: dict[str, Any]) -> Predicted:
    try:
        result = runtime.submit(workflow, data, STATE).result(PATIENCE)
    except WorkflowFailedError as error:
        return Predicted(error.outcome.kind.value, error.outcome.reason.value, dict(error.state))
    return Predicted(result.outcome.kind.value, result.outcome.reason.value, dict(result.state))


def check(runtime: Runtime, workflow: Any) -> None:
    data = {"topic": "x", "message": "a crash", "items": [1, 2, 3], "none": [], "nonce": next(_nonces)}
    model = predicted(workflow, data)

    try:
        real = happened(runtime, workflow, data)
    except InvalidWorkflowError as error:
        assert not model.ok, error
        event("refused")
        return

    note(f"predicted {model}, happened {real}")
    event(model.kind)
    assert real.kind == model.kind
    if model.kind != "timed_out":  # whether it had begun by then is the machine's affair
        assert real.reason in model.reason.split("|")
    if model.exact:
        assert real.state == model.state


@pytest.mark.timeout(600)
def test_any_nesting_ends_as_the_sequential_model_says() -> None:
    with Runtime() as runtime:
        spawn_agents(runtime)

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(workflow=workflows)
        def ends_as_predicted(workflow: Any) -> None:
            check(runtime, workflow)

        ends_as_predicted()
