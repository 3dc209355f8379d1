"""A comparison as an HTML report."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from core.explain import html
from core.explain.comparison import Comparison
from core.explain.methods import METHODS
from core.records.explanations import Circle, Style
from core.thumbnails import data_url
from tests.support.explaining import make_comparison, make_explanation, make_two_rows


class Outline(HTMLParser):
    """Texts, images and everything that could lead outside."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.images: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.addresses += [values[name] or "" for name in ("src", "href") if name in values]
        if tag == "img":
            self.images.append((values["alt"] or "", values["src"] or ""))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data)


@pytest.fixture
def comparison() -> Comparison:
    return make_comparison(
        style=Style("viridis", 0.5, Circle(0.25, 0.75, 0.25)),
        **{"Capture": "<b>id</b>", "Model SHA-256": "ab" * 32, "Date": "2026-02-14 12:00:00 UTC"},
    )


def test_the_report_tells_everything(comparison: Comparison) -> None:
    texts = Outline(html.render(comparison)).texts
    assert "Why 14 Stop and 1 Speed limit 30 km/h?" in texts
    assert "Maps for 14 Stop and 1 Speed limit 30 km/h" in texts
    assert "Adversarial: 14 Stop · 75.0%" in texts
    assert "Clean: 1 Speed limit 30 km/h · 50.0%" in texts
    # The circle of radius 0.5 pixels around the lower left pixel holds 2 of 7, and 1 of 4.
    assert (
        "Map for 14 Stop (75.0%) · 71% outside the circle · completeness residual 1.5e-07"
    ) in texts
    assert (
        "Map for 1 Speed limit 30 km/h (75.0%) · 75% outside the circle · "
        "completeness residual 1.5e-07"
    ) in texts
    rows = " ".join(texts)
    assert "Pixels +3.000 +3.000 Last layer -0.500 -0.500" in rows
    assert "All together: the logit +2.500 +2.500" in rows
    assert "Viridis, opacity 50%" in texts
    assert "centre 25% from the left and 75% from the top, radius 25% of the shorter side" in texts
    assert "Red: more in the adversarial image; blue: more in the clean one" in texts
    assert METHODS["fullgrad"].source in texts
    for value in ("<b>id</b>", "ab" * 32, "2026-02-14 12:00:00 UTC"):
        assert value in texts


def test_the_report_needs_nothing_else(comparison: Comparison) -> None:
    document = html.render(comparison)
    outline = Outline(document)
    assert not {"script", "link", "iframe", "object"} & set(outline.tags)
    assert all(each.startswith("data:image/png;base64,") for each in outline.addresses)
    assert "default-src 'none'" in document
    assert not re.search(r"https?://", document)
    assert "<b>id</b>" not in document  # what came from outside is text, not markup


def test_the_report_carries_the_images(comparison: Comparison) -> None:
    images = Outline(html.render(comparison)).images
    assert [alt for alt, _ in images] == [
        "Image of the adversarial image",
        "Overlay of the adversarial image",
        "Map of the adversarial image",
        "Image of the clean image",
        "Overlay of the clean image",
        "Map of the clean image",
        "Signed difference of the two maps",
    ]
    shown = [pixels for _, pixels in comparison.panels(comparison.sides[1], 0)]
    assert [src for _, src in images[3:6]] == [data_url(pixels) for pixels in shown]


def test_every_row_of_the_report_has_its_own_images() -> None:
    comparison = make_two_rows()
    texts = Outline(html.render(comparison)).texts
    first, second = (
        texts.index(f"Maps for {name}") for name in ("14 Stop", "2 Speed limit 50 km/h")
    )
    rows = " ".join(texts[first:second]), " ".join(texts[second:])
    for row, map_for, parts in zip(
        rows,
        ("14 Stop (75.0%)", "2 Speed limit 50 km/h (12.5%)"),
        ("Pixels +3.000 +3.000 Last layer -0.500 -0.500", "Pixels +1.000 +1.000 Last layer +0.500"),
        strict=True,
    ):
        assert row.count(f"Map for {map_for} ·") == 2
        assert parts in row
    sources = [source for _, source in Outline(html.render(comparison)).images]
    expected: list[str] = []
    for row in range(2):
        for side in comparison.sides:
            expected += [data_url(pixels) for _, pixels in comparison.panels(side, row)]
        change = comparison.difference_panel(row)
        assert change is not None
        expected.append(data_url(change))
    assert sources == expected
    assert len(set(sources)) == 1 + 4 + 4 + 2  # one image, and maps, overlays, differences


def test_a_image_alone_has_no_difference(comparison: Comparison) -> None:
    alone = replace(comparison, sides=comparison.sides[:1])
    outline = Outline(html.render(alone))
    assert len(outline.images) == 3
    assert "Difference of the maps" not in outline.texts
    assert "Why 14 Stop?" in outline.texts


def test_a_method_without_parts_has_no_table_of_them(comparison: Comparison) -> None:
    bare = make_explanation([[1.0]], contributions={}, residual=None)
    sides = tuple(replace(side, explanations=(bare,)) for side in comparison.sides)
    texts = Outline(html.render(replace(comparison, sides=sides))).texts
    assert "Contribution by layer, in logits" not in texts
    assert not any("residual" in text for text in texts)
