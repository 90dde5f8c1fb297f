"""Tests of the order of versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.triage.versions import version_key

TEXTS = st.text(st.sampled_from("019~ab+.-:"), max_size=8)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~~a"),
        ("1.0~~a", "1.0~"),
        ("1.9", "1.10"),
        ("1.0", "1.0.1"),
        ("1.0a", "1.0+"),
        ("1.0-1", "1.0-1+b1"),
        ("1.0-1~deb12u1", "1.0-1"),
        ("1.0-1", "1.0-1.1"),
        ("9.0", "1:1.0"),
        ("2:8.2", "10:1"),
        ("3.0.18-1~deb12u2", "3.0.19-1~deb12u1"),
        ("1", "9" * 10_000),
    ],
)
def test_versions_have_the_order_that_dpkg_gives_them(earlier: str, later: str) -> None:
    assert version_key(earlier) < version_key(later)
    assert not version_key(later) < version_key(earlier)


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.00"), ("0:1.0", "1.0"), ("1.01-1", "1.1-1")])
def test_leading_zeros_do_not_count(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


@given(TEXTS)
def test_a_tilde_comes_before_the_end(version: str) -> None:
    assert version_key(f"1.{version}~") < version_key(f"1.{version}")


@given(st.text(), st.text())
def test_every_text_has_its_place(one: str, other: str) -> None:
    keys = version_key(one), version_key(other)

    assert (keys[0] < keys[1]) + (keys[1] < keys[0]) + (keys[0] == keys[1]) == 1
