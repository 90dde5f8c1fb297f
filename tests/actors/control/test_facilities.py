"""The runtime's parts, as cells see them."""

from __future__ import annotations

import pytest

from actors.control import facilities as module
from actors.values.errors import ForkedRuntimeError
from supervisors.facts import DeadLettered
from tests.actors.by_hand import Rig


def test_what_nobody_wants_is_told_as_a_dead_letter() -> None:
    rig = Rig()

    rig.system.dead_letter("late_answer", "an answer")

    assert rig.facts == [DeadLettered("late_answer", "an answer")]


def test_after_a_fork_it_is_refused_in_the_child() -> None:
    system = module.System()
    system.check_usable()

    module._after_fork()

    with pytest.raises(ForkedRuntimeError):
        system.check_usable()
