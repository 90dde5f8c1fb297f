import math
from dataclasses import dataclass, field, make_dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import IntFlag
from typing import Any
from zoneinfo import ZoneInfo

import msgpack
import pytest
from hypothesis import given
from pydantic import BaseModel

from actors.codec import decode, encode
from actors.values.errors import (
    CodecError,
)
from actors.values.freezing import MAX_DEPTH, freeze
from actors.values.frozen import FrozenDict, same
from actors.values.state import Snapshot, State
from actors.values.wire import MAX_ALIKE
from tests.actors.messages import (
    DATE,
    DATETIME,
    DECIMAL,
    FROZENSET,
    MEMBER,
    OFFSET,
    RECORD,
    SET,
    TIME,
    TIMEDELTA,
    TUPLE,
    UUID,
    ZONE,
    message,
)
from tests.actors.plain_data import (
    ENUMERATIONS,
    RECORDS,
    Colour,
    Counted,
    Mood,
    Permission,
    Point,
    Profile,
    Question,
    nested,
    plain_data,
)

NAME = "tests.actors.values.test_wire:"
COLOUR, PERMISSION = "tests.actors.plain_data:Colour", "tests.actors.plain_data:Permission"


@given(plain_data)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    decoded = decode(encode(value), types=RECORDS)

    assert type(decoded) is type(value)
    assert same(freeze(decoded, "it"), freeze(value, "it"))


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        2**64 - 1,
        -(2**63),
        -(2**2047),
        10**5000,
        -0.0,
        math.inf,
        -math.inf,
        "\ud83d\ude00 \udcff",
        b"\xff",
        (),
        ((), ((),)),
        [(), []],
        {2**80: 1, b"k": (1,), "\udc80": {}},
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1, microseconds=1), "\udc80")),
        datetime.max,
        datetime.min,
        date(1, 1, 1),
        time(23, 59, 59, 999999, fold=1),
        time(1, tzinfo=ZoneInfo("Asia/Kathmandu")),
        timedelta.max,
        timedelta.min,
        Point(Point(1), [Question("a", [{}], (Profile(name="b"),))]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_edges_of_plain_data_come_back_as_they_were(value: Any) -> None:
    decoded = decode(encode(value), types=RECORDS)

    assert same(freeze(decoded, "it"), freeze(value, "it"))


def test_levels_that_a_merger_laid_around_a_value_do_no_harm() -> None:
    deep: Any = freeze(nested(MAX_DEPTH), "it")
    for _ in range(20):
        deep = FrozenDict({"branch": deep})

    assert same(decode(encode(State._over(Snapshot({"a": deep})))).snapshot().values["a"], deep)


def test_objects_come_back_as_what_the_caller_passes() -> None:
    state = State(question=Question("a", [Point(1)]), profile=Profile(name="b", more=1))

    decoded = decode(encode(state), types=[Question, Point, Profile])

    assert decoded["question"] == Question("a", [Point(1)])
    assert decoded["profile"] == state["profile"]


def test_an_unknown_class_is_named_and_never_imported() -> None:
    data = encode(State(question=Question("a")))

    with pytest.raises(
        CodecError,
        match=r"^the message holds an object of 'tests\.actors\.plain_data:Question'; pass that class to decode\(\)",
    ):
        decode(data, types=[Point])
    with pytest.raises(CodecError, match="'os:system'; pass that class"):
        decode(message("data", [RECORD, "os:system", {}, {}]))


@pytest.mark.parametrize("wrong", [int, "Question", Question("a"), None])
def test_types_must_be_dataclasses_enumerations_or_models(wrong: Any) -> None:
    text = r"^types must be dataclasses, enumerations and pydantic models, and .* is none of them$"
    with pytest.raises(TypeError, match=text):
        decode(encode(1), types=[wrong])


@pytest.mark.parametrize("wrong", [None, 3, int, Point])
def test_types_must_be_iterable(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^types must be an iterable of .*, or a mapping of .*, not .*$"):
        decode(encode(1), types=wrong)


def test_a_mapping_of_types_finds_classes_by_other_names_too() -> None:
    data = encode(Point(1)).replace(b"Point", b"Pixel")

    decoded = decode(data, types={"tests.actors.plain_data:Pixel": Point})

    assert decoded == Point(1)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"a": 3}, "types must be dataclasses, enumerations and pydantic models, and 3 is none of them"),
        ({"a": int}, "types must be dataclasses, enumerations and pydantic models, and <class 'int'> is none of them"),
        ({3: Point}, "types must map names to dataclasses, enumerations and pydantic models, and 3 is no name"),
    ],
)
def test_a_mapping_of_types_has_dataclasses_and_models_by_their_names(wrong: Any, text: str) -> None:
    with pytest.raises(TypeError, match=f"^{text}$"):
        decode(encode(1), types=wrong)


def test_what_an_object_holds_beside_its_fields_comes_back() -> None:
    profile = Profile(name="a")
    profile._visits = 3

    assert decode(encode(profile), types=RECORDS)._visits == 3
    assert decode(encode(Counted(["a"])), types=RECORDS).count == 1


def version(of: str, **fields_: Any) -> type:
    """Return a dataclass of the given name, as another version of the program may have it."""
    made = make_dataclass(of, list(fields_.items()))
    made.__module__ = __name__
    return made


def test_an_object_of_another_version_of_its_class_is_refused() -> None:
    data = encode(version("Person", name=str)("a"))
    later = version("Person", name=str, age=int)

    with pytest.raises(CodecError, match=rf"^an object of '{NAME}Person' lacks 'age', a field of that class$"):
        decode(data, types=[later])


def test_fields_that_a_class_has_lost_are_refused_where_there_is_no_room_for_them() -> None:
    name = "tests.actors.plain_data:"
    with pytest.raises(CodecError, match=rf"^an object of '{name}Point' has 'z', which is no field of that class$"):
        decode(message("data", [RECORD, f"{name}Point", {"x": 1, "y": 1, "z": 1}, {}]), types=RECORDS)
    with pytest.raises(CodecError, match="has 'z', which is no field"):
        decode(message("data", [RECORD, f"{name}Setting", {"key": "", "value": 1, "z": 1}, {}]), types=RECORDS)
    with pytest.raises(CodecError, match="has 1, which is no field"):
        decode(
            message("data", [RECORD, f"{name}Question", {"text": "", "options": [], "answer": 1, 1: 1}, {}]),
            types=RECORDS,
        )


def test_an_incomplete_object_is_refused_when_it_is_encoded() -> None:
    point = object.__new__(Point)
    object.__setattr__(point, "x", 1)

    with pytest.raises(CodecError, match="lacks 'y', a field of that class"):
        encode(point)


class Small(BaseModel):
    name: str


SLOTS = {"__pydantic_extra__": None, "__pydantic_private__": None, "__pydantic_fields_set__": [TUPLE, "name"]}


@pytest.mark.parametrize(
    "slots",
    [
        {},
        {**SLOTS, "more": None},
        {**SLOTS, "__pydantic_fields_set__": None},
        {**SLOTS, "__pydantic_fields_set__": ["name"]},
        {**SLOTS, "__pydantic_fields_set__": [TUPLE, 1]},
        {**SLOTS, "__pydantic_extra__": "a"},
        {**SLOTS, "__pydantic_private__": {1: 1}},
        {**SLOTS, "__pydantic_private__": ["a"]},
        {**SLOTS, "__pydantic_private__": 1},
    ],
)
def test_a_model_without_what_pydantic_keeps_is_refused(slots: Any) -> None:
    with pytest.raises(CodecError, match="does not hold what pydantic keeps beside its fields$"):
        decode(message("data", [RECORD, f"{NAME}Small", {"name": "a"}, slots]), types=[Small])


def test_a_model_from_the_wire_is_a_model() -> None:
    decoded = decode(message("data", [RECORD, f"{NAME}Small", {"name": "a"}, SLOTS]), types=[Small])

    assert decoded == Small(name="a")
    assert decoded.model_dump() == {"name": "a"}


@dataclass
class Plain:
    held: Any = field(default_factory=list)


def test_a_dataclass_with_what_only_models_have_is_refused() -> None:
    with pytest.raises(CodecError, match="does not hold what pydantic keeps"):
        decode(message("data", [RECORD, f"{NAME}Plain", {"held": 1}, SLOTS]), types=[Plain])


def test_a_state_that_was_put_together_from_something_else_is_refused() -> None:
    state = State._over(Snapshot({"a": {1}}))

    with pytest.raises(CodecError, match=r"^\{1\} is not plain data; it cannot be encoded$"):
        encode(state)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (message("data", msgpack.Timestamp(1)), r"^plain data was expected in the message, not Timestamp"),
        (message("data", msgpack.ExtType(1, b"a")), r"^the bytes are no message: .* unknown extension type 1$"),
        (message("data", msgpack.ExtType(99, b"")), r"unknown extension type 99$"),
        (message("data", TUPLE), r"^plain data was expected in the message, not <Tag\.TUPLE: 1>$"),
        (message("data", [1, TUPLE]), r"^plain data was expected"),
        (message("data", {1.5: 1}), r"^a key in the message must be a str, an int or bytes, not 1\.5$"),
        (message("data", {True: 1}), r"^a key in the message must be"),
        (message("data", {None: 1}), r"^a key in the message must be"),
        (message("data", {TUPLE: 1}), r"^a key in the message must be"),
        (message("data", [OFFSET, 0, 0, 0]), r"^a time zone stands alone in the message: \[0, 0, 0\]$"),
        (message("data", [ZONE, "UTC"]), r"^a time zone stands alone"),
        (message("data", [DATE, 2026, 1]), r"^3 parts were expected in the message, not 2$"),
        (
            message("data", [DATE, 2026, 13, 1]),
            r"^\[2026, 13, 1\] in the message is no date: month must ",
        ),
        (message("data", [DATE, True, 1, 1]), r"is no date: whole numbers were expected$"),
        (message("data", [DATE, [], 1, 1]), r"is no date"),
        (message("data", [DATE, 2**63, 1, 1]), r"is no date"),
        (message("data", [TIMEDELTA, 2**63, 1, 1]), r"is no timedelta"),
        (message("data", [TIMEDELTA, 0, 86400, 0]), r"is no timedelta: it is written as \(1, 0, 0\)$"),
        (b"\x93\x01\xa4data\x82\xa1a\x01\xa1a\x02", r"^a dict in the message holds a key twice$"),
        (message("data", [TIME, 1, 1, 1, 1, 2, None]), r"is no time"),
        (message("data", [DATETIME, 1, 1, 1, 1, 1, 1, 1, 0, 5]), r"is no datetime: it has no such time zone$"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [TUPLE]]), r"is no time: it has no such time zone$"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [OFFSET, 5, 0, 0]]), r"is no time: offset must be"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [OFFSET, 0, 0, 0, 5]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "No/Where"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "Europe"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "../../etc/passwd"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "a" * 5000]]), r"is no time: it has no such time zone$"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, "\0"]]), r"is no time"),
        (message("data", [TIME, 1, 1, 1, 1, 0, [ZONE, 5]]), r"is no time: it has no such time zone$"),
        (message("data", [RECORD, "a:b"]), r"^3 parts were expected in the message, not 1$"),
        (message("data", [RECORD, 5, {}, {}]), r"^the name of a class was expected in the message, not 5$"),
        (message("data", [RECORD, f"{NAME}Plain", [], {}]), r"^the fields of '.*Plain' were expected in the message"),
        (message("data", [UUID, "a"]), r"^\['a'\] in the message is no uuid: "),
        (message("data", [UUID, 5]), r"is no uuid"),
        (message("data", [UUID, "{00000000-0000-0000-0000-000000000001}"]), r"is no uuid: it is written as '00000000-"),
        (message("data", [DECIMAL, "a"]), r"is no decimal"),
        (message("data", [DECIMAL, " 1"]), r"is no decimal: it is written as '1'$"),
        (message("data", [DECIMAL, "1_0"]), r"is no decimal: it is written as '10'$"),
        (message("data", [DECIMAL, 1]), r"is no decimal"),
        (message("data", [SET, [1]]), r"^a set in the message holds what cannot lie in one: \[\[1\]\]$"),
        (message("data", [SET, [DECIMAL, "SNAN"]]), r"holds what cannot lie in one"),
        (message("data", [FROZENSET, 1, 1]), r"^a set in the message holds an item twice: \[1, 1\]$"),
        (message("data", [MEMBER, "a:b"]), r"^2 parts were expected in the message, not 1$"),
        (message("data", [MEMBER, "a:b", "RED"]), r"^the message holds an object of 'a:b'; pass that class to decode"),
        (message("data", [MEMBER, f"{NAME}Plain", "RED"]), r"^the message holds 'RED' of '.*Plain', which has no such"),
        (message("data", [MEMBER, COLOUR, "GREEN"]), r"^the message holds 'GREEN' of '.*Colour', which has no such"),
        (message("data", [MEMBER, COLOUR, 1]), r"which has no such member$"),
        (message("data", [MEMBER, PERMISSION, "READ"]), r"which has no such member$"),
        (
            message("data", [MEMBER, PERMISSION, 4]),
            r"^the message holds 4 of '.*Permission', which has no such member$",
        ),
        (message("data", [RECORD, COLOUR, {}, {}]), r"^'.*Colour' is an enumeration, and the message holds an object"),
        (message("data", nested(201)), r"^the message nests deeper than 200 levels$"),
    ],
)
def test_what_is_no_plain_data_on_the_wire_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(CodecError, match=text):
        decode(data, types=[Plain, *ENUMERATIONS])


def test_members_need_their_class_to_be_passed() -> None:
    data = encode([Colour.RED, Permission.READ | Permission.WRITE, Mood.WILD])

    assert decode(data, types=ENUMERATIONS) == [Colour.RED, Permission.READ | Permission.WRITE, Mood.WILD]
    with pytest.raises(CodecError, match=r"Colour'; pass that class to decode\(\) in types=$"):
        decode(data)


def test_a_member_is_found_without_running_code_of_its_class() -> None:
    class Wary(IntFlag):
        ONE = 1
        TWO = 2

        @classmethod
        def _missing_(cls, value: object) -> Any:
            raise AssertionError("its code ran")

    both = decode(message("data", [MEMBER, f"{NAME}{Wary.__qualname__}", 3]), types=[Wary])

    assert type(both) is Wary
    assert int(both) == 3


def test_sets_are_written_in_one_order_whatever_theirs() -> None:
    texts = [str(number) for number in range(100)]

    assert encode({*texts}) == encode({*reversed(texts)})
    assert encode(frozenset(texts)) == encode(frozenset(reversed(texts)))


def test_sets_with_many_items_of_one_hash_are_refused() -> None:
    modulus = 2**61 - 1
    uuids = [[UUID, f"{number:032x}"] for number in range(modulus, modulus * 40, modulus)]
    written = [[tag, f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}"] for tag, t in uuids]

    assert len(decode(message("data", [SET, *written[:MAX_ALIKE]]))) == MAX_ALIKE
    with pytest.raises(CodecError, match=r"^more than 32 keys or items in the message have one hash$"):
        decode(message("data", [SET, *written]))
