"""How many examples the property tests try: all with `--hypothesis-profile=full`, a fifth of them without it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

FULL_EXAMPLES, QUICK_EXAMPLES = 100, 20
"""How many are tried where the test does not say how many are worth it."""


def register_profiles() -> None:
    """Have Hypothesis know the profiles `quick`, which it goes by, and `full`, for its option `--hypothesis-profile`.

    The option is obeyed after the conftests were imported, and before the tests are.
    """
    # How long an example takes says how busy the machine is.
    unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("full", unhurried, max_examples=FULL_EXAMPLES)
    settings.register_profile("quick", unhurried, max_examples=QUICK_EXAMPLES)
    settings.load_profile("quick")


def examples(number: int) -> int:
    """Return how many examples are tried where `number` are worth it: as many, or as large a part as of all others."""
    return max(1, number * settings().max_examples // FULL_EXAMPLES)
