"""The README's example runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_the_embedding_example_runs_and_fits_twenty_lines() -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None
    example = found.group(1)

    ran = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("pykka is an actor library\nsequential [sequential]")
    assert len([line for line in example.splitlines() if line.strip()]) <= 20  # what it promises
