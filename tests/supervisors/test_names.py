import builtins
import concurrent.futures
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from supervisors.names import error_names, qualified_name, qualified_names

BUILTIN_ERRORS = [
    value for value in vars(builtins).values() if isinstance(value, type) and issubclass(value, BaseException)
]


class OuterError(Exception):
    class InnerError(KeyError):
        pass


def test_names_hold_the_module_and_the_outer_classes() -> None:
    assert qualified_name(TimeoutError) == "builtins.TimeoutError"
    assert qualified_name(OuterError.InnerError) == f"{__name__}.OuterError.InnerError"


def test_bases_come_nearest_first_without_object() -> None:
    assert qualified_names(ConnectionResetError) == (
        "builtins.ConnectionResetError",
        "builtins.ConnectionError",
        "builtins.OSError",
        "builtins.Exception",
        "builtins.BaseException",
    )


@pytest.mark.parametrize(
    ("given_types", "names"),
    [
        (TimeoutError, ("builtins.TimeoutError",)),
        ("httpx.ReadTimeout", ("httpx.ReadTimeout",)),
        ((TimeoutError, "httpx.ReadTimeout"), ("builtins.TimeoutError", "httpx.ReadTimeout")),
        ([KeyError], ("builtins.KeyError",)),
        ((), ()),
        ((KeyError, "builtins.KeyError"), ("builtins.KeyError",)),
        ("builtins.IOError", ("builtins.OSError",)),
        ("tests.test_a.test_b.<locals>.OwnError", ("tests.test_a.test_b.<locals>.OwnError",)),
    ],
)
def test_types_and_names_are_kept_as_names(given_types: Any, names: tuple[str, ...]) -> None:
    assert error_names(given_types) == names


def test_types_are_known_by_their_own_names_not_by_an_alias() -> None:
    assert error_names(concurrent.futures.TimeoutError) == ("builtins.TimeoutError",)


@pytest.mark.parametrize("name", ["TimeoutError", "", "a.", ".a", "a b.c", "a..b", "1.a", "a.b\n"])
def test_strings_that_are_no_dotted_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must hold dotted names such as"):
        error_names(name)


@pytest.mark.parametrize("name", ["builtins.TimeOutError", "builtins.int", "builtins.len"])
def test_unknown_builtin_errors_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"there is no built-in one '{name}'"):
        error_names(name)


@pytest.mark.parametrize("wrong", [int, None, 3, KeyError("a"), {KeyError}, (KeyError, len)])
def test_what_is_no_exception_type_is_refused(wrong: object) -> None:
    with pytest.raises(PydanticCustomError, match="must name exception types; .* is not one"):
        error_names(wrong)


@given(st.lists(st.sampled_from([*BUILTIN_ERRORS, OuterError, OuterError.InnerError])))
def test_names_can_be_given_again(types: list[type[BaseException]]) -> None:
    names = error_names(types)

    assert error_names(names) == names
    assert len(set(names)) == len(names) == len(set(types))
