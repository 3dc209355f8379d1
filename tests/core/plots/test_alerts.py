"""The image of a message: bars where the figures say, red above the threshold."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from core.plots.alerts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, class_frequencies_png
from core.plots.base import ALARM, ORDINARY
from core.records.monitoring import WindowFigures
from core.records.window import Window
from tests.support.executions import STOPS
from tests.support.records import NOON


def drawn(counts: dict[int, int], threshold: float = 0.5) -> NDArray[np.uint8]:
    png = class_frequencies_png(
        WindowFigures(sum(counts.values()), counts, 0.9, 0, 0), Window(NOON, NOON), threshold
    )
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
        return np.asarray(image.convert("RGB"))


def bar(pixels: NDArray[np.uint8], place: int, classes: int = 43) -> tuple[str, float]:
    """Colour of the bar in that place, and its height in the chart, in [0, 1]."""
    x = round(LEFT + (place + 0.7) * (WIDTH - RIGHT - LEFT) / (classes + 0.4))
    column = pixels[TOP : HEIGHT - BOTTOM - 1, x].astype(int)
    for colour in (ALARM, ORDINARY):
        same = np.abs(column - ImageColor.getrgb(colour)).max(axis=1) < 12
        if same[-1]:
            return colour, int(np.argmin(same[::-1]) or len(same)) / len(same)
    return "", 0.0


def test_bars_are_as_high_as_the_shares_and_red_above_the_threshold() -> None:
    pixels = drawn(STOPS)
    top = 1.2 * 0.805
    colour, height = bar(pixels, 14)
    assert (colour, height) == (ALARM, pytest.approx(0.805 / top, abs=0.01))
    colour, height = bar(pixels, 1)
    assert (colour, height) == (ORDINARY, pytest.approx(0.1 / top, abs=0.01))
    assert bar(pixels, 20) == ("", 0.0)


def test_the_threshold_is_a_dashed_line_at_its_height() -> None:
    pixels = drawn({1: 1, 2: 1, 3: 1, 4: 1}, threshold=0.4)
    # 0.4 of 0.48, the top, between 96 below the upper and 64 above the lower edge.
    y = round(HEIGHT - 64 - 0.4 / 0.48 * (HEIGHT - 64 - 96))
    left = pixels[96 : HEIGHT - 64, 72:500].astype(int)  # without the text at the right end
    red = np.abs(left - ImageColor.getrgb(ALARM)).max(axis=2) < 60
    rows = np.flatnonzero(red.any(axis=1)) + 96
    assert abs(rows - y).max() <= 1
    assert red.any(axis=0).mean() == pytest.approx(8 / 14, abs=0.1)


def test_a_bar_below_the_threshold_is_not_red() -> None:
    assert bar(drawn({14: 5, 1: 5}, threshold=0.6), 14)[0] == ORDINARY


@pytest.mark.parametrize(("threshold", "colour"), [(0.5, ALARM), (0.9, "#1b2430")])
def test_title_axes_and_threshold_are_written(threshold: float, colour: str) -> None:
    """Something is drawn where text stands; the title is red above the threshold."""
    pixels = drawn(STOPS, threshold)
    title = pixels[20:46, 72:400].astype(int)
    assert (np.abs(title - ImageColor.getrgb(colour)).max(axis=2) < 12).any()
    line = HEIGHT - 64 - round(threshold / min(1, 1.2 * max(threshold, 0.805)) * (HEIGHT - 160))
    for name, place in {
        "predictions and window": pixels[54:72, 72:400],
        "shares": pixels[90:420, 20:62],
        "classes": pixels[422:438, 72:],
        "name of the axis": pixels[450:470, 450:600],
        "threshold": pixels[line - 18 : line - 7, 880:976],
    }.items():
        assert (place < 150).any(), name


def test_foreign_classes_stand_behind_ours() -> None:
    assert bar(drawn({1000: 9, 1: 1}), 43, classes=44)[0] == ALARM


@pytest.mark.parametrize(
    ("counts", "threshold"), [({}, 0.5), ({0: 1}, 1.0), (dict.fromkeys(range(500), 1), 0.001)]
)
def test_every_window_can_be_drawn(counts: dict[int, int], threshold: float) -> None:
    drawn(counts, threshold)
