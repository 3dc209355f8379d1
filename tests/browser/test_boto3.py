"""The scripts for boto3 in the documents, run as they stand against a running dashboard."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.samples import SAMPLES
from core.settings import ROOT
from tests.browser.conftest import Dashboard, environment, running_dashboard
from tests.support.documents import Document

pytestmark = pytest.mark.browser


def script_of(name: str) -> str:
    """The one script of a document."""
    (script,) = [
        block for block in Document(ROOT / name).blocks("python") if "boto3.client" in block
    ]
    assert script.count("http://localhost:8501") == 1
    return script


def run(script: str, dashboard: Dashboard, folder: Path) -> list[str]:
    """The lines that a script prints in a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script.replace("http://localhost:8501", dashboard.url)],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_script_of_the_readme_asks_and_lists(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "samples").symlink_to(SAMPLES)
    with running_dashboard(tmp_path) as dashboard:
        sent = dashboard.run("replay", "--data", str(SAMPLES), "--count", "8")
        assert sent.returncode == 0, sent.stderr
        assert dashboard.run("monitor", "run").returncode == 0
        answer, listed = run(script_of("README.md"), dashboard, tmp_path)
    assert answer == "14 Stop"
    assert listed.endswith(" Completed")


def test_the_script_of_the_guide_finds_the_attack(tmp_path: Path) -> None:
    guide = Document(ROOT / "docs" / "guides" / "sagemaker.md")
    (command,) = [line for line in guide.commands() if line.endswith("--out adversarial")]
    words = command.split()
    assert words[:3] == ["python", "-m", "core"]
    with running_dashboard(tmp_path) as dashboard:
        made = dashboard.run(*words[3:-1], str(tmp_path / "adversarial"))
        assert made.returncode == 0, made.stderr
        images = list((tmp_path / "adversarial").glob("*/*.png"))
        assert len(images) > 50
        printed = run(script_of("docs/guides/sagemaker.md"), dashboard, tmp_path)
    counts, status, message, violations = printed
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
