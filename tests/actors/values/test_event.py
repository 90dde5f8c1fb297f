import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

import actors.values.event
from actors.values.event import Event, new_event_id
from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict, FrozenList, same
from tests.actors.plain_data import Question, fields
from tests.limits import PATIENCE


def test_an_event_without_arguments_is_empty_but_for_its_id() -> None:
    event = Event()

    assert (event.target, event.data, event.metadata) == ("", {}, {})
    assert event.id
    assert event.session_id == event.id


def test_every_event_gets_an_id_of_its_own() -> None:
    assert len({new_event_id() for _ in range(100)} | {Event().id for _ in range(100)}) == 200


def test_ids_differ_between_a_process_and_its_forks() -> None:
    program = (
        "import os, sys; from actors.values.event import new_event_id; first = new_event_id()\n"
        "if os.fork() == 0: print(new_event_id(), flush=True); os._exit(0)\n"
        "os.wait(); print(new_event_id())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE
    )

    assert len(set(printed.stdout.split())) == 2


def test_what_is_drawn_anew_after_a_fork_is_part_of_every_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.values.event, "_process", "0")

    actors.values.event._after_fork()

    assert not new_event_id().startswith("0-")


def test_the_session_is_what_the_metadata_say_else_the_id() -> None:
    assert Event(metadata={"session_id": 5}).session_id == "5"
    assert Event(id="a").session_id == "a"


def test_nothing_is_shared_with_what_it_was_made_of() -> None:
    data = {"items": [1]}

    event = Event(data=data, metadata=data)
    data["items"].append(2)

    assert event.data == event.metadata == {"items": [1]}


def test_it_cannot_be_changed_at_any_depth() -> None:
    event: Any = Event("a", {"items": [{"b": 1}]}, {"c": []})

    for name in ("target", "data", "metadata", "id", "session_id"):
        with pytest.raises(AttributeError):
            setattr(event, name, "b")
    changes: list[Callable[[], object]] = [
        lambda: event.data.update(a=1),
        lambda: event.data["items"].append(1),
        lambda: event.data["items"][0].update(b=2),
        lambda: event.metadata["c"].append(1),
    ]
    for change in changes:
        with pytest.raises(TypeError, match="is immutable"):
            change()


def test_the_fields_of_an_object_in_it_can_be_read() -> None:
    event = Event(data={"question": Question("why")})

    assert event.data["question"].text == "why"
    assert copy.deepcopy(event.data)["question"] == Question("why")


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"target": 5}, TypeError, r"^event target must be a string, not int$"),
        ({"id": 5}, TypeError, r"^event id must be a string, not int$"),
        ({"id": ""}, ValueError, r"^event id must not be empty; leave it out to have one made$"),
        ({"data": [1]}, TypeError, r"^event data must be a mapping with string keys, not list$"),
        ({"metadata": "a"}, TypeError, r"^event metadata must be a mapping with string keys, not str$"),
        ({"data": {1: 1}}, TypeError, r"^event data must have string keys, not 1$"),
        ({"data": freeze({1: 1}, "it")}, TypeError, r"^event data must have string keys, not 1$"),
        (
            {"data": {"a": [object()]}},
            TypeError,
            r"^event data\['a'\]\[0\] is a builtins\.object, which is not plain data",
        ),
    ],
)
def test_wrong_arguments_are_refused_by_name(arguments: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        Event(**arguments)


def test_data_that_contain_themselves_are_refused() -> None:
    data: dict[str, Any] = {}
    data["self"] = data

    with pytest.raises(ValueError, match=r"^event data nests deeper than 100 levels, or contains itself$"):
        Event(data=data)


class Name(str):
    def __str__(self) -> str:
        return "another"


def test_the_names_in_it_are_exact_strings() -> None:
    event = Event(Name("a"), {Name("b"): Name("c")}, id=Name("d"))

    assert (event.target, event.data, event.id) == ("a", {"b": "c"}, "d")
    assert {type(event.target), type(event.id), *map(type, event.data)} == {str}


def test_a_derived_event_keeps_data_and_id_and_adds_metadata() -> None:
    event = Event("a", {"x": [1]}, {"session_id": "s", "phase": 1})

    derived = event.derived("b", FrozenDict(phase=2, step=3))

    assert (derived.target, derived.id, derived.session_id) == ("b", event.id, "s")
    assert derived.data is event.data
    assert derived.metadata == {"session_id": "s", "phase": 2, "step": 3}
    assert event.metadata == {"session_id": "s", "phase": 1}


def test_events_are_derived_from_derived_ones() -> None:
    event = Event("a", metadata={"x": 1})

    derived = event.derived("b", FrozenDict(y=2)).derived("c", FrozenDict()).derived("d", FrozenDict(x=3))

    assert derived.metadata == {"x": 3, "y": 2}
    assert type(derived.metadata) is FrozenDict


def test_events_are_equal_by_what_they_hold() -> None:
    event = Event("a", {"x": 1}, {"y": 2}, id="1")

    assert event == Event("a", {"x": 1}, {"y": 2}, id="1")
    assert hash(event) == hash(Event("a", {"x": 1}, {"y": 2}, id="1"))
    assert event == Event("a", {"x": 1}, id="1").derived("a", FrozenDict(y=2))
    assert event != Event("a", {"x": 1}, {"y": 2}, id="2")
    assert event != "a"


def test_its_repr_shows_what_it_is_made_of() -> None:
    text = "Event(target='a', data={'x': [1]}, metadata={}, id='1')"

    assert repr(Event("a", {"x": [1]}, id="1")) == text
    assert eval(text) == Event("a", {"x": [1]}, id="1")


@given(fields, fields)
def test_it_pickles_with_all_it_holds(data: dict[str, Any], metadata: dict[str, Any]) -> None:
    event = Event("a", data, metadata).derived("b", FrozenDict(step=1))

    again = pickle.loads(pickle.dumps(event))

    assert (again.target, again.id) == (event.target, event.id)
    assert same(again.data, event.data)
    assert same(again.metadata, event.metadata)


def test_a_copy_of_it_is_itself() -> None:
    event = Event("a", {"x": [1]})

    assert copy.copy(event) is event
    assert copy.deepcopy(event) is event
    assert type(event.data["x"]) is FrozenList
