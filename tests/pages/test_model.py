"""Model: what serves, how it was trained, what was measured."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.services import Services
from core.vision.classifier import Classifier
from tests.conftest import random_classifier
from tests.pages.conftest import OpenPage
from tests.pages.elements import Alert, alerts, metrics, values

UNMEASURED = Alert(
    "info", "",
    "These weights came without measured figures; `python -m core evaluate` measures them.",
)  # fmt: skip
RECIPE = {"epochs": 30, "data": "gtsrb32"}
FIGURES = {"held_out": {"accuracy": 0.99312, "macro_f1": 0.98765, "ece": 0.00432, "images": 7_891}}


def test_weights_without_figures_say_how_to_measure_them(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("model")
    assert alerts(at) == [UNMEASURED]
    assert not at.metric
    manifest = signwatch.predictor.classifier.manifest
    assert values(at.markdown)[0] == (
        "**resnet18**, 43 classes, sees every picture at 32 x 32 pixels."
    )
    assert values(at.caption) == [f"Weights SHA-256 {manifest.sha256}, temperature 1.500"]


@pytest.fixture
def measured(tmp_path: Path, environment: pytest.MonkeyPatch) -> Classifier:
    """The model in force: with recipe and figures, without a suspicion calibration."""
    classifier = random_classifier()
    classifier.manifest = replace(classifier.manifest, recipe=RECIPE, figures=FIGURES)
    environment.setenv("SIGNWATCH_MODEL", str(tmp_path / "measured"))
    return classifier.save(tmp_path / "measured")


@pytest.fixture
def page(measured: Classifier, open_page: OpenPage) -> AppTest:
    return open_page("model")


def test_measured_figures(page: AppTest) -> None:
    assert metrics(page) == {
        "Accuracy": ("99.31%", ""),
        "Macro F1": ("0.9877", ""),
        "Calibration error (ECE)": ("0.0043", ""),
        "Held-out images": ("7,891", ""),
    }
    assert values(page.caption)[0] == (
        "Measured on tracks that were used neither for training nor for calibration."
    )


def test_the_recipe(page: AppTest) -> None:
    (table,) = page.table
    assert table.value.iloc[:, 0].to_dict() == {"epochs": "30", "data": "gtsrb32"}


def test_without_a_calibration_the_weaker_flag_is_admitted(page: AppTest) -> None:
    assert alerts(page) == [
        Alert(
            "warning", "",
            "No suspicion calibration beside these weights, so only the trust rule flags.",
        )
    ]  # fmt: skip
