"""The program starts where the system offers less than Linux does."""

import subprocess
import sys
from pathlib import Path

from tests.browser.conftest import running_dashboard

# Python runs it before anything else.
LIKE_MACOS = "import os\n\nos.__dict__.pop('sched_getaffinity', None)\n"


def test_it_starts_without_affinity_as_on_macos(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(LIKE_MACOS)
    env = {"PYTHONPATH": str(tmp_path)}
    seen = subprocess.run(
        [sys.executable, "-c", "import os; print(hasattr(os, 'sched_getaffinity'))"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout == "False\n"
    with running_dashboard(tmp_path, **env):
        pass  # /ping answered: the model computes, the log takes writes
