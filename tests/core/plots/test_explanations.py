"""Explanations -> figures: what the maps and charts show."""

import base64

import numpy as np
import pytest

from core.explain.layers import readable_layer
from core.images import decode
from core.plots import explanations
from core.plots.base import ALARM, ORDINARY
from core.records.explanations import Circle, Style
from core.thumbnails import enlarged
from tests.support.images import noise


def test_a_heat_map_is_in_percent_of_the_common_scale() -> None:
    saliency = np.array([[0.0, 1.0], [2.0, 4.0]])
    figure = explanations.heat_map(noise(8, 8), saliency, largest=8.0)
    plain, under, heat = figure.data
    assert plain.source == under.source
    shown = decode(base64.b64decode(plain.source.removeprefix("data:image/png;base64,")))
    assert np.array_equal(shown, enlarged(noise(8, 8)))
    assert np.array_equal(heat.z, [[0, 12.5], [25, 50]])
    assert (heat.zmin, heat.zmax) == (0, 100)
    assert (heat.x0, heat.dx, heat.y0, heat.dy) == (64, 128, 64, 128)


def test_the_heat_lies_over_the_image_and_not_beside_it() -> None:
    figure = explanations.heat_map(noise(10, 20), np.ones((5, 10)), largest=1.0)
    heat = figure.data[2]
    height, width = enlarged(noise(10, 20)).shape[:2]
    assert heat.x0 - heat.dx / 2 == 0
    assert heat.x0 + (10 - 0.5) * heat.dx == width
    assert heat.y0 - heat.dy / 2 == 0
    assert heat.y0 + (5 - 0.5) * heat.dy == height
    assert list(figure.layout.yaxis2.range) == [height, 0]
    assert list(figure.layout.xaxis2.range) == [0, width]


def test_the_map_alone_beside_the_overlay() -> None:
    saliency = np.array([[0.0, 1.0], [2.0, 4.0]])
    style = Style("viridis", 0.5)
    figure = explanations.heat_map(noise(8, 8), saliency, largest=4.0, style=style, beside="map")
    image, over, alone = figure.data
    assert image.type == "image"
    assert np.array_equal(over.z, alone.z)
    assert over.colorscale[-1] == (1.0, "rgba(253,231,37,0.500)")
    assert alone.colorscale[-1] == (1.0, "rgba(253,231,37,1.000)")
    assert over.colorscale[0][1].endswith(",0.000)")
    assert (over.showscale, alone.showscale) == (False, True)


def test_the_circle_is_drawn_where_it_is() -> None:
    style = Style(circle=Circle(0.25, 0.5, 0.5))
    figure = explanations.heat_map(
        noise(64, 128), np.ones((64, 128)), largest=1.0, style=style, beside="map", circle=True
    )
    assert len(figure.layout.shapes) == 4  # a white line on a dark one, on overlay and map
    for shape in figure.layout.shapes:
        assert (shape.x0, shape.x1, shape.y0, shape.y1) == (0, 128, 0, 128)  # enlarged twice


def test_a_large_image_is_reduced_for_the_figure() -> None:
    figure = explanations.heat_map(noise(600, 1200), np.ones((512, 256)), largest=1.0)
    shown = decode(base64.b64decode(figure.data[0].source.partition(",")[2]))
    assert shown.shape == (256, 512, 3)


def test_a_difference_is_drawn_around_zero() -> None:
    change = np.array([[2.0, -1.0], [0.0, 4.0]])
    figure = explanations.signed_difference(noise(8, 8), change, largest=4.0)
    _, heat = figure.data
    assert np.array_equal(heat.z, [[50, -25], [0, 100]])
    assert (heat.zmin, heat.zmax) == (-100, 100)
    scale = dict(heat.colorscale)
    assert scale[0.0] == "rgba(33,102,172,1.000)"  # blue: less
    assert scale[1.0] == "rgba(178,24,43,1.000)"  # red: more
    assert scale[0.5].endswith(",0.000)")


def test_contributions_stand_in_forward_order_beside_each_other() -> None:
    figure = explanations.contributions(
        {
            "Adversarial": {"input": 1.5, "bn1": -0.5, "fc": 2.0},
            "Clean": {"input": 1.0, "bn1": 0.5, "fc": 0.25},
        }
    )
    first, second = figure.data
    assert list(first.y) == ["Pixels", "First BatchNorm", "Last layer"]
    assert (first.name, list(first.x)) == ("Adversarial", [1.5, -0.5, 2.0])
    assert (second.name, list(second.x)) == ("Clean", [1.0, 0.5, 0.25])
    assert (first.marker.color, second.marker.color) == (ALARM, ORDINARY)
    assert list(first.customdata) == ["input", "bn1", "fc"]
    assert figure.layout.yaxis.autorange == "reversed"


def test_a_layer_that_one_image_lacks_has_no_bar_there() -> None:
    parts = {"Adversarial": {"input": 1.5, "fc": 2.0}, "Clean": {"input": 1.0, "bn1": 0.5}}
    first, second = explanations.contributions(parts).data
    assert list(first.y) == list(second.y) == ["Pixels", "Last layer", "First BatchNorm"]
    assert (list(first.x), list(second.x)) == ([1.5, 2.0, 0.0], [1.0, 0.0, 0.5])


def test_an_image_alone_is_not_red() -> None:
    (bars,) = explanations.contributions({"Image": {"input": 1.5}}).data
    assert bars.marker.color == ORDINARY


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("input", "Pixels"),
        ("layer2.0.bn1", "Stage 2, block 1: BatchNorm 1"),
        ("layer3.1.downsample.1", "Stage 3, block 2: shortcut"),
        ("fc", "Last layer"),
        ("features.10", "Feature layer 10"),
        ("classifier.6", "Classifier layer 6"),
        ("classifier", "Last layer"),
        ("blocks.3.norm", "blocks.3.norm"),
    ],
)
def test_layers_have_readable_names(path: str, name: str) -> None:
    assert readable_layer(path) == name
