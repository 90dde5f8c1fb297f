from typing import Any

import pytest

from supervisors.policies.child_spec import ChildSpec
from supervisors.policies.restarts import Restart


def test_a_name_is_enough() -> None:
    spec = ChildSpec(name="writer")

    assert (spec.name, spec.restart, spec.grace) == ("writer", Restart(), 1.0)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "ChildSpec(): name is missing"),
        ({"name": ""}, "ChildSpec(name=''): name must have at least 1 character"),
        ({"name": 3}, "ChildSpec(name=3): name must be a string"),
        ({"name": "a", "grace": -1}, "ChildSpec(grace=-1): grace must be at least 0"),
        ({"name": "a", "restart": 3}, "restart must be an instance of Restart"),
    ],
)
def test_bad_specs_are_refused_when_made(fields: dict[str, Any], text: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        ChildSpec(**fields)

    assert text in str(caught.value)
