"""Every pattern around one node, for what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors import (
    Case,
    Collaborative,
    Conditional,
    Loop,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
)
from actors.conditions import Exists

EVENT = {"message": "tech"}
STATE = {"n": 1}
HERE, ABSENT = Exists("n"), Exists("absent")

AROUND: dict[type, Callable[..., Any]] = {
    Sequential: Sequential,
    Parallel: Parallel,
    Collaborative: Collaborative,
    Route: lambda node, **settings: Route({"tech": node}, **settings),
    Loop: lambda node, **settings: Loop(node, max_iterations=1, **settings),
    MultiStage: lambda node, **settings: MultiStage(Stage("stage", node), **settings),
    Conditional: lambda node, **settings: Conditional(Case("case", HERE, node), fallback="bob", **settings),
    SequentialCollaborative: lambda node, **settings: SequentialCollaborative([node], ["bob"], **settings),
    RouteLoop: lambda node, **settings: RouteLoop({"tech": node}, {node: {"max_iterations": 1}}, **settings),
}
"""Each runs the named agent once, for this event and this state. Some name an agent `bob` beside it."""
