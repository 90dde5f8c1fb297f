"""Tests of what tickets say of vulnerabilities."""

from __future__ import annotations

import pytest

from examples.triage.claims import Stance, claims_fix, claims_in, named_in

CVE = "CVE-2020-1234"


@pytest.mark.parametrize(
    ("change", "stance"),
    [
        (f"Fix {CVE}: the door opens by itself", Stance.FIXED),
        (f"{CVE}: the door opens by itself", Stance.FIXED),
        (f"[{CVE}] oven(1): when baking, the door opens", Stance.FIXED),
        (f"ring: Use the right temperature ({CVE})", Stance.FIXED),
        (f"New upstream version 1.1: {CVE}: Double heat.", Stance.FIXED),
        (f'Revert "mm: allow heat" ({CVE})', Stance.FIXED),
        (f"Drop {CVE}.patch, applied upstream", Stance.FIXED),
        (f"debian/patches/{CVE}.diff: Removed, as applied upstream", Stance.FIXED),
        (f"Drop test case from {CVE}.patch, as it breaks the build", Stance.FIXED),
        (f"Drop the lid, which was not closed ({CVE})", Stance.FIXED),
        (f"Remove {CVE}.patch", Stance.WITHDRAWN),
        (f"Revert the patch for {CVE}, as it burns the bread", Stance.WITHDRAWN),
        (f"The version in stable is not affected by {CVE}", Stance.NOT_AFFECTED),
        (f"{CVE} does not affect this oven. Other ovens do.", Stance.NOT_AFFECTED),
        (f"Fix {CVE}. Ovens with a lock are not affected; see the manual.", Stance.FIXED),
        (f"Lock the door, mitigating the impact of {CVE}", Stance.MITIGATED),
        (f"d/oven.symbols: lid_open is gone due to {CVE}", Stance.MENTIONED),
    ],
)
def test_a_change_takes_a_stance(change: str, stance: Stance) -> None:
    assert claims_in([change]) == {CVE: stance}


def test_of_several_stances_the_first_counts_most() -> None:
    changes = [f"d/oven.symbols: lid_open is gone due to {CVE}", f"Fix {CVE}", f"Lock the door, mitigating {CVE}"]

    assert claims_in(changes) == {CVE: Stance.FIXED}


def test_a_new_upstream_version_has_what_patches_did() -> None:
    assert claims_in(["New upstream release", f"Drop {CVE}.patch"]) == {CVE: Stance.FIXED}


def test_old_and_lower_case_ids_are_ids() -> None:
    assert named_in("CAN-2004-0001, cve-2020-1234 and CVE-2020-1234") == ["CVE-2004-0001", CVE]


def test_what_is_no_id_is_none() -> None:
    assert named_in("CVE-20-1, CVE-2020-12, CVE-2020-12345678, MYCVE-2020-1234") == []


def test_only_what_is_fixed_or_harmless_is_settled() -> None:
    assert [stance for stance in Stance if stance.is_settled] == [Stance.FIXED, Stance.NOT_AFFECTED]


def test_without_an_id_a_fix_is_claimed_by_its_verb() -> None:
    assert claims_fix("Prevent a buffer overflow")
    assert not claims_fix("Security upload")
    assert not claims_fix("Revert the fix of CVE-2020-1234")
