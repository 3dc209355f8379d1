"""The model card: every figure of manifest and report, in plain Markdown."""

from dataclasses import replace
from pathlib import Path

from core.model_card import render, write_card
from core.vision.manifest import Manifest
from tests.reports import SHA256, make_report

MANIFEST = Manifest(
    "resnet18", 64, (0.3, 0.3, 0.3), (0.2, 0.2, 0.2), ("Slow", "Stop"), 1.25, SHA256,
    recipe={"epochs": 40, "data": "gtsrb32"},
    figures={"held_out": {"accuracy": 0.99607, "macro_f1": 0.98801, "ece": 0.00198,
                          "images": 5850, "data": "gtsrb32", "fold": "held-out"}},
)  # fmt: skip


def test_it_has_the_parts_of_a_model_card() -> None:
    lines = render(MANIFEST, make_report()).splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# resnet18, 2 traffic signs", "## Intended use", "## Data and recipe",
        "## Held-out figures", "## Robustness", "### Accuracy against budget (L-infinity)",
        "### Accuracy by corruption and severity", "### Images read right, by class", "## Limits",
    ]  # fmt: skip


def test_every_figure_stands_in_it() -> None:
    card = render(MANIFEST, make_report())
    for line in (
        f"Sees every picture at 64 x 64 pixels. Weights SHA-256 `{SHA256}`, temperature 1.250.",
        "| epochs | 40 |",
        "| accuracy | 0.9961 |",
        "| macro F1 | 0.9880 |",
        "| expected calibration error | 0.0020 |",
        "| images | 5,850 of gtsrb32, held-out |",
        "| attack | none | 1/255 | 2/255 | 4/255 | 8/255 | 16/255 |",
        "| PGD | 99.0% | 80.0% | 50.0% | 20.0% | 5.0% | 0.0% |",
        "| AutoAttack-lite | 99.0% | 75.0% | 40.0% | 10.0% | 1.0% | 0.0% |",
        "- AutoAttack-lite: steps 25, candidates 2, queries 200",
        "PGD towards 14 Stop at 8/255 (steps 50): 91 of 96 images end there once saved, 93 before "
        "rounding.",
        "| Fog | 97.0% | 90.0% | 80.0% | 60.0% | 31.0% |",
        "| class | images | clean | PGD 8/255 | Fog at severity 5 |",
        "| 14 Stop | 40 | 39 | 0 | 10 |",
    ):
        assert line in card.splitlines()
    assert (
        "Measured on 2026-11-21 with 100 images of gtsrb32, held-out, drawn evenly over the "
        "classes with seed 7."
    ) in card


def test_a_table_has_as_many_cells_in_every_line() -> None:
    for block in render(MANIFEST, make_report()).split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_weights_without_recipe_and_figures_have_a_card_too() -> None:
    card = render(replace(MANIFEST, recipe={}, figures={}), make_report())
    assert "These weights came without a recipe." in card
    assert "These weights came without measured figures." in card


def test_it_is_written_beside_the_model(tmp_path: Path) -> None:
    path = write_card(MANIFEST, make_report(), tmp_path)
    assert path == tmp_path / "README.md"
    assert path.read_text() == render(MANIFEST, make_report())
