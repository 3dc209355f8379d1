"""The scripts for boto3 in the documents, run as they stand against a running dashboard."""

import json
import subprocess
import sys
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Printed:
    """What both scripts printed. clean, adversarial: images that were sent before each; stops: of
    the clean ones, how many were predicted as Stop."""

    readme: list[str]
    guide: list[str]
    clean: int
    stops: int
    adversarial: int


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """The README's script after clean traffic and a run, then the guide's."""
    folder = tmp_path_factory.mktemp("boto3")
    (folder / "data").mkdir()
    (folder / "data" / "samples").symlink_to(SAMPLES)
    guide = Document(ROOT / "docs" / "guides" / "sagemaker.md")
    (command,) = [line for line in guide.commands() if line.endswith("--out adversarial")]
    words = command.split()
    assert words[:3] == ["python", "-m", "core"]
    with running_dashboard(folder) as dashboard:
        sent = dashboard.run("replay", "--data", str(SAMPLES), "--count", "8", "--json")
        assert sent.returncode == 0, sent.stderr
        assert dashboard.run("monitor", "run").returncode == 0
        readme = run(script_of("README.md"), dashboard, folder)
        made = dashboard.run(*words[3:-1], str(folder / "adversarial"))
        assert made.returncode == 0, made.stderr
        images = list((folder / "adversarial").glob("*/*.png"))
        return Printed(
            readme,
            run(script_of("docs/guides/sagemaker.md"), dashboard, folder),
            8,
            json.loads(sent.stdout)["counts"].get("14", 0),
            len(images),
        )


def test_the_script_of_the_readme_asks_and_lists(printed: Printed) -> None:
    answer, listed = printed.readme
    assert answer == "14 Stop"
    assert listed.endswith(" Completed")


def test_the_script_of_the_guide_finds_the_attack(printed: Printed) -> None:
    counts, status, message, violations = printed.guide
    assert printed.adversarial > 25
    assert counts == f"Counter({{14: {printed.adversarial}}})"
    assert status == "CompletedWithViolations"
    stops = printed.adversarial + printed.stops + 1  # one sent by the README's script
    share = stops / (printed.adversarial + printed.clean + 1)
    description = f"Class 14 predicted {share:.2%} of the time: Exceeded 50.00% threshold"
    assert message == f"CompletedWithViolations: {description}"
    expected = [
        {
            "feature_name": "PredictedClass",
            "constraint_check_type": "baseline_drift_check",
            "description": description,
        }
    ]
    assert violations == str(expected)
