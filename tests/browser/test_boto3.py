"""The README's script for boto3, run as it stands against a running dashboard."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import ROOT, environment, running_dashboard

pytestmark = pytest.mark.browser


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text()
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    return [block for kind, block in found if kind == language]


def test_the_script_of_the_readme_finds_the_attack(tmp_path: Path) -> None:
    (script,) = [block for block in blocks("python") if "boto3.client" in block]
    (command,) = [block for block in blocks("") if "--out adversarial" in block]
    words = command.split()
    assert words[:3] == ["python", "-m", "core"]
    assert script.count("http://localhost:8501") == 1
    with running_dashboard(tmp_path) as dashboard:
        made = dashboard.run(*words[3:-1], str(tmp_path / "adversarial"))
        assert made.returncode == 0, made.stderr
        images = list((tmp_path / "adversarial").glob("*/*.png"))
        assert len(images) > 50
        done = subprocess.run(
            [sys.executable, "-c", script.replace("http://localhost:8501", dashboard.url)],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    counts, status, message, violations = done.stdout.splitlines()
    assert counts == f"Counter({{14: {len(images)}}})"
    assert status == "CompletedWithViolations"
    description = "Class 14 predicted 100.00% of the time: Exceeded 50.00% threshold"
    assert message == f"CompletedWithViolations: {description}"
    expected = [
        {
            "feature_name": "PredictedClass",
            "constraint_check_type": "baseline_drift_check",
            "description": description,
        }
    ]
    assert violations == str(expected)
