import copy
import pickle
from typing import Any

import pytest
from pydantic import Field

from supervisors.model import Model, first_repeated


class Policy(Model):
    tries: int = Field(default=3, ge=1)
    pause: float = 0.5


class Steps(Model):
    """A model with arguments of its own, as the patterns of a workflow have them."""

    names: tuple[str, ...]
    pause: float | None = None

    def __init__(self, *names: str, pause: float | None = None) -> None:
        super().__init__(names=names, pause=pause)


def test_fields_cannot_be_set() -> None:
    policy = Policy()

    with pytest.raises(ValueError, match="frozen"):
        policy.tries = 4  # type: ignore[misc] # the mistake under test


def test_an_int_will_do_for_a_float() -> None:
    policy = Policy(pause=1)

    assert policy.pause == 1.0
    assert isinstance(policy.pause, float)


def test_equal_fields_make_equal_models_of_one_hash() -> None:
    assert Policy(pause=1) == Policy(tries=3, pause=1.0)
    assert hash(Policy(pause=1)) == hash(Policy(tries=3, pause=1.0))
    assert Policy(tries=4) != Policy()


def test_positional_arguments_of_a_subclass_are_checked_too() -> None:
    wrong: Any = 3

    assert Steps("a", "b").names == ("a", "b")
    with pytest.raises(TypeError, match=r"^Steps\(names\[1\]=3\): names\[1\] must be a string$"):
        Steps("a", wrong)


@pytest.mark.parametrize("model", [Policy(), Policy(tries=4), Steps("a", pause=1)])
def test_pickles_and_copies_are_equal(model: Model) -> None:
    assert pickle.loads(pickle.dumps(model)) == model
    assert copy.copy(model) == model
    assert copy.deepcopy(model) == model


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Policy(), "Policy()"),
        (Policy(tries=3), "Policy()"),
        (Policy(tries=4), "Policy(tries=4)"),
        (Policy(tries=4, pause=1), "Policy(tries=4, pause=1.0)"),
        (Steps("a"), "Steps(names=('a',))"),
    ],
)
def test_repr_leaves_out_the_defaults(model: Model, text: str) -> None:
    assert repr(model) == text
    assert str(model) == text


def test_fields_may_be_of_any_class() -> None:
    class Plain:
        pass

    class Holder(Model):
        plain: Plain

    plain = Plain()
    assert Holder(plain=plain).plain is plain


def test_fields_that_are_no_arguments_are_shown() -> None:
    class Doubled(Model):
        size: int

        def __init__(self, half: int) -> None:
            super().__init__(size=2 * half)

    assert repr(Doubled(2)) == "Doubled(size=4)"


def test_a_dict_will_do_for_a_nested_model() -> None:
    class Outer(Model):
        policy: Policy

    nested: Any = {"tries": 4}
    assert Outer(policy=nested).policy == Policy(tries=4)


@pytest.mark.parametrize(
    ("names", "repeated"), [("", None), ("abc", None), ("abca", "a"), ("abcb", "b"), ("abba", "b"), ("aa", "a")]
)
def test_the_first_name_that_stands_a_second_time_is_told(names: str, repeated: str | None) -> None:
    assert first_repeated(names) == repeated
    assert first_repeated(iter(names)) == repeated
