"""The model card: every figure of manifest and report, in plain Markdown."""

from dataclasses import replace
from pathlib import Path

from core.evaluation.model_card import render, write_card
from core.model.manifest import Manifest
from tests.support.reports import SHA256, make_detection, make_quality, make_report

MANIFEST = Manifest(
    "resnet18",
    64,
    (0.3, 0.3, 0.3),
    (0.2, 0.2, 0.2),
    ("Slow", "Stop"),
    1.25,
    SHA256,
    recipe={"epochs": 40, "data": "gtsrb32"},
    figures={
        "held_out": {
            "accuracy": 0.99607,
            "macro_f1": 0.98801,
            "ece": 0.00198,
            "images": 5850,
            "data": "gtsrb32",
            "fold": "held-out",
        }
    },
)


def test_it_has_the_parts_of_a_model_card() -> None:
    lines = render(MANIFEST, make_report(), make_quality()).splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# resnet18, 2 traffic signs",
        "## Intended use",
        "## Data and recipe",
        "## Held-out figures",
        "## Robustness",
        "### Accuracy against budget (L-infinity)",
        "### Accuracy by corruption and severity",
        "### Correctly classified images, by class",
        "## Explanations",
        "### Maps of networks with random layers",
        "## Suspicion",
        "## Limits",
    ]


def test_every_figure_stands_in_it() -> None:
    card = render(MANIFEST, make_report(), make_quality(), make_detection())
    for line in (
        f"Resizes every image to 64 x 64 pixels. Weights SHA-256 `{SHA256}`, temperature 1.250.",
        "| epochs | 40 |",
        "| accuracy | 0.9961 |",
        "| macro F1 | 0.9880 |",
        "| expected calibration error | 0.0020 |",
        "| images | 5,850 of gtsrb32, held-out |",
        "| attack | none | 1/255 | 2/255 | 4/255 | 8/255 | 16/255 |",
        "| PGD | 99.0% | 80.0% | 50.0% | 20.0% | 5.0% | 0.0% |",
        "| AutoAttack-lite | 99.0% | 75.0% | 40.0% | 10.0% | 1.0% | 0.0% |",
        "- AutoAttack-lite: steps 25, candidates 2, queries 200",
        "PGD to 14 Stop at 8/255 (steps 50): 91 of 96 images are predicted as it after rounding to "
        "8 bit, 93 before.",
        "| Fog | 97.0% | 90.0% | 80.0% | 60.0% | 31.0% |",
        "| class | images | clean | PGD 8/255 | Fog at severity 5 |",
        "| 14 Stop | 40 | 39 | 0 | 10 |",
        "| completeness residual, worst, float32 | 2.6e-05 |",
        "| completeness residual, worst, float64 | 3.4e-14 |",
        "| pointing game, in the sign's box | 0.985 (0.961 to 1.000) |",
        "| energy in the box, which covers 0.568 | 0.742 (0.731 to 0.750) |",
        "| deletion moves the logit by, FullGrad | 0.071 |",
        "| deletion moves the logit by, input x gradient | 0.139 |",
        "| deletion moves the logit by, at random | 0.403 |",
        "| deletion moves the logit by, by distance from the middle | 0.057 |",
        "| less than random deletion by | 0.332 (0.300 to 0.360) |",
        "| less than input x gradient by | 0.068 (0.050 to 0.080) |",
        "| all parameters random, rank correlation, signed | 0.030 |",
        "| all parameters random, rank correlation, specific | 0.130 |",
        "| all parameters random, rank correlation, as shown | 0.430 |",
        "| random down to | signed | specific | as shown | another image's |",
        "| fc | 0.61 | 0.74 | 0.93 | 0.55 |",
        "| conv1 | 0.03 | 0.13 | 0.43 | 0.44 |",
        "| PGD 8/255 | 98 | 0.993 | 0.312 | 76% (72 to 78%) | 78% (74 to 80%) |",
        "| adaptive PGD 8/255 | 24 | 0.501 | 0.402 | 4% (0 to 6%) | 4% (0 to 6%) |",
        "An adaptive attacker can evade detection: of 25 images, 23 were misclassified without a "
        "flag.",
    ):
        assert line in card.splitlines()
    for sentence in (
        "intervals are 95 % intervals over 40 tracks.",
        "Deletion: the 30% of the pixels with the smallest values become the mean colour",
        "Measured on 2026-11-23 with gtsrb32, held-out, seed 7. Of 2,000 clean images of 190 "
        "physical signs, 1.05% are flagged at 1 % (95 % confidence interval by track: 0.6% to "
        "1.8%).",
    ):
        assert sentence in card
    assert (
        "Measured on 2026-11-21 with 100 images of gtsrb32, held-out, drawn evenly over the "
        "classes with seed 7."
    ) in card


def test_all_images_are_of_no_fold() -> None:
    reports = (make_report(), make_quality(), make_detection())
    card = render(MANIFEST, *(replace(each, fold="all") for each in reports))
    for sentence in (
        "Measured on 2026-11-21 with 100 images of gtsrb32, drawn evenly",
        "Measured on 2026-11-22 with 120 images of gtsrb32, drawn evenly",
        "Measured on 2026-11-23 with gtsrb32, seed 7.",
    ):
        assert sentence in card


def test_a_table_has_as_many_columns_in_every_line() -> None:
    for block in render(MANIFEST, make_report(), make_quality()).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_weights_without_recipe_and_figures_have_a_card_too() -> None:
    card = render(replace(MANIFEST, recipe={}, figures={}), make_report(), make_quality())
    assert "These weights came without a recipe." in card
    assert "These weights came without measured figures." in card


def test_without_boxes_there_is_no_pointing_game() -> None:
    card = render(MANIFEST, None, replace(make_quality(), localisation=None))
    assert "pointing game" not in card
    assert "| less than random deletion by | 0.332 (0.300 to 0.360) |" in card


def test_what_was_not_measured_is_named() -> None:
    card = render(MANIFEST, None, None)
    for command in (
        "attack --report",
        "explain --evaluate --data PATH",
        "model detect --data PATH",
    ):
        line = f"Not measured on these weights; `python -m core {command}` measures it."
        assert line in card.splitlines()


def test_it_is_written_beside_the_model_with_the_reports_of_its_weights(tmp_path: Path) -> None:
    make_report().write(tmp_path)
    make_quality("0" * 64).write(tmp_path)
    make_detection("0" * 64).write(tmp_path)
    path = write_card(MANIFEST, tmp_path)
    assert path == tmp_path / "README.md"
    assert path.read_text() == render(MANIFEST, make_report(), None)
    make_quality().write(tmp_path)
    make_detection().write(tmp_path)
    write_card(MANIFEST, tmp_path)
    whole = render(MANIFEST, make_report(), make_quality(), make_detection())
    assert path.read_text() == whole
