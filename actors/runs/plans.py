"""The plans of a runtime: each workflow compiled and checked once, before its first run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from actors.cells.registry import AgentRegistry
from actors.checks.agents import Declaration
from actors.checks.checklist import check_declarations, check_structure
from actors.checks.keys import UNKNOWN_START, Start
from actors.checks.place import Place
from actors.checks.verdict import judge
from actors.control.delivery import Delivery
from actors.control.logs import log
from actors.runs.plan import Plan, compile_workflow
from actors.values.errors import UnknownAgentError
from actors.values.findings import Finding
from actors.values.workflow_errors import InvalidWorkflowError

logger = logging.getLogger(__name__)

PLANS_KEPT = 256
"""How many workflows are remembered; one more, and all are compiled and checked anew."""


class _Entry:
    """A workflow, and what was found out about it."""

    __slots__ = ("declarations", "edition", "findings", "plan", "root", "structure", "told", "workflow")

    def __init__(self, workflow: Any) -> None:
        self.workflow = workflow  # kept, so that its id stays its own
        self.plan = plan = compile_workflow(workflow)
        self.root = Place(plan.root, plan.name)
        self.structure = check_structure(self.root)
        self.declarations: Mapping[str, Declaration] | None = None
        self.findings: tuple[Finding, ...] = ()
        # Which warnings were logged.
        self.told: set[Finding] = set()
        # With which edition of the agents it was found to be fit to run; None as long as it was not.
        self.edition: int | None = None


class Plans:
    """Compiles workflows and checks them, each workflow object once. Any thread.

    What depends on the agents is checked again when these have changed.

    Args:
        agents: The runtime's agents.
        delivery: Where warnings are logged.
    """

    def __init__(self, agents: AgentRegistry, delivery: Delivery) -> None:
        self._agents = agents
        self._delivery = delivery
        # Guards what follows, except for single reads. Reentrant: a finalizer may submit, too.
        self._lock = threading.RLock()
        self._entries: dict[Any, _Entry] = {}

    def fit(self, workflow: Any) -> Plan:
        """Return the plan of a workflow that may be run. Warnings are logged, each once.

        Raises:
            TypeError: If it is no workflow.
            UnknownAgentError: If it names agents that are not spawned.
            InvalidWorkflowError: If no run of it can end ok.
        """
        entry = self._entries.get(workflow if isinstance(workflow, str) else id(workflow))
        if entry is None or entry.edition != self._agents.edition:
            entry = self._fit_entry(workflow)
        return entry.plan

    def findings(self, workflow: Any, start: Start = UNKNOWN_START, *, with_agents: bool = True) -> tuple[Finding, ...]:
        """Return all that is found wrong with a workflow, by path.

        Args:
            workflow: What to check.
            start: What runs start with, as far as it is known.
            with_agents: Whether the agents are known; else nothing is said of them.

        Raises:
            TypeError: If it is no workflow.
        """
        with self._lock:
            entry = self._entry(workflow)
            if not with_agents:
                return judge(entry.root, entry.structure)
            if start == UNKNOWN_START:
                return self._current_findings(entry)
            return self._judged(entry, self._agents.declarations(entry.plan.agents), start)

    def _fit_entry(self, workflow: Any) -> _Entry:
        with self._lock:
            edition = self._agents.edition
            if isinstance(workflow, str) and workflow not in self._agents:
                # Without an entry: names that are made up would push out the plans of others.
                raise UnknownAgentError((workflow,), self._agents.names)
            entry = self._entry(workflow)
            findings = self._current_findings(entry)
            unknown = entry.plan.agents - self._agents.keys()
            if unknown:
                raise UnknownAgentError(tuple(sorted(unknown)), self._agents.names)
            if any(finding.is_error for finding in findings):
                raise InvalidWorkflowError(entry.plan.name, findings)
            self._warn(entry, findings)
            entry.edition = edition
            return entry

    def _entry(self, workflow: Any) -> _Entry:
        key = workflow if isinstance(workflow, str) else id(workflow)
        entry = self._entries.get(key)
        if entry is None:
            entry = _Entry(workflow)
            if len(self._entries) >= PLANS_KEPT:
                self._entries.clear()
            self._entries[key] = entry
        return entry

    def _current_findings(self, entry: _Entry) -> tuple[Finding, ...]:
        declarations = self._agents.declarations(entry.plan.agents)
        is_complete = len(declarations) == len(entry.plan.agents)  # else the findings list the agents that there are
        if declarations != entry.declarations or not is_complete:
            entry.findings = self._judged(entry, declarations, UNKNOWN_START)
            entry.declarations = declarations
        return entry.findings

    def _judged(self, entry: _Entry, declarations: Mapping[str, Declaration], start: Start) -> tuple[Finding, ...]:
        declared = check_declarations(entry.root, declarations, self._agents.names, start)
        return judge(entry.root, [*entry.structure, *declared])

    def _warn(self, entry: _Entry, findings: tuple[Finding, ...]) -> None:
        for finding in findings:
            if finding not in entry.told and logger.isEnabledFor(logging.WARNING):
                entry.told.add(finding)
                self._delivery.post(partial(log, logger, logging.WARNING, "%s", finding))
