from __future__ import annotations

from actors.metrics.instruments import Histogram
from actors.metrics.labels import LABEL_LIMIT, OTHER
from actors.metrics.measurements import Measurements
from supervisors.facts import StageEnded
from supervisors.outcome import COMPLETED
from supervisors.trace import TraceRecord

DURATION, WAITED, RAN = 4.0, 0.04, 0.4


def step(agent: str = "search") -> TraceRecord:
    return TraceRecord(
        path=f"report/{agent}",
        pattern="agent",
        outcome=COMPLETED,
        started=0.0,
        duration=DURATION,
        attempts=1,
        iterations=0,
        queue_wait=WAITED,
        run_time=RAN,
        agent=agent,
        has_begun=True,
    )


def counted(measurements: Measurements) -> dict[str, dict[tuple[str, ...], tuple[list[int], float]]]:
    """Return what the histograms hold, by their names."""
    return {
        each.name: {values: (series.counts, series.total) for values, series in each.series.items()}
        for each in measurements.instruments
        if isinstance(each, Histogram)
    }


def test_a_step_that_was_seen_before_is_counted_as_it_was_the_first_time() -> None:
    once, thrice = Measurements(), Measurements()

    once.notes[tuple](("report", step()))
    for _ in range(3):
        thrice.notes[tuple](("report", step()))

    for name, series in counted(once).items():
        for values, (counts, total) in series.items():
            assert counted(thrice)[name][values] == ([3 * count for count in counts], 3 * total)


def test_a_stage_counts_the_same_however_it_is_told() -> None:
    as_tuple, as_fact = Measurements(), Measurements()

    as_tuple.notes[tuple](("report", step()))
    as_fact.notes[StageEnded](StageEnded("report", 1, step()))

    assert counted(as_tuple) == counted(as_fact)


def test_steps_beyond_the_label_limit_are_counted_as_other_each_time() -> None:
    measurements = Measurements()

    for number in range(LABEL_LIMIT):
        measurements.notes[tuple](("report", step(f"agent-{number}")))
    for _ in range(2):
        measurements.notes[tuple](("report", step("one-too-many")))
    measurements.read({}, {}, {})

    runs = counted(measurements)["mixmode_agent_run_seconds"]
    assert sum(runs[OTHER, "ok"][0]) == 2
    overflow = next(each for each in measurements.instruments if each.name == "mixmode_label_overflow_total")
    assert overflow.series["agent",] == 4  # twice by the queue's histogram, twice by the run's
