"""Explain: adversarial beside clean on one scale, for the class that is asked for."""

import base64
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import heat_maps, samples
from core.images import Picture
from core.labels import class_name
from core.services import Services
from core.types import Provenance
from core.vision.fullgrad import outside_share
from tests.pages.conftest import OpenPage
from tests.pages.elements import Alert, alerts, charts, values
from tests.pages.traffic import predict, put_flagged, request
from tests.pictures import BAD, blocks, noise, saved
from tests.records import make_capture, make_image, make_unanswered

NOTHING_YET = Alert(
    "info", "Nothing to explain yet",
    "Choose or drop a picture to see what the classifier looked at.",
)  # fmt: skip
ADVERSARIAL, CLEAN = blocks(1), blocks(2)


@pytest.fixture
def captured(signwatch: Services) -> str:
    """A capture whose sender kept the clean picture beside it; its id."""
    reference = signwatch.keep_reference(Picture.from_pixels(CLEAN))
    return request(signwatch, ADVERSARIAL, Provenance("lab", 7, "deepfool", 14, reference))


def headings(at: AppTest) -> list[str]:
    """Prediction and confidence over each map."""
    return [text.removeprefix("#### ") for text in values(at.markdown) if text.startswith("####")]


def expected_heading(signwatch: Services, pixels: np.ndarray[Any, Any]) -> str:
    prediction = predict(signwatch, pixels)
    return f"{class_name(prediction.class_id)} · {prediction.confidence:.1%}"


def expected_captions(
    signwatch: Services, pixels: np.ndarray[Any, Any], class_id: int | None
) -> list[str]:
    (explanation,) = signwatch.explain([pixels], [class_id])
    return [
        f"Map for {class_name(explanation.class_id)}, "
        f"which the classifier gives {explanation.probability:.1%}.",
        f"Outside the middle circle (radius 0.4): {outside_share(explanation.map):.0%} of the map "
        f"· completeness residual {explanation.residual:.1e} (0 is exact)",
    ]


def heat_trace(at: AppTest, key: str) -> dict[str, Any]:
    """The heat map's part of a figure."""
    (trace,) = [each for each in charts(at)[key]["data"] if each["type"] == "heatmap"]
    return trace


def heat(at: AppTest, key: str) -> np.ndarray[Any, Any]:
    """What the heat map shows, in % of the strongest place of both."""
    z = heat_trace(at, key)["z"]
    shape = [int(n) for n in z["shape"].split(",")]
    return np.frombuffer(base64.b64decode(z["bdata"]), z["dtype"]).reshape(shape)


def test_a_capture_stands_beside_its_clean_picture(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    assert alerts(at) == []
    assert values(at.subheader) == ["Adversarial", "Clean"]
    assert headings(at) == [
        expected_heading(signwatch, ADVERSARIAL), expected_heading(signwatch, CLEAN),
    ]  # fmt: skip
    assert values(at.caption) == [
        f"Capture {captured}",
        *expected_captions(signwatch, ADVERSARIAL, None),
        *expected_captions(signwatch, CLEAN, None),
        "Both maps share one colour scale.",
    ]
    assert charts(at).keys() == {"map_adversarial", "map_clean"}


def test_both_maps_are_on_one_scale(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    first, second = signwatch.explain([ADVERSARIAL, CLEAN], [None, None])
    largest = heat_maps.common_scale([first.map, second.map])
    for key, explanation in (("map_adversarial", first), ("map_clean", second)):
        assert heat(at, key) == pytest.approx(100 * explanation.map / largest, abs=0.051)
        assert (heat_trace(at, key)["zmin"], heat_trace(at, key)["zmax"]) == (0, 100)


def test_the_map_of_the_true_class(open_page: OpenPage, signwatch: Services, captured: str) -> None:
    at = open_page("explain", capture=captured)
    chosen = at.segmented_control(key="explain_class")
    assert list(chosen.options) == ["Predicted class of each", "True class", "Another class"]
    chosen.select("True class").run()
    assert not at.exception
    assert values(at.caption)[1:5] == [
        *expected_captions(signwatch, ADVERSARIAL, 7), *expected_captions(signwatch, CLEAN, 7),
    ]  # fmt: skip
    assert headings(at)[0] == expected_heading(signwatch, ADVERSARIAL)  # what is read stays


def test_the_map_of_another_class(open_page: OpenPage, signwatch: Services, captured: str) -> None:
    at = open_page("explain", capture=captured)
    at.segmented_control(key="explain_class").select("Another class").run()
    assert at.selectbox(key="explain_other").value == 14
    at.selectbox(key="explain_other").select(25).run()
    assert not at.exception
    assert values(at.caption)[1:5] == [
        *expected_captions(signwatch, ADVERSARIAL, 25), *expected_captions(signwatch, CLEAN, 25),
    ]  # fmt: skip


def test_an_unknown_true_class_is_no_choice(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain", capture=request(signwatch, ADVERSARIAL))
    options = at.segmented_control(key="explain_class").options
    assert list(options) == ["Predicted class of each", "Another class"]


def test_a_capture_without_a_clean_picture_stands_alone(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("explain", capture=request(signwatch, ADVERSARIAL))
    assert values(at.subheader) == ["Picture"]
    assert headings(at) == [expected_heading(signwatch, ADVERSARIAL)]
    assert values(at.caption)[-1] == "No clean picture is known for this one, so it stands alone."
    (explanation,) = signwatch.explain([ADVERSARIAL], [None])
    largest = heat_maps.common_scale([explanation.map])
    assert heat(at, "map_picture") == pytest.approx(100 * explanation.map / largest, abs=0.051)


def test_a_clean_picture_that_the_log_does_not_hold(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture = put_flagged(signwatch, 0.001, provenance=Provenance("lab", 7, clean_sha256="0" * 64))
    at = open_page("explain", capture=capture.capture_id)
    assert alerts(at) == [
        Alert("info", "", "The sender named a clean picture that the log does not hold.")
    ]
    assert values(at.subheader) == ["Picture"]


def test_an_unknown_capture_gets_a_clear_message(open_page: OpenPage) -> None:
    at = open_page("explain", capture="no-such-id")
    assert alerts(at) == [
        Alert("error", "", "no capture no-such-id in the log"),
        NOTHING_YET,
    ]
    assert not charts(at)


def test_sample_signs_at_once(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain")
    left, right = (samples.of_class(k)[0].picture().pixels for k in (14, 1))
    assert list(at.segmented_control(key="explain_source").options) == ["Drop pictures"]
    assert headings(at) == [expected_heading(signwatch, left), expected_heading(signwatch, right)]
    at.selectbox(key="explain_left_class").select(33)
    at.segmented_control(key="explain_right_number").select(4).run()
    left, right = samples.of_class(33)[0], samples.of_class(1)[4]
    assert headings(at) == [
        expected_heading(signwatch, each.picture().pixels) for each in (left, right)
    ]


def test_dropped_pictures(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain")
    at.file_uploader(key="explain_left_upload").upload("one.png", saved(ADVERSARIAL, "PNG"))
    at.file_uploader(key="explain_right_upload").upload("two.png", saved(CLEAN, "PNG")).run()
    assert not at.exception
    assert headings(at) == [
        expected_heading(signwatch, ADVERSARIAL), expected_heading(signwatch, CLEAN),
    ]  # fmt: skip


def test_a_broken_file_gets_its_message(open_page: OpenPage) -> None:
    at = open_page("explain")
    at.file_uploader(key="explain_left_upload").upload("broken.png", BAD[1].content).run()
    assert not at.exception
    assert alerts(at) == [Alert("error", "", f"**broken.png**: {BAD[1].message}"), NOTHING_YET]


def test_a_broken_second_file_leaves_the_first_alone(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("explain")
    at.file_uploader(key="explain_right_upload").upload("broken.png", BAD[1].content).run()
    assert not at.exception
    assert alerts(at) == [Alert("error", "", f"**broken.png**: {BAD[1].message}")]
    assert values(at.subheader) == ["Picture"]


def test_the_opacity_of_the_map(open_page: OpenPage, captured: str) -> None:
    at = open_page("explain", capture=captured)
    assert heat_trace(at, "map_clean")["colorscale"][-1][1].endswith(",0.850)")
    at.slider(key="opacity").set_value(30).run()
    assert heat_trace(at, "map_clean")["colorscale"][-1][1].endswith(",0.300)")


def test_a_large_photograph_stays_a_small_page(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain")
    photograph = noise(1500, 1500)
    at.file_uploader(key="explain_left_upload").upload("large.png", saved(photograph, "PNG")).run()
    assert not at.exception
    assert headings(at)[0] == expected_heading(signwatch, photograph)
    (chart, _) = (each.proto.spec for each in at.get("plotly_chart"))
    assert len(chart) < 5_000_000


def test_a_capture_without_picture_cannot_be_explained(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture = make_capture(image_sha256=None)
    signwatch.log.append([capture], [])
    at = open_page("explain", capture=capture.capture_id)
    assert alerts(at)[0] == Alert(
        "error", "", "no picture was captured: only the answer was kept, or imported"
    )
    assert not charts(at)


def test_a_picture_without_prediction_can_be_explained(
    open_page: OpenPage, signwatch: Services
) -> None:
    image = make_image()
    capture = make_unanswered(image, provenance=Provenance(label=99))
    signwatch.log.append([capture], [image])
    at = open_page("explain", capture=capture.capture_id)
    assert charts(at).keys() == {"map_picture"}
    assert "True class" not in at.get("segmented_control")[0].options
