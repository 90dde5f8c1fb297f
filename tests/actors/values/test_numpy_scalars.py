"""NumPy's scalars; NumPy is not needed, as a scalar is told by what it can do."""

import sys
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from actors.values.freezing import freeze


class Generic:
    """As a scalar of NumPy's."""

    def __init__(self, kind: str, item: Any) -> None:
        self.dtype = SimpleNamespace(kind=kind)
        self.item = lambda: item


@pytest.fixture(autouse=True)
def _numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(generic=Generic))


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("i", 3),
        ("u", 2**63),
        ("b", True),
        ("f", 0.1),
        ("U", "a"),
        ("S", b"a"),
        ("M", date(2026, 1, 1)),
        ("M", datetime(2026, 1, 1)),
        ("m", timedelta(1)),
    ],
)
def test_a_scalar_becomes_the_builtin(kind: str, item: Any) -> None:
    frozen = freeze({"a": [Generic(kind, item)]}, "it")

    assert frozen == {"a": [item]}
    assert type(frozen["a"][0]) is type(item)


@pytest.mark.parametrize(
    ("kind", "item", "text"),
    [
        ("M", 10**18, r"store `value\.astype\('M8\[us\]'\)\.item\(\)`$"),
        ("M", None, "store `value.astype"),
        ("m", 1, r"store `value\.astype\('m8\[us\]'\)\.item\(\)`$"),
        ("f", object(), r"store `float\(value\)`$"),
        ("c", 1j, r"store `value\.item\(\)`, if that is plain data$"),
        ("V", (1, 2), r"store `value\.item\(\)`"),
    ],
)
def test_what_no_builtin_is_exactly_is_refused(kind: str, item: Any, text: str) -> None:
    with pytest.raises(TypeError, match=r"^it\[0\] is a .*Generic, which is not plain data; .*" + text):
        freeze([Generic(kind, item)], "it")


def test_a_scalar_can_be_a_key_where_its_builtin_can() -> None:
    assert freeze({Generic("i", 3): 1}, "it") == {3: 1}
    with pytest.raises(TypeError, match="use a str, an int or bytes as key"):
        freeze({Generic("b", True): 1}, "it")


def test_real_ones_become_the_builtin_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    numpy = pytest.importorskip("numpy")
    values = [numpy.int64(3), numpy.float32(0.5), numpy.bool_(True), numpy.str_("a"), numpy.datetime64("2026-01-01")]

    frozen = freeze(values, "it")

    assert [type(each) for each in frozen] == [int, float, bool, str, date]
    for wrong in (numpy.longdouble(1), numpy.complex64(1), numpy.arange(3), numpy.datetime64("NaT")):
        with pytest.raises(TypeError, match="; store `"):
            freeze(wrong, "it")
