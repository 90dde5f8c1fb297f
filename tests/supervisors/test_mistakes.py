"""What is said about wrong arguments; seen through `Model`, which is the only one to ask."""

from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from supervisors.model import Model, wrong_type


def refuse(value: Any) -> Any:
    if value == "wrong":
        raise ValueError("must not be wrong")
    if value == "type":
        raise wrong_type("must be right, not {this}")
    return value


class Inner(Model):
    size: int = 1


class Sample(Model):
    count: int = Field(default=1, ge=1, le=9)
    share: float = Field(default=0.5, gt=0, lt=1)
    limit: float | None = Field(default=None, gt=0)
    name: str = "a"
    on: Literal["cancel", "finish"] = "cancel"
    node: str | Inner = "a"
    steps: tuple[str | Inner, ...] = Field(default=("a",), min_length=1)
    table: dict[str, int] = Field(default_factory=dict)
    checked: Annotated[str, AfterValidator(refuse)] = ""
    inner: Inner = Inner()
    plain: type[Exception] = ValueError


class Whole(Model):
    """A model whose values are not where they were given."""

    either: str | tuple[int, ...] = ""
    doubled: Annotated[tuple[int, ...], BeforeValidator(lambda given: given * 2)] = ()


class Pair(Model):
    low: int
    high: int

    @model_validator(mode="after")
    def check_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"count": 0}, "Sample(count=0): count must be at least 1"),
        ({"count": 10}, "Sample(count=10): count must be at most 9"),
        ({"share": 0.0}, "Sample(share=0.0): share must be more than 0"),
        ({"share": 1}, "Sample(share=1): share must be less than 1"),
        ({"share": float("nan")}, "Sample(share=nan): share must be a finite number"),
        ({"limit": float("inf")}, "Sample(limit=inf): limit must be a finite number or None"),
        ({"limit": 0}, "Sample(limit=0): limit must be more than 0 or None"),
        ({"on": "stop"}, "Sample(on='stop'): on must be 'cancel' or 'finish'"),
        ({"steps": ()}, "Sample(steps=()): steps must have at least 1 item"),
        ({"checked": "wrong"}, "Sample(checked='wrong'): checked must not be wrong"),
    ],
)
def test_values_out_of_range_are_value_errors(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        Sample(**fields)

    assert type(caught.value) is ValueError
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"count": True}, "Sample(count=True): count must be a whole number"),
        ({"count": "3"}, "Sample(count='3'): count must be a whole number"),
        ({"count": 3.0}, "Sample(count=3.0): count must be a whole number"),
        ({"share": "3"}, "Sample(share='3'): share must be a number"),
        ({"share": True}, "Sample(share=True): share must be a number"),
        ({"limit": "3"}, "Sample(limit='3'): limit must be a number or None"),
        ({"name": 3}, "Sample(name=3): name must be a string"),
        ({"steps": ["a"]}, "Sample(steps=['a']): steps must be a tuple"),
        ({"inner": 3}, "Sample(inner=3): inner must be an instance of Inner"),
        ({"node": 3}, "Sample(node=3): node must be a string or an instance of Inner"),
        (
            {"steps": ("a", 3)},
            "Sample(steps[1]=3): steps[1] must be a string or an instance of Inner",
        ),
        ({"table": {"k": "v"}}, "Sample(table['k']='v'): table['k'] must be a whole number"),
        ({"checked": "type"}, "Sample(checked='type'): checked must be right, not {this}"),
        ({"plain": int}, "Sample(plain=<class 'int'>): plain must be a subclass of Exception"),
        (
            {"nodes": 1},
            "Sample(nodes=1): nodes is unknown; Sample takes count, share, limit, name, on, "
            "node, steps, table, checked, inner, plain",
        ),
    ],
)
def test_values_of_a_wrong_type_are_type_errors(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError) as caught:
        Sample(**fields)

    assert str(caught.value) == text


def test_missing_fields_are_type_errors() -> None:
    with pytest.raises(TypeError, match=r"^Pair\(\): high is missing$"):
        Pair(low=1)  # type: ignore[call-arg] # the mistake under test


def test_mistakes_of_the_whole_model_name_no_field() -> None:
    with pytest.raises(ValueError, match=r"^Pair: low must not exceed high$"):
        Pair(low=2, high=1)


def test_members_of_a_union_are_told_from_items() -> None:
    wrong: Any = (1, "a")

    with pytest.raises(TypeError) as caught:
        Whole(either=wrong)

    assert str(caught.value) == (
        f"Whole(either={wrong}): either must be a string; Whole(either[1]='a'): either[1] must be a whole number"
    )


def test_items_that_were_not_given_are_not_looked_for() -> None:
    wrong: Any = ("a",)

    with pytest.raises(TypeError, match=r"doubled\[0\] must be .*; .*: doubled must be a whole"):
        Whole(doubled=wrong)


def test_every_mistake_has_its_clause() -> None:
    with pytest.raises(ValueError) as caught:
        Sample(count=0, share=2.0)

    assert str(caught.value) == (
        "Sample(count=0): count must be at least 1; Sample(share=2.0): share must be less than 1"
    )


def test_one_mistake_of_type_makes_it_a_type_error() -> None:
    mixed: dict[str, Any] = {"count": 0, "name": 3}

    with pytest.raises(TypeError, match="count must be at least 1; .* name must be a string"):
        Sample(**mixed)


def test_pydantic_is_not_in_the_traceback() -> None:
    with pytest.raises(ValueError) as caught:
        Sample(count=0)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_values_that_cannot_be_printed_do_no_harm() -> None:
    class Unprintable:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    wrong: Any = Unprintable()
    with pytest.raises(TypeError, match="name must be a string"):
        Sample(name=wrong)
