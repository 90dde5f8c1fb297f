"""The torture as a program: `python -X dev -m tests.torture --seed 1 --seconds 60`; a problem makes it exit with 1."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys

from tests.torture.problems import Listener
from tests.torture.torture import Torture


def main() -> int:
    """Run the torture and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds after which something counts as stuck")
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.seconds + 20 * options.patience, exit=True)
    torture = Torture(options.seed, options.patience)
    logging.captureWarnings(capture=True)
    logging.getLogger().addHandler(Listener(torture.problems))
    torture.run(options.seconds)
    lines = [f"seed {options.seed}: {dict(torture.counts)}", *(f"PROBLEM {each}" for each in torture.problems.found)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if torture.problems.found else 0


if __name__ == "__main__":
    sys.exit(main())
