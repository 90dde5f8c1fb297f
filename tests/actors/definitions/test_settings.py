"""Every setting that a file can state is read: what happens with it differs from what happens without it."""

from __future__ import annotations

import pytest

from actors.grammar.vocabulary import VOCABULARY
from tests.actors.definitions.observation import run
from tests.actors.definitions.part_settings import PART_ROWS
from tests.actors.definitions.pattern_settings import PATTERN_ROWS

ROWS = {**PATTERN_ROWS, **PART_ROWS}


def settings_of_files() -> set[str]:
    """Return all that a table of a file can state, beside what tells which table it is."""
    return {f"{table.schema_name}.{table.key_of(name)}" for table in VOCABULARY.tables for name in table.kinds}


def test_every_setting_that_a_file_can_state_is_tried() -> None:
    assert set(ROWS) == settings_of_files()


@pytest.mark.expects_errors
@pytest.mark.parametrize("setting", ROWS)
def test_a_setting_changes_what_happens(setting: str) -> None:
    row = ROWS[setting]

    without = run(row.made(**row.without), row.agents(**row.without))
    stated = run(row.made(**row.stated), row.agents(**row.stated))

    assert row.before != row.after
    assert (row.look(without), row.look(stated)) == (row.before, row.after)
