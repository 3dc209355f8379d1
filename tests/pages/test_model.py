"""Model: what serves, how it was trained, what was measured."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.model.classifier import Classifier
from core.model.suspicion.calibration import ANEW
from core.services import Services
from core.settings import Settings
from tests.conftest import random_classifier
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, charts, metrics, values
from tests.support.records import make_capture, make_image, make_prediction
from tests.support.reports import make_detection, make_quality, make_report

UNMEASURED = Alert(
    "info",
    "",
    "No figures came with these weights. `python -m core evaluate` measures them.",
)
UNREPORTED = Alert(
    "info",
    "",
    "Accuracy under attacks and corruptions was not measured yet. `python -m core attack "
    "--report` measures it.",
)
UNEXPLAINED = Alert(
    "info",
    "",
    "The quality of its heat maps was not measured yet. `python -m core explain --evaluate "
    "--data PATH` measures it.",
)
UNDETECTED = Alert(
    "info",
    "",
    "The detection of suspicious predictions was not measured yet. `python -m core model detect "
    "--data PATH` measures it.",
)
RECIPE = {"epochs": 30, "data": "gtsrb32"}
FIGURES = {"held_out": {"accuracy": 0.99312, "macro_f1": 0.98765, "ece": 0.00432, "images": 7_891}}


def test_weights_without_figures_say_how_to_measure_them(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("model")
    assert alerts(at) == [UNMEASURED, UNREPORTED, UNEXPLAINED, UNDETECTED]
    assert not charts(at)
    assert not at.metric
    manifest = signwatch.model.manifest
    assert values(at.markdown)[0] == ("**resnet18**, 43 classes, input 32 x 32 pixels.")
    assert values(at.caption)[1:] == [f"Weights SHA-256 {manifest.sha256}, temperature 1.500"]


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
        "Measured on tracks used neither for training nor for calibration."
    )


def test_the_recipe(page: AppTest) -> None:
    (table,) = page.table
    assert table.value.iloc[:, 0].to_dict() == {"epochs": "30", "data": "gtsrb32"}


def test_a_missing_calibration_is_reported(page: AppTest) -> None:
    folder = Settings.from_environment().model
    assert alerts(page) == [
        Alert(
            "warning",
            "",
            f"No p-values, only the trust rule flags: {folder} holds no "
            f"suspicion.safetensors; {ANEW}.",
        ),
        UNREPORTED,
        UNEXPLAINED,
        UNDETECTED,
    ]


def test_a_report_of_these_weights_is_shown(measured: Classifier, open_page: OpenPage) -> None:
    make_report(measured.manifest.sha256).write(Settings.from_environment().model)
    page = open_page("model")
    assert sorted(each.kind for each in alerts(page)) == ["info", "info", "warning"]
    assert list(charts(page)) == ["budgets", "corruptions"]
    pgd, strongest = charts(page)["budgets"]["data"]
    assert (pgd["name"], strongest["name"]) == ("PGD", "AutoAttack-lite")
    assert [line["name"] for line in charts(page)["corruptions"]["data"]] == ["Noise", "Fog"]
    assert values(page.caption)[1:4] == [
        "Measured on 2026-11-21 with 100 images of gtsrb32 (held-out), drawn evenly over the "
        "classes. Attacked images are rounded to 8 bit.",
        "91 of 96 images of other signs are predicted as 14 Stop after PGD with 8/255.",
        "Worst: Fog at severity 5.",
    ]
    (table,) = page.dataframe
    assert table.value.to_dict("records") == [
        {
            "class": "1 Speed limit 30 km/h",
            "clean": 100,
            "attacked": 500 / 60,
            "corrupted": 35,
            "images": 60,
        },
        {"class": "14 Stop", "clean": 97.5, "attacked": 0, "corrupted": 25, "images": 40},
    ]


def test_a_report_of_other_weights_is_named_and_not_shown(
    measured: Classifier, open_page: OpenPage
) -> None:
    make_report("0123456789abcdef" * 4).write(Settings.from_environment().model)
    page = open_page("model")
    assert alerts(page)[1] == Alert(
        "warning",
        "",
        "The report of 2026-11-21 belongs to other weights (0123456789ab), so it is not shown. "
        "`python -m core attack --report` measures it.",
    )
    assert not charts(page) and not page.dataframe


def test_a_damaged_report_is_named(measured: Classifier, open_page: OpenPage) -> None:
    file = Settings.from_environment().model / "robustness.json"
    file.write_text("{}")
    page = open_page("model")
    assert alerts(page)[0] == Alert(
        "error",
        "",
        f"{file} holds no robustness report ('budgets'); `python -m core attack --report` makes it "
        "anew",
    )
    assert values(page.subheader) == [
        "Robustness",
        "Quality of explanations",
        "Detection of attacks",
        "Training",
        "Limits",
    ]


def test_figures_of_explanations_are_shown(measured: Classifier, open_page: OpenPage) -> None:
    make_quality(measured.manifest.sha256).write(Settings.from_environment().model)
    page = open_page("model")
    shown = metrics(page)
    assert [(name, shown[name][0]) for name in list(shown)[4:]] == [
        ("Completeness residual", "3e-05"),
        ("Maximum on the sign", "98.5%"),
        ("Deletion moves the score", "7.1%"),
        ("Correlation when untrained", "0.13"),
    ]
    assert (
        "FullGrad, measured on 2026-11-22 with 120 images of gtsrb32 (held-out), 40 physical signs."
    ) in values(page.caption)
    assert any("rank correlation of 0.43" in text for text in values(page.caption))
    assert UNEXPLAINED not in alerts(page)


def test_figures_without_boxes_have_no_pointing_game(
    measured: Classifier, open_page: OpenPage
) -> None:
    quality = replace(make_quality(measured.manifest.sha256), localisation=None, fold="all")
    quality.write(Settings.from_environment().model)
    page = open_page("model")
    assert len(metrics(page)) == 4 + 3
    assert any("images of gtsrb32, 40 physical" in text for text in values(page.caption))


def test_figures_of_other_weights_are_named_and_not_shown(
    measured: Classifier, open_page: OpenPage
) -> None:
    make_quality("0123456789abcdef" * 4).write(Settings.from_environment().model)
    page = open_page("model")
    assert Alert(
        "warning",
        "",
        "The report of 2026-11-22 belongs to other weights (0123456789ab), so it is not shown. "
        "`python -m core explain --evaluate --data PATH` measures it.",
    ) in alerts(page)
    assert len(metrics(page)) == 4


def test_what_the_calibration_promises_is_shown(open_page: OpenPage) -> None:
    captions = values(open_page("model").caption)
    (caption,) = (text for text in captions if text.startswith("Suspicion is calibrated on "))
    assert caption.startswith(
        "Suspicion is calibrated on 400 clean images of 400 physical signs. Of images like these, "
    )
    assert " are flagged by a p-value of 0.01 or less; of as many new signs, 0." in caption


def test_figures_of_suspicion_are_shown(measured: Classifier, open_page: OpenPage) -> None:
    make_detection(measured.manifest.sha256).write(Settings.from_environment().model)
    page = open_page("model")
    assert (
        "Measured on 2026-11-23 with gtsrb32 (held-out). Of 2,000 clean images of 190 physical "
        "signs, 1.05% are flagged at 1 % (95 % confidence interval by track: 0.6% to 1.8%). "
        "Attacked images are rounded to 8 bit. In brackets: 95 % confidence intervals by track."
    ) in values(page.caption)
    assert (
        "An adaptive attacker can evade detection: of 25 images, 23 were misclassified without a "
        "flag."
    ) in values(page.caption)
    assert page.table[0].value.iloc[0].to_list() == [
        "PGD 8/255",
        "98",
        "0.993",
        "0.312",
        "76% (72 to 78%)",
        "78% (74 to 80%)",
    ]
    assert UNDETECTED not in alerts(page)


def test_a_calibration_that_no_longer_fits_is_reported(
    signwatch: Services, open_page: OpenPage
) -> None:
    image = make_image()
    captures = [
        make_capture(
            image,
            prediction=make_prediction(p_value=0.02),
            model_sha256=signwatch.model.sha256,
        )
        for _ in range(200)
    ]
    signwatch.log.append(captures, [image])
    (warning,) = (each for each in alerts(open_page("model")) if each.kind == "warning")
    assert warning.text.startswith(
        "Suspicion's calibration no longer fits the traffic: of the latest 200 unflagged "
        "predictions, 100% have a p-value up to 0.02, where 1% are expected. "
    )
