"""Print what a supervised step costs: `python -m benchmarks`."""

from __future__ import annotations

import asyncio
import platform
import sys

from benchmarks.steps import metrics_cost, step_costs


async def _main() -> None:
    version = platform.python_version()
    print(f"CPython {version}; medians of alternating repetitions; yardstick: a task and an asyncio.timeout a step")
    print(f"{'':<58} {'yardstick':>11} {'mixmode':>11}   ratio")
    for metrics in (False, True):
        async for comparison in step_costs(metrics=metrics):
            print(comparison, flush=True)
    print(await metrics_cost())


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
