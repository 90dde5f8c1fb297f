from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.metrics.instruments import BUCKET_BOUNDS, Counter, Gauge, Histogram
from actors.metrics.labels import LabelValues

durations = st.floats(min_value=0, max_value=1_000) | st.sampled_from(BUCKET_BOUNDS)


def make_histogram() -> Histogram:
    return Histogram("wait_seconds", "Waiting.", ("agent",), LabelValues())


def test_bounds_rise_from_a_millisecond_to_ten_minutes() -> None:
    assert list(BUCKET_BOUNDS) == sorted(set(BUCKET_BOUNDS))
    assert (BUCKET_BOUNDS[0], BUCKET_BOUNDS[-1]) == (0.001, 600.0)


@given(st.lists(st.tuples(st.sampled_from("abc"), durations)))
def test_buckets_count_what_is_not_above_their_bounds(observed: list[tuple[str, float]]) -> None:
    histogram = make_histogram()

    for agent, duration in observed:
        histogram.observe((agent,), duration)

    for agent in "abc":
        expected = [duration for name, duration in observed if name == agent]
        series = histogram.series.get((agent,))
        assert (series is None) == (not expected)
        if series is not None:
            naive = [sum(each <= bound for each in expected) for bound in (*BUCKET_BOUNDS, inf)]
            assert series.cumulated() == naive
            assert series.total == pytest.approx(sum(expected))


def test_a_detached_histogram_does_not_change() -> None:
    histogram = make_histogram()
    histogram.observe(("a",), 0.5)

    copy = histogram.detached()
    histogram.observe(("a",), 0.5)
    histogram.observe(("b",), 0.5)

    assert list(copy.series) == [("a",)]
    assert (sum(copy.series["a",].counts), copy.series["a",].total) == (1, 0.5)


@pytest.mark.parametrize("kind", [Counter, Gauge])
def test_a_detached_sum_does_not_change(kind: type[Counter | Gauge]) -> None:
    instrument = kind("letters", "Letters.", ("reason",), LabelValues())
    instrument.add(("late",))

    copy = instrument.detached()
    instrument.add(("late",))

    assert isinstance(copy, kind)
    assert copy.series == {("late",): 1}


def test_series_beyond_the_label_limit_are_one() -> None:
    counter = Counter("letters_total", "Letters.", ("reason",), LabelValues(limit=1))

    for reason in ("late", "full", "full", "lost"):
        counter.add((reason,))

    assert counter.series == {("late",): 1, ("other",): 3}


def test_durations_beyond_the_label_limit_are_in_one_series() -> None:
    histogram = Histogram("wait_seconds", "Waiting.", ("agent",), LabelValues(limit=1))

    for agent in ("a", "b", "c"):
        histogram.observe((agent,), 1.0)

    assert {key: series.total for key, series in histogram.series.items()} == {
        ("a",): 1.0,
        ("other",): 2.0,
    }


def test_readings_replace_earlier_ones() -> None:
    gauge = Gauge("depth", "Depth.", ("agent",), LabelValues())
    gauge.replace({"gone": 3, "kept": 1})

    gauge.replace({"kept": 2})

    assert gauge.series == {("kept",): 2}


def test_readings_beyond_the_label_limit_are_added_up() -> None:
    gauge = Gauge("depth", "Depth.", ("agent",), LabelValues(limit=1))

    gauge.replace({"a": 1, "b": 2, "c": 3})

    assert gauge.series == {("a",): 1, ("other",): 5}
