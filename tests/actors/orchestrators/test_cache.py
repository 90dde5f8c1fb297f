from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.orchestrators.cache import Cache
from tests.thoroughness import examples

KEY, OTHER = b"key", b"other"


def cache_of(max_entries: int = 10, ttl: float | None = None) -> Cache[str, str]:
    return Cache(max_entries, ttl)


# Values


def test_what_was_kept_is_found() -> None:
    cache = cache_of()

    cache.keep(KEY, "value", now=1.0)

    assert cache.find(KEY, now=1e9) == "value"
    assert cache.find(OTHER, now=1.0) is None


def test_the_value_that_was_not_used_for_longest_goes() -> None:
    cache = cache_of(max_entries=2)
    cache.keep(b"1", "one", now=0.0)
    cache.keep(b"2", "two", now=0.0)
    cache.find(b"1", now=0.0)

    cache.keep(b"3", "three", now=0.0)

    assert [cache.find(key, now=0.0) for key in (b"1", b"2", b"3")] == ["one", None, "three"]


@pytest.mark.parametrize(("now", "found"), [(7.999, "value"), (8.0, None), (9.0, None)])
def test_a_value_expires_when_its_time_is_over(now: float, found: str | None) -> None:
    cache = cache_of(ttl=3.0)
    cache.keep(KEY, "value", now=5.0)

    assert cache.find(KEY, now) == found
    assert len(cache) == (1 if found else 0)


def test_using_a_value_does_not_make_it_younger() -> None:
    cache = cache_of(ttl=3.0)
    cache.keep(KEY, "value", now=0.0)

    cache.find(KEY, now=2.0)

    assert cache.find(KEY, now=3.0) is None


def test_keeping_a_key_again_makes_it_younger() -> None:
    cache = cache_of(ttl=3.0)
    cache.keep(KEY, "old", now=0.0)
    cache.keep(OTHER, "other", now=1.0)
    cache.keep(KEY, "new", now=2.0)

    assert cache.sweep(now=3.0) == 4.0
    assert cache.sweep(now=4.0) == 5.0
    assert cache.find(KEY, now=4.0) == "new"
    assert cache.sweep(now=5.0) is None


def test_without_a_ttl_nothing_expires() -> None:
    cache = cache_of()
    cache.keep(KEY, "value", now=0.0)

    assert cache.sweep(now=1e9) is None
    assert len(cache) == 1


# Flights


def test_the_first_of_a_flight_leads() -> None:
    cache = cache_of()

    assert [cache.join(KEY, name) for name in "abc"] == [True, False, False]
    assert cache.join(OTHER, "d")
    assert [cache.leads(KEY, name) for name in "abcd"] == [True, False, False, False]
    assert cache.aboard(KEY) == ("a", "b", "c")
    assert list(cache.flights()) == [(KEY, ("a", "b", "c")), (OTHER, ("d",))]


def test_joining_again_changes_nothing() -> None:
    cache = cache_of()
    cache.join(KEY, "a")
    cache.join(KEY, "b")

    assert cache.join(KEY, "a")
    assert not cache.join(KEY, "b")
    assert cache.aboard(KEY) == ("a", "b")


def test_when_the_leader_leaves_the_next_one_leads() -> None:
    cache = cache_of()
    for name in "abc":
        cache.join(KEY, name)

    assert cache.leave(KEY, "b") is None
    assert cache.leave(KEY, "a") == "c"
    assert cache.leave(KEY, "c") is None
    assert not cache.is_in_flight


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_leaving_without_being_aboard_changes_nothing(key: bytes) -> None:
    cache = cache_of()
    cache.join(KEY, "a")

    assert cache.leave(key, "stranger") is None
    assert cache.aboard(KEY) == ("a",)


def test_the_first_of_a_flight_can_be_told_alone() -> None:
    cache = cache_of()
    for name in "abc":
        cache.join(KEY, name)

    assert cache.aboard(KEY, 2) == ("a", "b")
    assert cache.aboard(OTHER, 2) == ()


# Against a model that is too simple to be wrong

KEYS = st.sampled_from([b"a", b"b", b"c", b"d"])
PASSENGERS = st.integers(min_value=1, max_value=6)


class CacheMachine(RuleBasedStateMachine):
    """The model keeps everything in lists, and looks through them."""

    max_entries = 2
    ttl: float | None = 3.0

    def __init__(self) -> None:
        super().__init__()
        self.cache: Cache[int, int] = Cache(self.max_entries, self.ttl)
        self.now = 0.0
        self.number = 0
        # Key, value, moment: the least recently used first.
        self.kept: list[tuple[bytes, int, float]] = []
        self.aboard: dict[bytes, list[int]] = {}

    def is_fresh(self, moment: float) -> bool:
        return self.ttl is None or self.now < moment + self.ttl

    @rule(seconds=st.integers(min_value=1, max_value=4))
    def wait(self, seconds: int) -> None:
        self.now += seconds / 2

    @rule(key=KEYS)
    def find(self, key: bytes) -> None:
        entry = next((each for each in self.kept if each[0] == key and self.is_fresh(each[2])), None)
        self.kept = [each for each in self.kept if each[0] != key]
        if entry is not None:
            self.kept.append(entry)

        assert self.cache.find(key, self.now) == (entry[1] if entry is not None else None)

    @rule(key=KEYS)
    def keep(self, key: bytes) -> None:
        self.number += 1
        self.kept = [each for each in self.kept if each[0] != key]
        self.kept = [*self.kept, (key, self.number, self.now)][-self.max_entries :]

        self.cache.keep(key, self.number, self.now)

    @rule()
    def sweep(self) -> None:
        self.kept = [each for each in self.kept if self.is_fresh(each[2])]
        moments = [moment + self.ttl for _, _, moment in self.kept if self.ttl is not None]

        assert self.cache.sweep(self.now) == min(moments, default=None)

    @rule(key=KEYS, passenger=PASSENGERS)
    def join(self, key: bytes, passenger: int) -> None:
        aboard = self.aboard.setdefault(key, [])
        if passenger not in aboard:
            aboard.append(passenger)

        assert self.cache.join(key, passenger) is (aboard[0] == passenger)

    @rule(key=KEYS, passenger=PASSENGERS)
    def leave(self, key: bytes, passenger: int) -> None:
        before = self.aboard.get(key, [])
        after = [each for each in before if each != passenger]
        self.aboard[key] = after

        assert self.cache.leave(key, passenger) == (after[0] if after and after[0] != before[0] else None)

    @invariant()
    def they_agree(self) -> None:
        aboard = {key: tuple(passengers) for key, passengers in self.aboard.items() if passengers}
        assert dict(self.cache.flights()) == aboard
        assert self.cache.is_in_flight is bool(aboard)
        for key, passengers in aboard.items():
            assert [self.cache.leads(key, each) for each in passengers] == [True] + [False] * (len(passengers) - 1)
        assert len(self.cache) == len(self.kept)


class UnlimitedCacheMachine(CacheMachine):
    ttl = None


many = settings(max_examples=examples(200), stateful_step_count=40, deadline=None)
TestCache = CacheMachine.TestCase
TestCache.settings = many
TestUnlimitedCache = UnlimitedCacheMachine.TestCase
TestUnlimitedCache.settings = many
