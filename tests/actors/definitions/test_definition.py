from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import Branch, Loop, MultiStage, Parallel, Runtime, Sequential, Stage, State
from actors.conditions import Equals, Exists
from actors.definitions import AgentEntry, Definition, to_data
from actors.definitions.definition import MAX_BYTES
from actors.mergers import Reduce
from actors.values.errors import AgentExistsError, RuntimeNotRunningError
from actors.values.workflow_errors import LONGEST_MISTAKE, DefinitionError, MissingExtraError
from supervisors import Breaker, Restart
from tests.actors.definitions import behaviours
from tests.actors.definitions.behaviours import A_LAMBDA, Crash, count, set_a, set_b
from tests.actors.plain_data import Point

MODULE = behaviours.__name__

TEXT = f"""\
[agents]
ann = "{MODULE}:set_a"
bob = {{ agent = "{MODULE}:set_b", mailbox = 5 }}

[nodes.both]
pattern = "sequential"
steps = ["ann", {{ use = "bob again" }}]

[nodes."bob again"]
branch = "again"
node = "bob"
required = false

[workflow]
pattern = "sequential"
name = "flow"

[[workflow.steps]]
use = "both"

[[workflow.steps]]
agent = "ann"

[[workflow.steps]]
branch = "bob"
timeout = 5
"""

BOTH = Sequential("ann", Branch("again", "bob", required=False))
DEFINITION = Definition(
    Sequential(BOTH, "ann", Branch("bob", timeout=5), name="flow"),
    {"ann": set_a, "bob": AgentEntry(set_b, mailbox=5)},
)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime() as runtime:
        yield runtime


# Reading and writing


def test_a_text_gives_the_workflow_that_python_would_have_made() -> None:
    definition = Definition.parse(TEXT)

    assert definition == DEFINITION
    assert hash(definition) == hash(DEFINITION)
    assert definition != Definition("ann")
    assert definition != TEXT


@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_what_is_dumped_is_read_as_an_equal_one(format: str) -> None:
    text = DEFINITION.dump(format)

    assert Definition.parse(text, format) == DEFINITION
    assert "nodes" not in text


@pytest.mark.parametrize(("name", "format"), [("f.toml", "toml"), ("f.yaml", "yaml"), ("f.YML", "yaml")])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "byte order mark"])
def test_a_file_is_read_by_how_its_name_ends(tmp_path: Path, name: str, format: str, mark: bytes) -> None:
    (tmp_path / name).write_bytes(mark + DEFINITION.dump(format).encode())

    assert Definition.load(tmp_path / name) == DEFINITION
    assert Definition.load(str(tmp_path / name)) == DEFINITION


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"flow\.json' must end in \.toml, \.yaml, \.yml, which tells its format$"):
        Definition.load(tmp_path / "flow.json")


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        Definition.load("nowhere.toml")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"workflow = 'a'\nx = '\xff'", "flow.toml:2:6: is not UTF-8: there is a byte 0xff"),
        (b"\xff", "flow.toml:1:1: is not UTF-8: there is a byte 0xff"),
        (b"#" * (MAX_BYTES + 1), "flow.toml: is longer than 1048576 bytes, the most that a definition may have"),
        (b"a = ", "flow.toml:1:5: is not TOML: invalid value at its end"),
        (b"workflow = 5", "flow.toml:1:1: workflow must be an agent's name, "),
    ],
)
def test_a_file_that_is_no_definition_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flow.toml").write_bytes(content)

    with pytest.raises(DefinitionError) as caught:
        Definition.load("flow.toml")

    assert str(caught.value).startswith(told)


def test_a_text_may_be_only_so_long() -> None:
    with pytest.raises(DefinitionError, match="^is longer than 1048576 bytes"):
        Definition.parse("#" * (MAX_BYTES + 1))


@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_a_text_is_as_long_as_its_bytes_in_a_file(format: str) -> None:
    with pytest.raises(DefinitionError, match="^is longer than 1048576 bytes"):
        Definition.parse("#" + "é" * (MAX_BYTES // 2), format)


@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_a_text_that_no_file_can_hold_is_refused_with_the_position(format: str) -> None:
    with pytest.raises(DefinitionError, match=r"^2:4: is no text: there is half a surrogate pair, '\\ud800'$"):
        Definition.parse("# a\n# b\ud800", format)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (f"workflow = '{'a' * 500_000}'\n[agents]\nb = 'm:b'", "toml"),
        (f"workflow = 'a'\n{'b' * 500_000} = 1", "toml"),
        (f"workflow: !{'a' * 500_000} b", "yaml"),
    ],
)
def test_a_mistake_is_told_in_a_bounded_text(text: str, format: str) -> None:
    with pytest.raises(DefinitionError, match="characters left out") as caught:
        Definition.parse(text, format)

    assert len(str(caught.value)) < 2 * LONGEST_MISTAKE


@pytest.mark.parametrize("format", ["json", 5, ["toml"]])
def test_an_unknown_format_is_refused(format: Any) -> None:
    with pytest.raises(ValueError, match="^format must be 'toml' or 'yaml', not "):
        Definition.parse("", format)
    with pytest.raises(ValueError, match="^format must be 'toml' or 'yaml', not "):
        DEFINITION.dump(format)


def test_without_the_extra_yaml_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "actors.definitions.yaml", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(MissingExtraError) as caught:
        DEFINITION.dump("yaml")

    assert str(caught.value) == "a definition in YAML needs an extra: pip install 'mixmode[definitions]'"
    assert Definition.parse(DEFINITION.dump("toml")) == DEFINITION


def test_another_module_that_is_missing_is_not_taken_for_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "actors.definitions.yaml", raising=False)
    monkeypatch.setitem(sys.modules, "actors.definitions.yaml", None)

    with pytest.raises(ModuleNotFoundError, match="actors.definitions.yaml"):
        DEFINITION.dump("yaml")


class OwnPattern(Sequential):
    """A pattern of a user's."""


own_pattern: Any = OwnPattern
a_lambda: Any = A_LAMBDA


def test_all_that_cannot_be_written_is_told() -> None:
    workflow = Sequential(
        Loop("ann", until=a_lambda),
        Parallel("ann", merge=Reduce({"k": a_lambda})),
        own_pattern("ann"),
        Loop("ann", until=Equals("k", Point(1))),
        "a\ud800",
        Branch("b", "ann"),
        MultiStage(Stage("s", "ann", prerequisites=["k", a_lambda])),
    )

    with pytest.raises(DefinitionError) as caught:
        to_data(workflow)

    unnamed = (
        "must be something that a module holds under its name, to be written as 'module:attribute'; "
        f"{A_LAMBDA!r} is a lambda"
    )
    told = [f"{mistake.place} {mistake.problem}" for mistake in caught.value.mistakes]
    assert [line[:60] for line in told] == [
        f"{place}"[:60]
        for place in [
            f"workflow.steps[0].until {unnamed}",
            f"workflow.steps[1].merge.reduce.reducers.k {unnamed}",
            "workflow.steps[2] must be a pattern of actors to be written; OwnPattern has no form",
            "workflow.steps[3].until.equals.value must be made of plain values to be written",
            "workflow.steps[4] must be text that can be written as UTF-8, not 'a\\ud800'",
            f"workflow.steps[6].stages[0].prerequisites[1] {unnamed}",
        ]
    ]


def test_what_a_definition_cannot_hold_is_told_when_it_is_dumped() -> None:
    own_stage = type("OwnStage", (Stage,), {})
    workflow = MultiStage(own_stage("s", "ann"))

    with pytest.raises(DefinitionError, match="^workflow.stages\\[0\\] must be a Stage itself to be written"):
        Definition(workflow).dump()


# Made in Python


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ((5,), TypeError, r"^Definition\(workflow=5\): workflow must be an agent's name or a pattern"),
        ((Stage("a", "b"),), TypeError, "must not be a Stage, which stands in a MultiStage only"),
        (("a", ["a"]), TypeError, r"agents must be a mapping of names to agents$"),
        (
            ("a", {"b": set_a}),
            ValueError,
            "workflow names 'a', which is not among the agents; known are: 'b'$",
        ),
        (("a", {"a": A_LAMBDA}), ValueError, "agents must be usable, unlike 'a': .* is a lambda$"),
        (("a", {"a": "no colon"}), ValueError, "must be 'module:attribute', such as 'flows:search', not 'no colon'$"),
        (("a", {"a": {"agent": set_a, "size": 5}}), TypeError, "size is unknown; AgentEntry takes agent, "),
        (("a", {"a": {"mailbox": 5}}), TypeError, "agents must be usable, unlike 'a': "),
        (("a", {5: set_a}), TypeError, "must have names as keys: an agent's name is a string, not 5$"),
        (("a", {"a/b": set_a}), ValueError, "must have names as keys: an agent's name is not empty and has no '/'"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        Definition(*arguments)


def test_agents_may_be_given_in_any_form() -> None:
    forms = {"ann": set_a, "bob": f"{MODULE}:set_a", "cem": {"agent": set_a}, "dee": AgentEntry(set_a)}

    definition = Definition("ann", forms)

    assert set(definition.agents.values()) == {AgentEntry(f"{MODULE}:set_a")}


def test_options_that_are_not_stated_are_left_to_the_runtime() -> None:
    assert AgentEntry(set_a).options == {}
    policies = {"restart": Restart(), "breaker": Breaker(failures=2)}
    assert AgentEntry(set_a, mailbox=5, **policies).options == {"mailbox": 5, **policies}


# Spawning


def test_its_agents_are_spawned_and_its_workflow_runs(runtime: Runtime) -> None:
    definition = Definition.parse(TEXT)

    definition.spawn_into(runtime)

    assert runtime.run(definition.workflow).state == State(a=1, b=1)


def test_a_definition_without_agents_leaves_them_to_whoever_runs_it(runtime: Runtime) -> None:
    definition = Definition(Loop("ann", until=Exists("n")))

    definition.spawn_into(runtime)
    runtime.spawn("ann", count)

    assert runtime.run(definition.workflow).state["n"] == 1


WRONG_AGENTS = f"""\
workflow = "ann"
[agents]
ann = "{MODULE}:set_a"
gone = "{MODULE}:set_c"
far = "no_such_module:a"
text = "{MODULE}:MODULE"
number = "{MODULE}:A_NUMBER"
taken = {{ agent = "{MODULE}:linger", dispatcher = "threads" }}
"""


def test_agents_that_cannot_be_spawned_are_told_with_their_lines_and_none_is(runtime: Runtime) -> None:
    definition = Definition.parse(WRONG_AGENTS, source="flow.toml")

    with pytest.raises(DefinitionError) as caught:
        definition.spawn_into(runtime)

    assert str(caught.value).split("\n") == [
        f"flow.toml:4:1: agents.gone is no agent that can be spawned: module '{MODULE}' has no 'set_c'; "
        "did you mean 'set_b'?",
        "flow.toml:5:1: agents.far is no agent that can be spawned: there is no module 'no_such_module'; run from the "
        "folder that holds it, or install its package",
        f"flow.toml:6:1: agents.text is no agent that can be spawned: module '{MODULE}' has no 'MODULE'",
        "flow.toml:7:1: agents.number is no agent that can be spawned: agent 'number': expected a subclass of Agent, a "
        "factory or a callable of (event, state), not int",
        "flow.toml:8:1: agents.taken is no agent that can be spawned: agent 'taken': `async def` needs the dispatcher "
        "'loop', not 'threads'",
    ]
    assert runtime.agents == ()


def test_a_name_that_is_taken_is_refused_and_no_agent_is_spawned(runtime: Runtime) -> None:
    runtime.spawn("bob", set_a)

    with pytest.raises(AgentExistsError, match="'bob'"):
        DEFINITION.spawn_into(runtime)

    assert runtime.agents == ("bob",)


def test_a_runtime_that_does_not_run_gets_no_agents() -> None:
    runtime = Runtime()

    with pytest.raises(RuntimeNotRunningError):
        DEFINITION.spawn_into(runtime)

    assert runtime.agents == ()


def test_when_one_cannot_be_spawned_the_others_are_stopped(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = runtime.spawn

    def refuse_bob(name: str, agent: object, **options: Any) -> Any:
        if name == "bob":
            raise OSError("no room")
        return spawn(name, agent, **options)

    monkeypatch.setattr(runtime, "spawn", refuse_bob)

    with pytest.raises(OSError, match="no room"):
        DEFINITION.spawn_into(runtime)

    monkeypatch.undo()
    runtime.stop()
    assert runtime.agents == ()


def test_resolving_imports_and_spawns_nothing() -> None:
    assert Definition("ann", {"ann": Crash}).resolve() == {"ann": Crash}
