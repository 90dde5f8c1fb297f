"""The settings of a runtime: their defaults, and what is refused."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest

from actors import Runtime
from actors.runtime.settings import RuntimeSettings


def test_the_defaults_are_those_that_the_runtime_states() -> None:
    stated = inspect.signature(Runtime.__init__).parameters
    settings = RuntimeSettings()

    for name in RuntimeSettings.model_fields:
        assert getattr(settings, name) == stated[name].default, name


@pytest.mark.parametrize(
    "wrong",
    [
        {"default_timeout": 0},
        {"default_timeout": -1.0},
        {"default_timeout": math.inf},
        {"default_timeout": True},
        {"max_runs": 0},
        {"metrics_port": -1},
        {"metrics_port": 65_536},
        {"grace": -0.1},
        {"abandon_after": 0},
        {"hook_timeout": 0},
        {"max_threads": 0},
        {"max_abandoned": 0},
        {"waiting": -1},
        {"retry_budget": 0.2},
        {"switch_interval": 0},
        {"switch_interval": 1e-7},
        {"switch_interval": 1.1},
        {"switch_interval": math.inf},
        {"metrics": "yes, please"},
        {"unheard_of": 1},
    ],
)
def test_what_is_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        RuntimeSettings(**wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"default_timeout": 0.5},
        {"grace": 0},
        {"metrics_port": 0},
        {"max_threads": 1},
        {"switch_interval": 1e-6},
        {"switch_interval": None},
    ],
)
def test_the_least_that_makes_sense_is_taken(right: dict[str, Any]) -> None:
    settings = RuntimeSettings(**right)

    assert {name: getattr(settings, name) for name in right} == right
