"""All entries of this machine's changelogs, which may be tens of thousands."""

from __future__ import annotations

import pytest

from examples.triage.__main__ import main
from examples.triage.source import MACHINE, intake_from

FEWEST = 20_000


@pytest.mark.soak
@pytest.mark.skipif(not MACHINE.is_dir(), reason="no documentation of packages is installed")
def test_all_entries_of_this_machine_are_handled_and_the_summary_is_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    total = len(intake_from().tickets)
    if total < FEWEST:
        pytest.skip(f"this machine keeps {total} entries; expected {FEWEST} or more")

    outputs = set()
    for max_runs in ("16", "256"):
        assert main(["--no-times", "--quiet", "--max-runs", max_runs]) == 0
        outputs.add(capsys.readouterr().out)

    (output,) = outputs
    everything = output.splitlines()[-2].split()
    assert everything[:2] == ["all", f"{total:,}"]
    assert everything[-1] == "0"
