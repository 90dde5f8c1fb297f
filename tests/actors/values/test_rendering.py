"""Exceptions as text, whatever they are made of."""

from __future__ import annotations

from itertools import count
from typing import Any, TypeVar

import pytest

from actors.values.rendering import LONGEST_TEXT, LONGEST_TRACEBACK, MOST_EXCEPTIONS, MOST_LEAVES, RenderedError, render
from supervisors.names import LONGEST_NAME
from supervisors.outcome import Failure, Reason

E = TypeVar("E", bound=BaseException)


class Text(str):
    """A text with code of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError("nobody asked")

    def __len__(self) -> int:
        raise AssertionError("nobody asked")

    def __getitem__(self, _index: Any) -> str:
        raise AssertionError("nobody asked")


class EndlessNotesError(Exception):
    """Has more and more to say."""

    @property
    def __notes__(self) -> Any:  # type: ignore[override]  # that is what some do
        return (f"note {number}" for number in count())


class OwnGroupError(ExceptionGroup[ValueError]):
    """Says that it is in itself."""

    @property
    def exceptions(self) -> Any:
        return (self,)


class NoGroupError(ExceptionGroup[ValueError]):
    """Cannot say what is in it."""

    @property
    def exceptions(self) -> Any:
        raise OSError("no")


class OddClass(type):
    """Makes classes that do not know what they are called."""

    def __getattribute__(cls, _name: str) -> Any:
        raise OSError("no")


class OddError(Exception):
    """Says of itself whatever it was given."""

    def __init__(self, said: Any) -> None:
        self.said = said

    def __str__(self) -> str:
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said  # type: ignore[no-any-return]  # that is the point


class UnreadableNotesError(Exception):
    """Has a text, and notes that nobody can read."""

    @property
    def __notes__(self) -> Any:  # type: ignore[override]  # that is what some do
        raise SystemExit("out")


class UnreadableError(Exception):
    """Cannot tell where it comes from, nor what it was made of."""

    @property
    def __cause__(self) -> Any:  # type: ignore[override]  # that is what some do
        raise SystemExit("out")

    __traceback__ = __context__ = __suppress_context__ = args = __cause__


class LoaderWithoutLines:
    """Loads a module, and breaks when it is asked for its lines."""

    def get_source(self, name: str) -> str:
        raise ValueError(name)


def caught(error: E, cause: BaseException | None = None) -> E:
    try:
        if cause is not None:
            raise error from cause
        raise error
    except BaseException:  # noqa: BLE001  # whatever it is
        return error


def test_a_failure_says_what_was_raised_and_where() -> None:
    error = caught(ValueError("out"))

    failure = render(error)

    assert (failure.exception, failure.leaves) == (error, ())
    assert (failure.types[0], failure.text) == ("builtins.ValueError", "ValueError: out")
    assert failure.traceback.startswith("Traceback (most recent call last):\n")
    assert "in caught" in failure.traceback
    assert failure.traceback.endswith("ValueError: out\n")


def test_an_exception_without_a_text_is_its_name() -> None:
    assert render(ValueError()).text == "ValueError"


@pytest.mark.parametrize("said", [SystemExit("out"), None, 42, RecursionError()])
def test_an_exception_without_a_readable_text_is_rendered_all_the_same(said: Any) -> None:
    failure = render(caught(OddError(said)))

    assert failure.text == "OddError (its text cannot be rendered)"
    assert "in caught" in failure.traceback


def test_nothing_of_a_text_with_code_of_its_own_is_kept_but_the_text() -> None:
    failure = render(OddError(Text("as it is")))

    assert (failure.text, type(failure.text)) == ("OddError: as it is", str)


def test_notes_are_kept_and_those_that_nobody_can_read_are_survived() -> None:
    noted = ValueError("out")
    noted.add_note("while it was raining")

    assert render(noted).traceback.endswith("ValueError: out\nwhile it was raining\n")
    assert render(UnreadableNotesError("no")).traceback.endswith("no\n(its notes cannot be rendered)\n")


def test_of_notes_without_end_the_first_are_kept() -> None:
    failure = render(EndlessNotesError("no"))

    assert failure.traceback.endswith("note 8\nnote 9\n")


def test_where_an_exception_comes_from_is_not_asked_of_its_class() -> None:
    failure = render(caught(UnreadableError("no"), caught(KeyError("cause"))))

    assert failure.text == "UnreadableError: no"
    assert "in caught" in failure.traceback
    assert "KeyError: 'cause'\n\nThe above exception was the direct cause" in failure.traceback


def test_an_exception_whose_traceback_cannot_be_formatted_has_none() -> None:
    code = compile("raise ValueError('no')", "lost.py", "exec")

    with pytest.raises(ValueError, match="no") as raised:
        exec(code, {"__name__": "lost", "__loader__": LoaderWithoutLines()})

    assert (render(raised.value).text, render(raised.value).traceback) == ("ValueError: no", "")


def test_what_was_rendered_elsewhere_is_taken_as_it_is() -> None:
    failure = Failure(("lib.Error",), "Error: no")

    assert render(RenderedError(failure, Reason.EXCEPTION)) is failure


# Lengths


def test_a_long_text_is_cut_in_its_middle_and_says_so() -> None:
    failure = render(caught(ValueError("begin" + "x" * 5_000_000 + "end")))

    assert len(failure.text) < LONGEST_TEXT + 100
    assert failure.text.startswith("ValueError: beginxxx")
    assert f"[... {5_000_008 - LONGEST_TEXT} characters left out ...]" in failure.text
    assert failure.text.endswith("xxxend")
    assert "in caught" in failure.traceback
    assert failure.traceback.endswith("xxxend\n")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x" * 5_000_000),
        ValueError("x" * 5_000_000, 1),
        ValueError(b"x" * 5_000_000),
        ValueError([{"key": b"x" * 5_000_000}]),
    ],
    ids=["key", "arguments", "bytes", "nested"],
)
def test_a_text_that_is_the_repr_of_something_long_is_cut_before_it_is_made(error: Exception) -> None:
    text = render(error).text

    assert " left out ...]" in text
    assert len(text) < LONGEST_TEXT
    assert text.startswith(f"{type(error).__name__}: ")


@pytest.mark.parametrize(
    "error",
    [KeyError(), KeyError("a"), KeyError("a", 1), ValueError(), ValueError("a"), ValueError(Text), ValueError(b"a")]
    + [ValueError([1, (2,), {"a": b"b"}]), ValueError(1, "a"), ValueError(("a",)), ValueError(None), OSError(2, "a")],
    ids=repr,
)
def test_a_text_of_ordinary_arguments_is_python_s(error: Exception) -> None:
    said = str(error)

    assert render(error).text == (f"{type(error).__name__}: {said}" if said else type(error).__name__)


def test_the_name_of_a_class_is_cut() -> None:
    failure = render(type("E" * 1_000_000, (ValueError,), {})("no"))

    assert len(failure.text) < 2 * LONGEST_NAME
    assert len(failure.types[0]) < 2 * LONGEST_NAME
    assert failure.types[1] == "builtins.ValueError"


def test_what_a_class_is_called_is_not_asked_of_its_metaclass() -> None:
    failure = render(OddClass("OutermostError", (ValueError,), {"__module__": None})("no"))

    assert failure.text == "OutermostError (its text cannot be rendered)"
    assert failure.types[:2] == ("?.OutermostError", "builtins.ValueError")


def test_an_exception_is_asked_once_for_its_text() -> None:
    asked = []

    class AskedError(Exception):
        def __str__(self) -> str:
            asked.append(self)
            return "no"

    assert render(AskedError()).traceback.endswith("AskedError: no\n")
    assert len(asked) == 1


def test_a_long_traceback_is_cut_in_its_middle() -> None:
    error: BaseException = ValueError("first")
    for _ in range(8):
        error = caught(ValueError("x" * LONGEST_TEXT), error)
    last = caught(ValueError("last"), error)

    trace = render(last).traceback

    assert len(trace) < LONGEST_TRACEBACK + 100
    assert trace.startswith("ValueError: first\n") or "ValueError: first\n" in trace[:200]
    assert trace.endswith("ValueError: last\n")


def test_what_an_exception_says_cannot_be_taken_for_a_line_of_the_report() -> None:
    assert render(ValueError("no\nFAKE: ok")).traceback.endswith("ValueError: no\n    FAKE: ok\n")


# Causes and groups


def test_a_cause_is_shown_before_what_it_caused() -> None:
    trace = render(caught(ValueError("outer"), caught(KeyError("inner")))).traceback

    assert trace.index("KeyError: 'inner'") < trace.index("direct cause of the following") < trace.index("outer")


def test_what_was_being_handled_is_shown_unless_it_was_suppressed() -> None:
    def raised(**options: Any) -> str:
        try:
            try:
                raise KeyError("inner")
            except KeyError:
                if options:
                    raise ValueError("outer") from None
                raise ValueError("outer")  # noqa: B904  # that is the point
        except ValueError as error:
            return render(error).traceback

    assert "During handling of the above exception" in raised()
    assert "inner" in raised()
    assert "inner'" not in raised(suppressed=True)


def test_a_circle_of_causes_is_shown_once() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    assert render(first).traceback.count("ValueError: first") == 1


def test_what_is_in_a_group_is_shown_with_its_causes() -> None:
    inner = ExceptionGroup("inner", [caught(OSError("deep"), KeyError("why"))])
    group = caught(ExceptionGroup("outer", [ConnectionError("peer 1"), inner]))

    failure = render(group)

    for text in ("outer (2 sub-exceptions)", "---- 2 of 2 ----", "peer 1", "inner (1 sub-exception)", "deep", "'why'"):
        assert text in failure.traceback
    assert [leaf[0] for leaf in failure.leaves] == ["builtins.ConnectionError", "builtins.OSError"]


def test_of_a_large_group_the_first_are_shown_and_the_rest_is_counted() -> None:
    failure = render(ExceptionGroup("many", [ValueError(f"<{number}>") for number in range(1_000)]))

    assert "<0>" in failure.traceback
    assert f"({1_000 - MOST_EXCEPTIONS + 1} more)" in failure.traceback
    assert [leaf[0] for leaf in failure.leaves] == ["builtins.ValueError"]


def test_a_group_of_groups_of_groups_is_rendered_whatever_its_depth() -> None:
    error: Exception = ValueError("innermost")
    for _ in range(5_000):
        error = ExceptionGroup("outer", [error])

    failure = render(error)

    assert "(1 more)" in failure.traceback
    assert [leaf[0] for leaf in failure.leaves] == ["builtins.ValueError"]


@pytest.mark.parametrize("kind", [OwnGroupError, NoGroupError])
def test_what_is_in_a_group_is_what_it_was_made_of(kind: type[ExceptionGroup[ValueError]]) -> None:
    failure = render(caught(kind("all", [ValueError("one")])))

    assert [leaf[0] for leaf in failure.leaves] == ["builtins.ValueError"]
    assert failure.traceback.endswith("  | ---- 1 of 1 ----\n  | ValueError: one\n")


def test_a_group_of_more_classes_than_are_kept_has_a_leaf_that_may_be_anything() -> None:
    kinds = [type(f"Error{number}", (Exception,), {}) for number in range(MOST_LEAVES + 1)]

    failure = render(ExceptionGroup("many", [kind() for kind in kinds]))

    assert len(failure.leaves) == MOST_LEAVES + 1
    assert failure.leaves[-1] == ("builtins.BaseException",)
