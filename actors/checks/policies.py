"""Policies: settings of branches and groups that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from actors.checks.flaw import Flaw
from actors.checks.place import Place
from actors.values.findings import Code
from actors.workflows.flow import Flow


def check_policies(root: Place) -> Iterator[Flaw]:
    """Find policies without effect."""
    if not root.job.required:
        yield Flaw(
            root,
            Code.OPTIONAL_WITHOUT_EFFECT,
            "it is the whole workflow, so required=False changes nothing: the run fails with it",
            "leave required=False out, or put it into a pattern",
        )
    for place in root.walk():
        if place.fallback is not None and place.fallback.node == place.node and not place.fallback.job.is_branch:
            yield Flaw(
                place,
                Code.FALLBACK_IS_NODE,
                "its fallback is the node itself, which has failed by then",
                "name another node, or try again with retry=Retry(...)",
            )
        if place.flow is Flow.GROUP:
            yield from _check_quorum(place)


def _check_quorum(place: Place) -> Iterator[Flaw]:
    quorum = place.pattern.quorum if place.pattern is not None else None
    if quorum is not None and all(child.job.required for child in place.children):
        yield Flaw(
            place,
            Code.QUORUM_WITHOUT_EFFECT,
            f"all its {len(place.children)} branches are required, so asking for {quorum} changes nothing",
            "leave out require=, or required=True of those that may fail",
        )
