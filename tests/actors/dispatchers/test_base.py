"""What every dispatcher can do."""

from __future__ import annotations

import inspect

import pytest

from actors.dispatchers.base import Dispatcher
from actors.dispatchers.loop import LoopDispatcher
from actors.dispatchers.threads import ThreadDispatcher
from tests.actors.by_hand import HandDispatcher

PROMISED = [name for name, what in vars(Dispatcher).items() if inspect.isfunction(what) and not name.startswith("_")]


@pytest.mark.parametrize("kind", [LoopDispatcher, ThreadDispatcher, HandDispatcher])
@pytest.mark.parametrize("name", PROMISED)
def test_a_dispatcher_has_every_method_with_its_parameters(kind: type, name: str) -> None:
    promised = inspect.signature(getattr(Dispatcher, name))

    assert list(inspect.signature(getattr(kind, name)).parameters) == list(promised.parameters)
