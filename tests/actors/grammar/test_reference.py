from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from actors.grammar.reference import Reference, imported, parsed_reference, reference_to
from actors.values.workflow_errors import UnresolvedReferenceError
from tests.actors.definitions import behaviours
from tests.actors.definitions.behaviours import A_LAMBDA, A_NUMBER, Holder, Overlap, set_a

MODULE = behaviours.__name__


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder from which modules are imported afresh."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


@pytest.mark.parametrize("value", [set_a, Overlap, Holder.within], ids=["function", "class", "static method"])
def test_what_a_module_holds_is_found_again_by_its_reference(value: Any) -> None:
    reference = reference_to(value)

    assert reference.startswith(f"{MODULE}:")
    assert parsed_reference(reference).resolve() is value
    assert str(parsed_reference(reference)) == reference


def inner() -> Any:
    def local() -> None:
        pass

    return local


def renamed() -> None:
    pass


renamed.__qualname__ = "inner"

in_script = type("InScript", (), {"__module__": "__main__"})


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (A_LAMBDA, "is a lambda"),
        (inner(), "is made inside a function"),
        (functools.partial(sorted, []), "has no name"),
        (A_NUMBER, "5 has no name"),
        (in_script, "'InScript' is in the script that is being run: move it into a module"),
        (renamed, f"under '{__name__}:inner' there is something else"),
        (Overlap().run, f"under '{MODULE}:Overlap.run' there is something else"),
    ],
)
def test_what_cannot_be_found_again_has_no_reference(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match="^must be something that a module holds under its name") as caught:
        reference_to(value)

    assert str(caught.value).endswith(why)


@pytest.mark.parametrize(
    "text", ["", "a", "a:", ":a", "a:b:c", "a.:b", ".a:b", "a:b.", "a b:c", "a:1", "a:b\n", 5, None]
)
def test_what_is_no_reference_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="^must be 'module:attribute', such as 'flows:search', not "):
        parsed_reference(text)


def test_attributes_of_attributes_are_found() -> None:
    assert Reference(MODULE, "Holder.within").resolve() is Holder.within


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (
            Reference("no_such.at", "a"),
            "there is no module 'no_such'; run from the folder that holds it, or install its",
        ),
        (Reference(f"{MODULE}.sub", "a"), f"there is no module '{MODULE}.sub'; "),
        (Reference(MODULE, "set_c"), f"module '{MODULE}' has no 'set_c'; did you mean 'set_b'?"),
        (Reference(MODULE, "zzz"), f"module '{MODULE}' has no 'zzz'"),
        (Reference(MODULE, "zzz.set_a"), f"module '{MODULE}' has no 'zzz.set_a'"),
    ],
)
def test_what_is_not_there_is_told(reference: Reference, problem: str) -> None:
    with pytest.raises(UnresolvedReferenceError) as caught:
        reference.resolve()

    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = 1\nraise KeyError('oh')", "module 'broken' cannot be imported: KeyError: 'oh' ("),
        ("raise SystemExit(3)", "module 'broken' cannot be imported: SystemExit: 3 ("),
        (
            "import no_such_thing",
            "module 'broken' cannot be imported: ModuleNotFoundError: No module named 'no_such_thing'",
        ),
        ("x =", "module 'broken' cannot be imported: SyntaxError: "),
        (
            "class Odd(Exception):\n    __traceback__ = property(lambda self: 1 / 0)\nraise Odd('no')",
            "module 'broken' cannot be imported: Odd: no (",
        ),
    ],
)
def test_a_module_that_raises_is_told_with_the_place(modules: Path, code: str, problem: str) -> None:
    (modules / "broken.py").write_text(code)

    with pytest.raises(UnresolvedReferenceError) as caught:
        imported("broken")

    assert str(caught.value).startswith(problem)


def test_the_place_in_the_users_code_is_told(modules: Path) -> None:
    (modules / "broken.py").write_text("x = 1\nraise KeyError('oh')")

    with pytest.raises(UnresolvedReferenceError, match=r"broken\.py, line 2\)$"):
        imported("broken")


def test_a_module_is_imported_once(modules: Path) -> None:
    (modules / "fine.py").write_text("x = 1")

    module = imported("fine")

    assert isinstance(module, ModuleType)
    assert imported("fine") is module
