from actors.metrics.labels import LABEL_LIMIT, LONGEST_VALUE, OTHER, LabelValues


def test_values_up_to_the_limit_are_kept() -> None:
    values = LabelValues()

    exported = [values.bounded(["agent"], [f"agent-{n}"]) for n in range(LABEL_LIMIT)]

    assert exported == [(f"agent-{n}",) for n in range(LABEL_LIMIT)]
    assert values.overflow == {}


def test_unseen_values_beyond_the_limit_become_other_and_are_counted() -> None:
    values = LabelValues(limit=1)
    values.bounded(["agent", "outcome"], ["first", "ok"])

    exported = [values.bounded(["agent", "outcome"], [name, "ok"]) for name in ("b", "b", "c")]

    assert exported == [(OTHER, "ok")] * 3
    assert values.overflow == {"agent": 3}


def test_known_values_keep_their_names_when_a_label_is_full() -> None:
    values = LabelValues(limit=1)
    values.bounded(["agent"], ["first"])
    values.bounded(["agent"], ["second"])

    assert values.bounded(["agent"], ["first"]) == ("first",)


def test_each_label_has_a_limit_of_its_own() -> None:
    values = LabelValues(limit=1)

    assert values.bounded(["agent", "stage"], ["same", "another"]) == ("same", "another")


def test_what_cannot_be_encoded_is_escaped() -> None:
    assert LabelValues().bounded(["agent"], ["lone \ud800"]) == ("lone \\ud800",)


def test_a_long_value_is_cut_and_told_from_another_of_the_same_length() -> None:
    values = LabelValues()

    (first,), (second,) = (values.bounded(["agent"], ["x" * 39_000_000 + end]) for end in "ab")

    assert len(first) < LONGEST_VALUE + 100
    assert first != second
