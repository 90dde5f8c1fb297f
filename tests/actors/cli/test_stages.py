from __future__ import annotations

from actors.cli.stages import KEPT, SHOWN, Row, Stages
from supervisors.facts import DeadLettered, StageEnded, StageStarted
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord

FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)


def started(path: str, pattern: str = "agent") -> StageStarted:
    return StageStarted("flow", 1, path, pattern)


def ended(path: str, outcome: Outcome = COMPLETED, duration: float = 1.0) -> StageEnded:
    return StageEnded("flow", 1, TraceRecord(path, "agent", outcome, 0.0, duration, 1, 0, 0.0, 0.0))


def noted(*facts: StageStarted | StageEnded) -> Stages:
    stages = Stages()
    for moment, fact in enumerate(facts):
        stages.note(fact, float(moment))
    return stages


def rows(stages: Stages) -> list[tuple[str, int]]:
    return [(row.name, depth) for row, depth in stages.rows()]


def the_root(stages: Stages) -> Row:
    assert stages.root is not None
    return stages.root


def test_nothing_is_shown_before_anything_has_started() -> None:
    stages = Stages()

    stages.note(DeadLettered("late_answer", ""), 0.0)

    assert rows(stages) == []


def test_stages_stand_below_their_parents_in_the_order_of_their_starts() -> None:
    stages = noted(started("flow"), started("flow/b"), started("flow/a"), started("flow/b/c"))

    assert rows(stages) == [("flow", 0), ("b", 1), ("c", 2), ("a", 1)]


def test_a_stage_below_one_that_is_not_shown_keeps_the_rest_of_its_path() -> None:
    stages = noted(started("flow"), started("flow/each[3]"), started("flow/each/step"), started("flow/each/step/a"))

    assert rows(stages) == [("flow", 0), ("each[3]", 1), ("each/step", 1), ("a", 2)]


def test_a_stage_runs_from_its_start_to_its_end() -> None:
    stages = noted(started("flow"), started("flow/a"))
    (_, _), (row, _) = stages.rows()

    assert (row.running, row.since, row.outcome) == (1, 1.0, None)
    stages.note(ended("flow/a", FAILED, 0.5), 2.0)
    assert (row.running, row.duration, row.outcome) == (0, 0.5, FAILED)


def test_a_stage_that_is_run_again_is_counted_in_its_row() -> None:
    stages = noted(started("flow"), started("flow/a"), ended("flow/a"), started("flow/a"))

    _, (row, _) = stages.rows()

    assert (row.times, row.running) == (2, 1)
    assert the_root(stages).ended == {}


def test_a_stage_that_never_began_is_shown_as_it_ended() -> None:
    stages = noted(started("flow"), ended("flow/a", FAILED))

    _, (row, _) = stages.rows()

    assert (row.times, row.running, row.outcome) == (0, 0, FAILED)


def test_ended_stages_beyond_the_limit_are_only_counted_the_oldest_first() -> None:
    stages = noted(started("flow"), started("flow/still"))

    for number in range(KEPT + 5):
        stages.note(started(f"flow/{number}"), 0.0)
        stages.note(ended(f"flow/{number}", FAILED if number == 0 else COMPLETED), 0.0)

    root = the_root(stages)
    assert (root.folded, root.folded_failures) == (5, 1)
    assert list(root.below) == ["flow/still", *(f"flow/{number}" for number in range(5, KEPT + 5))]


def test_only_so_many_rows_below_one_are_shown() -> None:
    stages = noted(started("flow"), *(started(f"flow/{number}") for number in range(SHOWN + 5)))

    assert len(rows(stages)) == 1 + SHOWN
