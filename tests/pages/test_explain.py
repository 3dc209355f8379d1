"""Explain, one pair: adversarial beside clean on one scale, for the classes that are asked for."""

import base64
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import samples
from core.errors import BadInput
from core.explain import heat_maps
from core.explain.fullgrad import outside_share
from core.explain.heat_maps import common_scale
from core.explain.methods import METHODS
from core.images import ImageFile, decode
from core.labels import class_name
from core.records.captures import Provenance
from core.services import Explanations, Services
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, charts, links, values
from tests.support.images import BAD, blocks, noise, saved
from tests.support.records import make_capture, make_image, make_unanswered
from tests.support.traffic import predict, put_flagged, request

NOTHING_YET = Alert(
    "info",
    "Nothing to explain yet",
    "Choose or drop an image to see what the classifier looked at.",
)
ADVERSARIAL, CLEAN = blocks(1), blocks(2)
TRUE, TARGET = 7, 14


@pytest.fixture
def captured(signwatch: Services) -> str:
    """A capture whose sender kept the clean image beside it; its id."""
    reference = signwatch.captures.keep_reference(ImageFile.from_pixels(CLEAN))
    provenance = Provenance("lab", TRUE, "deepfool", TARGET, reference)
    return request(signwatch, ADVERSARIAL, provenance)


def headings(at: AppTest) -> list[str]:
    """Prediction and confidence over each map."""
    return [text.removeprefix("#### ") for text in values(at.markdown) if text.startswith("####")]


def expected_heading(signwatch: Services, pixels: np.ndarray[Any, Any]) -> str:
    prediction = predict(signwatch, pixels)
    return f"{class_name(prediction.class_id)} · {prediction.confidence:.1%}"


def read_in(signwatch: Services, *images: np.ndarray[Any, Any]) -> list[int]:
    return [predict(signwatch, pixels).class_id for pixels in images]


def heat_traces(at: AppTest, key: str) -> list[dict[str, Any]]:
    """The heat maps of a figure: overlay, and the map alone."""
    return [each for each in charts(at)[key]["data"] if each["type"] == "heatmap"]


def heat(at: AppTest, key: str) -> np.ndarray[Any, Any]:
    """What the map alone shows, in % of the scale."""
    z = heat_traces(at, key)[-1]["z"]
    shape = [int(n) for n in z["shape"].split(",")]
    return np.frombuffer(base64.b64decode(z["bdata"]), z["dtype"]).reshape(shape)


def explained_classes(at: AppTest) -> list[str]:
    """What stands over each map, row by row."""
    texts = [text for text in values(at.markdown) if text.startswith("What speaks for")]
    return [text.split("**")[1] for text in texts]


def captions_about(at: AppTest, word: str) -> list[str]:
    return [text for text in values(at.caption) if word in text]


def address(at: AppTest) -> dict[str, str]:
    """The parameters after the question mark."""
    return {
        name: value if isinstance(value, str) else value[0]
        for name, value in at.query_params.items()
    }


def choose(at: AppTest, maps: str) -> AppTest:
    at.segmented_control(key="explain_maps").select(maps).run()
    assert not at.exception
    return at


def test_a_capture_stands_beside_its_clean_image(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    assert alerts(at) == []
    assert headings(at) == [
        expected_heading(signwatch, ADVERSARIAL),
        expected_heading(signwatch, CLEAN),
    ]
    assert [text for text in values(at.caption) if text in ("Adversarial", "Clean")] == [
        "Adversarial",
        "Clean",
    ]
    assert charts(at).keys() == {"map_Adversarial_0", "map_Clean_0", "difference_0", "layers_0"}
    assert captions_about(at, captured)[0].endswith("made by deepfool, aimed at 14 Stop")
    assert [link[:2] for link in links(at)] == [
        ("All about it", "captures"),
        ("Give a verdict", "triage"),
    ]
    assert address(at) == {"capture": captured}  # defaults stay out


def test_both_maps_are_on_one_scale(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    first, second = signwatch.explanations.explain([ADVERSARIAL, CLEAN], [None, None])
    largest = common_scale([first.map, second.map])
    for key, explanation in (("map_Adversarial_0", first), ("map_Clean_0", second)):
        assert heat(at, key) == pytest.approx(100 * explanation.map / largest, abs=0.051)
        over, alone = heat_traces(at, key)
        assert (over["zmin"], over["zmax"], alone["zmin"], alone["zmax"]) == (0, 100, 0, 100)


def test_the_difference_is_adversarial_minus_clean(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured, maps="predicted")
    wanted = read_in(signwatch, ADVERSARIAL)[0]
    first, second = signwatch.explanations.explain([ADVERSARIAL, CLEAN], [wanted, wanted])
    largest = common_scale([first.map, second.map])
    change = 100 * (first.map - second.map) / largest
    assert heat(at, "difference_0") == pytest.approx(change, abs=0.051)
    assert "Red: more in **Adversarial**, blue: more in **Clean**." in values(at.caption)


def test_maps_for_the_predicted_the_true_and_both_classes(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    read, clean = (class_name(k) for k in read_in(signwatch, ADVERSARIAL, CLEAN))
    true = class_name(TRUE)
    assert explained_classes(at) == [read, clean]
    assert explained_classes(choose(at, "predicted")) == [read, read]
    assert explained_classes(choose(at, "true")) == [true, true]
    assert explained_classes(choose(at, "both")) == [read, read, true, true]
    assert address(at) == {"capture": captured, "maps": "both"}
    assert headings(at)[0] == expected_heading(signwatch, ADVERSARIAL)  # what is read stays
    maps = signwatch.explanations.explain(
        [ADVERSARIAL, CLEAN] * 2, [*read_in(signwatch, ADVERSARIAL) * 2, 7, 7]
    )
    largest = common_scale([each.map for each in maps])
    shown = heat(at, "map_Clean_1")
    assert shown == pytest.approx(100 * maps[3].map / largest, abs=0.051)  # one scale for all four


def test_the_map_of_another_class(open_page: OpenPage, signwatch: Services, captured: str) -> None:
    at = choose(open_page("explain", capture=captured), "other")
    assert at.selectbox(key="explain_class_id").value == read_in(signwatch, ADVERSARIAL)[0]
    at.selectbox(key="explain_class_id").select(25).run()
    assert explained_classes(at) == [class_name(25)] * 2
    assert address(at) == {"capture": captured, "maps": "other", "class": "25"}


def test_an_unknown_true_class_is_no_choice(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain", capture=request(signwatch, ADVERSARIAL))
    options = at.segmented_control(key="explain_maps").options
    assert list(options) == ["Predicted class", "Another class"]


def test_shares_outside_the_circle_and_residuals(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured, x="25", y="75", radius="30")
    maps = [signwatch.explanations.explain([pixels], [None])[0] for pixels in (ADVERSARIAL, CLEAN)]
    assert captions_about(at, "outside the circle") == [
        f"**{outside_share(each.map, 0.3, (0.25, 0.75)):.0%}** outside the circle · "
        f"completeness residual {each.residual:.1e}"
        for each in maps
    ]
    for shape in charts(at)["map_Clean_0"]["layout"]["shapes"]:
        middle = ((shape["x0"] + shape["x1"]) / 2, (shape["y0"] + shape["y1"]) / 2)
        assert middle == pytest.approx((0.25 * 256, 0.75 * 256))
        assert (shape["x1"] - shape["x0"]) / 2 == pytest.approx(0.3 * 256)


def test_moving_the_circle_moves_its_share_and_the_address(
    open_page: OpenPage, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    before = captions_about(at, "outside the circle")
    at.slider(key="explain_radius").set_value(100).run()
    assert captions_about(at, "outside the circle") != before
    assert captions_about(at, "outside the circle")[0].startswith("**0%** outside the circle")
    assert address(at) == {"capture": captured, "radius": "100"}


def test_contributions_by_layer_add_up_to_the_logits(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    first, second = (
        signwatch.explanations.explain([pixels], [None])[0] for pixels in (ADVERSARIAL, CLEAN)
    )
    bars = charts(at)["layers_0"]["data"]
    assert [each["name"] for each in bars] == ["Adversarial", "Clean"]
    assert bars[0]["x"] == pytest.approx(list(first.contributions.values()))
    assert bars[0]["y"][:1] + bars[0]["y"][-1:] == ["Pixels", "Last layer"]
    classes = [class_name(each.class_id) for each in (first, second)]
    caption = (
        f"The bars of an image add up to its logit: {first.logit:.2f} (Adversarial, "
        f"{classes[0]}) and {second.logit:.2f} (Clean, {classes[1]})."
    )
    assert caption in values(at.caption)


def test_every_method_with_its_sentence(
    open_page: OpenPage, signwatch: Services, captured: str
) -> None:
    at = open_page("explain", capture=captured)
    for method in METHODS.values():
        at.selectbox(key="explain_method").select(method.name).run()
        assert not at.exception
        assert alerts(at) == []
        assert f"{method.title}: {method.explanation} ({method.source})" in values(at.caption)
        assert ("layers_0" in charts(at)) == method.sums_to_logit
        assert bool(captions_about(at, "residual")) == method.sums_to_logit
    first, second = signwatch.explanations.explain(
        [ADVERSARIAL, CLEAN], [None, None], method=method.name
    )
    largest = common_scale([first.map, second.map])
    assert heat(at, "map_Clean_0") == pytest.approx(100 * second.map / largest, abs=0.051)
    assert address(at) == {"capture": captured, "method": "grad_cam"}


def test_a_network_that_the_method_does_not_cover_is_reported(
    open_page: OpenPage, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise BadInput("FullGrad does not cover features.0 (GELU)")

    monkeypatch.setattr(Explanations, "explain", refuse)
    capture = request(signwatch, noise(20, 20, 3))  # of an image that was not explained before
    at = open_page("explain", capture=capture)
    assert alerts(at) == [Alert("error", "", "FullGrad does not cover features.0 (GELU)")]
    assert not charts(at)
    assert at.selectbox(key="explain_method").value == "fullgrad"  # another one can be chosen


def test_colours_and_opacity(open_page: OpenPage, captured: str) -> None:
    at = open_page("explain", capture=captured)
    over, alone = heat_traces(at, "map_Clean_0")
    assert over["colorscale"][-1][1] == "rgba(252,255,164,0.850)"  # Inferno
    assert alone["colorscale"][-1][1] == "rgba(252,255,164,1.000)"
    at.slider(key="explain_opacity").set_value(30)
    at.selectbox(key="explain_colours").select("cividis").run()
    over, _ = heat_traces(at, "map_Clean_0")
    assert over["colorscale"][-1][1] == "rgba(254,232,56,0.300)"
    assert address(at) == {"capture": captured, "opacity": "30", "colours": "cividis"}


def test_the_address_alone_restores_the_view(open_page: OpenPage, captured: str) -> None:
    asked = {
        "capture": captured,
        "maps": "both",
        "method": "input_x_gradient",
        "colours": "magma",
        "opacity": "40",
        "x": "10",
        "y": "90",
        "radius": "55",
    }
    at = open_page("explain", **asked)
    assert at.segmented_control(key="explain_maps").value == "both"
    assert at.selectbox(key="explain_method").value == "input_x_gradient"
    assert at.selectbox(key="explain_colours").value == "magma"
    shown = [at.slider(key=f"explain_{name}").value for name in ("opacity", "x", "y", "radius")]
    assert shown == [40, 10, 90, 55]
    assert address(at) == asked


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("maps", "all", "must be one of own, predicted, true, both, other, got `all`"),
        ("class", "43", "must be a whole number in 0..42, got `43`"),
        ("class", "-1", "must be a whole number in 0..42, got `-1`"),
        ("method", "lime", "names an unknown method 'lime'; there are " + ", ".join(METHODS)),
        ("colours", "jet", "must be one of inferno, viridis, cividis, magma, greys, got `jet`"),
        ("opacity", "1e9", "must be a whole number in 0..100, got `1e9`"),
        ("radius", "0", "must be a whole number in 1..100, got `0`"),
        ("x", "9" * 40, f"must be a whole number in 0..100, got `{'9' * 40}`"),
        ("source", "moon", "must be one of capture, lab, own, got `moon`"),
        ("sheet", "yes", "must be one of all, suspect, other, got `yes`"),
    ],
)
def test_nonsense_in_the_address_is_left_out_and_reported(
    name: str, text: str, message: str, open_page: OpenPage, captured: str
) -> None:
    at = open_page("explain", capture=captured, **{name: text})
    assert alerts(at) == [
        Alert("warning", "", f"`{name}` in the address {message}; it is left out")
    ]
    assert "map_Clean_0" in charts(at)
    assert address(at) == {"capture": captured}


def test_a_capture_without_a_clean_image_stands_alone(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("explain", capture=request(signwatch, ADVERSARIAL))
    assert headings(at) == [expected_heading(signwatch, ADVERSARIAL)]
    assert "No clean image is known for this one." in values(at.caption)
    assert charts(at).keys() == {"map_Image_0", "layers_0"}
    (explanation,) = signwatch.explanations.explain([ADVERSARIAL], [None])
    largest = heat_maps.common_scale([explanation.map])
    assert heat(at, "map_Image_0") == pytest.approx(100 * explanation.map / largest, abs=0.051)


def test_another_image_can_be_laid_beside_it(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain", capture=request(signwatch, ADVERSARIAL))
    at.toggle(key="explain_compare").set_value(True).run()
    at.file_uploader(key="explain_right_upload").upload("two.png", saved(CLEAN, "PNG")).run()
    assert not at.exception
    assert headings(at) == [
        expected_heading(signwatch, ADVERSARIAL),
        expected_heading(signwatch, CLEAN),
    ]
    assert {"map_This image_0", "map_Compared with_0", "difference_0"} < charts(at).keys()


def test_images_of_different_sizes_have_a_difference(
    open_page: OpenPage, signwatch: Services
) -> None:
    at = open_page("explain", source="own")
    at.file_uploader(key="explain_left_upload").upload("one.png", saved(noise(40, 60), "PNG"))
    at.file_uploader(key="explain_right_upload").upload("two.png", saved(CLEAN, "PNG")).run()
    assert heat(at, "difference_0").shape == (40, 60)
    assert captions_about(at, "The images differ in size")


def test_a_clean_image_that_the_log_does_not_hold(open_page: OpenPage, signwatch: Services) -> None:
    capture = put_flagged(signwatch, 0.001, provenance=Provenance("lab", 7, clean_sha256="0" * 64))
    at = open_page("explain", capture=capture.capture_id)
    assert Alert(
        "info", "", "The sender named a clean image that the log does not hold."
    ) in alerts(at)
    assert "map_Image_0" in charts(at)


def test_a_clean_image_that_cannot_be_read(open_page: OpenPage, signwatch: Services) -> None:
    broken = replace(make_image(1), content=BAD[1].content, sha256="1" * 64)
    signwatch.log.append([], [broken])
    capture = put_flagged(signwatch, 0.001, provenance=Provenance("lab", 7, clean_sha256="1" * 64))
    at = open_page("explain", capture=capture.capture_id)
    text = f"The clean image that the sender named cannot be read: {BAD[1].message}."
    assert Alert("info", "", text) in alerts(at)
    assert "map_Image_0" in charts(at)


def test_a_image_that_cannot_be_read(open_page: OpenPage, signwatch: Services) -> None:
    broken = replace(make_image(1), content=BAD[1].content, sha256="1" * 64)
    capture = make_capture(broken)
    signwatch.log.append([capture], [broken])
    at = open_page("explain", capture=capture.capture_id)
    assert Alert("error", "", BAD[1].message) in alerts(at)
    assert not charts(at)


def test_a_capture_of_another_model_is_marked(open_page: OpenPage, signwatch: Services) -> None:
    image = make_image(1)
    capture = make_capture(image, model_sha256="ab" * 32)
    signwatch.log.append([capture], [image])
    at = open_page("explain", capture=capture.capture_id)
    serving = signwatch.model.sha256[:12]
    assert alerts(at) == [
        Alert(
            "info",
            "",
            "Another model predicted 14 Stop when this was captured (weights abababababab). "
            "Prediction and maps on this page are those of the model that serves now "
            f"({serving}).",
        )
    ]


def test_an_unknown_capture_gets_a_clear_message(open_page: OpenPage) -> None:
    at = open_page("explain", capture="no-such-id")
    assert alerts(at) == [
        Alert("error", "", "no capture no-such-id in the log"),
        NOTHING_YET,
    ]
    assert not charts(at)


def test_sample_signs_at_once(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain")
    left, right = (samples.of_class(k)[0].image().pixels for k in (14, 1))
    assert at.session_state["explain_source"] == "own"
    assert headings(at) == [expected_heading(signwatch, left), expected_heading(signwatch, right)]
    at.selectbox(key="explain_left_class").select(33)
    at.segmented_control(key="explain_right_number").select(4).run()
    left, right = samples.of_class(33)[0], samples.of_class(1)[4]
    assert headings(at) == [
        expected_heading(signwatch, each.image().pixels) for each in (left, right)
    ]


def test_dropped_images(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain")
    at.file_uploader(key="explain_left_upload").upload("one.png", saved(ADVERSARIAL, "PNG"))
    at.file_uploader(key="explain_right_upload").upload("two.png", saved(CLEAN, "PNG")).run()
    assert not at.exception
    assert headings(at) == [
        expected_heading(signwatch, ADVERSARIAL),
        expected_heading(signwatch, CLEAN),
    ]


def test_a_broken_file_gets_its_message(open_page: OpenPage) -> None:
    at = open_page("explain")
    at.file_uploader(key="explain_left_upload").upload("broken.png", BAD[1].content).run()
    assert not at.exception
    assert alerts(at) == [Alert("error", "", f"**broken.png**: {BAD[1].message}"), NOTHING_YET]


def test_a_broken_second_file_leaves_the_first_alone(open_page: OpenPage) -> None:
    at = open_page("explain")
    at.file_uploader(key="explain_right_upload").upload("broken.png", BAD[1].content).run()
    assert not at.exception
    assert alerts(at) == [Alert("error", "", f"**broken.png**: {BAD[1].message}")]
    assert "map_Image_0" in charts(at)


def test_a_large_image_stays_a_small_page(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("explain")
    large = noise(1500, 1500)
    at.file_uploader(key="explain_left_upload").upload("large.png", saved(large, "PNG")).run()
    assert not at.exception
    assert headings(at)[0] == expected_heading(signwatch, large)
    assert all(len(each.proto.spec) < 8_000_000 for each in at.get("plotly_chart"))


def test_a_capture_without_image_cannot_be_explained(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture = make_capture(image_sha256=None, model_sha256=None)
    signwatch.log.append([capture], [])
    at = open_page("explain", capture=capture.capture_id)
    assert alerts(at)[0] == Alert(
        "error", "", "no image was captured: only the answer was kept, or imported"
    )
    assert not charts(at)


def test_a_image_without_prediction_can_be_explained(
    open_page: OpenPage, signwatch: Services
) -> None:
    image = make_image()
    capture = make_unanswered(image, provenance=Provenance(label=99))
    signwatch.log.append([capture], [image])
    at = open_page("explain", capture=capture.capture_id)
    assert "map_Image_0" in charts(at)
    assert "True class" not in at.segmented_control(key="explain_maps").options


def test_every_image_has_a_description(open_page: OpenPage, captured: str) -> None:
    at = open_page("explain", capture=captured)
    assert [each.alt for image in at.image for each in image.proto.imgs] == [
        "Adversarial: the image",
        "Clean: the image",
    ]
    assert all(each.proto.alt for each in at.get("plotly_chart"))


def test_the_downloads(
    open_page: OpenPage, captured: str, signwatch: Services, downloads: dict[str, Any]
) -> None:
    open_page("explain", capture=captured, maps="both", colours="viridis")
    report = downloads["explanation.html"]().decode()
    for text in (
        captured,
        signwatch.model.sha256,
        class_name(TRUE),
        expected_heading(signwatch, ADVERSARIAL),
        expected_heading(signwatch, CLEAN),
        "Viridis, opacity 85%",
        METHODS["fullgrad"].source,
    ):
        assert text in report
    assert report.count("<img ") == 2 * 7  # two classes: three panels an image, a difference
    sheet = decode(downloads["explanation.png"]())
    assert sheet.shape[1] > sheet.shape[0]
