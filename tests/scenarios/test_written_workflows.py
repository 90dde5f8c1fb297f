"""A workflow that was written and read again runs as the one that it was made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from actors.codec import decode, encode
from actors.definitions import Definition
from tests.scenarios.test_any_nesting import check, seeds
from tests.scenarios.workflows import workflows
from tests.thoroughness import examples

MEDIA: dict[str, Callable[[Any], Any]] = {
    "toml": lambda workflow: Definition.parse(Definition(workflow).dump("toml"), "toml").workflow,
    "yaml": lambda workflow: Definition.parse(Definition(workflow).dump("yaml"), "yaml").workflow,
    "codec": lambda workflow: decode(encode(workflow)),
}


@pytest.mark.parametrize("medium", MEDIA)
def test_a_copy_of_any_nesting_ends_as_the_sequential_model_says(medium: str) -> None:
    @settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
    @given(workflow=workflows, seed=seeds)
    def ends_as_predicted(workflow: Any, seed: int) -> None:
        copy = MEDIA[medium](workflow)

        assert copy == workflow
        check(copy, seed)

    ends_as_predicted()
