"""The definition: a workflow with the agents that it needs, as a text in TOML or YAML."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import PrivateAttr, field_validator

from actors.cells.spec import specify
from actors.definitions.contents import AGENTS, WORKFLOW, contents_of
from actors.definitions.document import Document, UnreadableError, nowhere, position_of
from actors.definitions.formats import format_named, format_of
from actors.grammar.agent_entry import AgentEntry
from actors.grammar.dialects import FileDialect
from actors.grammar.place import Place, dotted, suggestion
from actors.grammar.reference import parsed_reference
from actors.grammar.vocabulary import VOCABULARY
from actors.grammar.writer import Writer
from actors.orchestrators.base import Pattern
from actors.runs.plan import compile_workflow
from actors.values.arguments import check_name
from actors.values.errors import AgentExistsError
from actors.values.frozen import FrozenDict
from actors.values.workflow_errors import DefinitionError, Mistake, UnresolvedReferenceError
from actors.workflows.branch import Branch, usable_step
from supervisors.excerpt import excerpt
from supervisors.model import Model, wrong_type

if TYPE_CHECKING:
    from actors.runtime.runtime import Runtime

MAX_BYTES = 1024 * 1024
"""How long the text of a definition may be."""


class Definition(Model):
    """A workflow, and where its agents are.

    Definitions are equal when their workflows and agents are. Read only what you trust: the modules of the callables
    that a text names are imported when it is read, those of its agents by `resolve()` and `spawn_into()`.

    Args:
        workflow: An agent's name, a pattern or a branch.
        agents: The agents by name: each an `AgentEntry`, a text `module:attribute`, a class or function that a module
            holds under its name, or a mapping of `agent` and options of `Runtime.spawn()`. If there are any, the
            workflow names no others; without any, whoever runs it spawns them.
    """

    workflow: Any
    agents: Mapping[str, AgentEntry]

    # Where it was read: for errors that are found later.
    _source: str = PrivateAttr(default="")
    _document: Document = PrivateAttr(default=Document(None, nowhere))

    def __init__(self, workflow: str | Pattern | Branch, agents: Mapping[str, Any] | None = None) -> None:
        super().__init__(workflow=workflow, agents={} if agents is None else agents)
        unknown = sorted(compile_workflow(workflow).agents - self.agents.keys()) if self.agents else ()
        if unknown:
            hint = suggestion(unknown[0], self.agents)
            raise ValueError(f"Definition: workflow names {unknown[0]!r}, which is not among the agents; {hint}")

    @field_validator("workflow", mode="plain")
    @classmethod
    def _usable_workflow(cls, workflow: object) -> object:
        return usable_step(workflow)

    @field_validator("agents", mode="plain")
    @classmethod
    def _usable_agents(cls, agents: object) -> Mapping[str, AgentEntry]:
        if not isinstance(agents, Mapping):
            raise wrong_type("must be a mapping of names to agents")
        return FrozenDict({_usable_name(name): _usable_entry(name, agent) for name, agent in agents.items()})

    def __eq__(self, other: object) -> bool:
        if type(other) is not Definition:
            return NotImplemented
        return bool(self.workflow == other.workflow and self.agents == other.agents)

    def __hash__(self) -> int:
        return hash((self.workflow, tuple(sorted(self.agents))))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a file; how its name ends, `.toml`, `.yaml` or `.yml`, tells the format. Blocks.

        Raises:
            DefinitionError: If something in it is wrong; it tells all mistakes up to 100, each with its line.
            ValueError: If the name ends otherwise.
            OSError: If it cannot be read.
            MissingExtraError: If the library that reads its format is not installed.
        """
        place = Path(path)
        name, source = format_of(place), str(place)
        with place.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise DefinitionError(source, (_too_long(),))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            column = error.start - content.rfind(b"\n", 0, error.start)
            problem = f"is not UTF-8: there is a byte 0x{content[error.start]:02x}"
            raise DefinitionError(source, (Mistake("", problem, line, column),)) from None
        return cls.parse(text, name, source=source)

    @classmethod
    def parse(cls, text: str, format: str = "toml", *, source: str = "") -> Self:
        """Read a text.

        Args:
            text: The text.
            format: "toml" or "yaml".
            source: What the text is called in errors.

        Raises:
            DefinitionError: If something in it is wrong; it tells all mistakes, each with its line.
            ValueError: If the format is unknown.
            MissingExtraError: If the library that reads the format is not installed.
        """
        try:
            if len(text.encode()) > MAX_BYTES:
                raise DefinitionError(source, (_too_long(),))
            document = format_named(format).parse(text)
        except UnicodeEncodeError as error:
            problem = f"is no text: there is half a surrogate pair, {excerpt(text[error.start])}"
            raise DefinitionError(source, (Mistake("", problem, *position_of(text, error.start)),)) from None
        except UnreadableError as error:
            raise DefinitionError(source, error.mistakes) from None
        workflow, agents = contents_of(document, source)
        definition = cls(workflow, agents)
        definition._source, definition._document = source, document
        return definition

    def dump(self, format: str = "toml") -> str:
        """Return it as text that `parse` makes an equal one of; named nodes stand where they are used.

        Raises:
            DefinitionError: If something in it cannot be written, such as a lambda; it tells where that is.
            ValueError: If the format is unknown.
            MissingExtraError: If the library that writes the format is not installed.
        """
        form = format_named(format)
        writer = Writer(VOCABULARY, FileDialect())
        entry = VOCABULARY.entry
        agents = {name: entry.write(agent, (AGENTS, name), writer) for name, agent in self.agents.items()}
        workflow = VOCABULARY.step.write(self.workflow, (WORKFLOW,), writer)
        if writer.problems:
            raise DefinitionError("", tuple([Mistake(dotted(place), problem) for place, problem in writer.problems]))
        try:
            return form.dump({**({AGENTS: agents} if agents else {}), WORKFLOW: workflow})
        except UnreadableError as error:
            raise DefinitionError("", error.mistakes) from None

    def resolve(self) -> dict[str, Any]:
        """Import the agents and return them by name, as `Runtime.spawn()` takes them. Runs the code of their modules.

        Raises:
            DefinitionError: If one is not there, or is no agent; it tells of all, each with its line.
        """
        problems: list[tuple[Place, str]] = []
        agents: dict[str, Any] = {}
        for name, entry in self.agents.items():
            try:
                agents[name] = parsed_reference(entry.agent).resolve()
                specify(name, agents[name], **entry.options)
            except (UnresolvedReferenceError, TypeError, ValueError) as error:
                problems.append(((AGENTS, name), f"is no agent that can be spawned: {error}"))
        if problems:
            raise DefinitionError(self._source, self._document.mistakes(problems))
        return agents

    def spawn_into(self, runtime: Runtime) -> None:
        """Import the agents and spawn them, all or none.

        Raises:
            DefinitionError: If one is not there, or is no agent.
            AgentExistsError: If the name of one is taken.
            RuntimeNotRunningError: If the runtime is not running.
        """
        agents = self.resolve()
        for name in agents:
            if name in runtime.agents:
                raise AgentExistsError(name)
        with ExitStack() as undoing:
            for name, agent in agents.items():
                runtime.spawn(name, agent, **self.agents[name].options)
                undoing.callback(runtime.stop_agent, name, block=False)
            undoing.pop_all()


def _usable_name(name: object) -> str:
    try:
        check_name(name)
    except TypeError as error:
        raise wrong_type(f"must have names as keys: {error}") from None
    except ValueError as error:
        raise ValueError(f"must have names as keys: {error}") from None
    return str(name)


def _usable_entry(name: object, agent: object) -> AgentEntry:
    if isinstance(agent, AgentEntry):
        return agent
    try:
        return AgentEntry(**agent) if isinstance(agent, Mapping) else AgentEntry(agent)
    except TypeError as error:
        raise wrong_type(f"must be usable, unlike {name!r}: {error}") from None
    except ValueError as error:
        raise ValueError(f"must be usable, unlike {name!r}: {error}") from None


def _too_long() -> Mistake:
    return Mistake("", f"is longer than {MAX_BYTES} bytes, the most that a definition may have")
