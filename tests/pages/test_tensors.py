"""Tensors: records by link, names by expression, one tensor in full, recording on demand."""

import io
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.labels import class_name
from core.services import Services
from tests.pages.conftest import OpenPage
from tests.support.elements import (
    Alert,
    alerts,
    charts,
    click_rows,
    image_captions,
    labels,
    links,
    metrics,
    values,
)
from tests.support.images import blocks
from tests.support.records import make_capture, make_image
from tests.support.traffic import request

MAPS_COMPARED = re.compile(
    r"The map from the record and the live one "
    r"(?:are equal|differ by at most (?P<difference>\S+) of the range)\. "
)


@pytest.fixture
def recorded(signwatch: Services) -> str:
    """A capture with a record; its id."""
    capture_id = request(signwatch, blocks())
    signwatch.tensors.record(capture_id)
    return capture_id


def names_in_table(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["name"])


def test_the_empty_page_says_how_to_record(open_page: OpenPage) -> None:
    at = open_page("tensors")
    (alert,) = alerts(at)
    assert (alert.kind, alert.title) == ("info", "No recorded tensors yet")
    assert "SIGNWATCH_TENSORS_FLAGGED=yes" in alert.text
    assert [label for label, _, _ in links(at)] == ["Choose a capture"]


def test_a_capture_without_a_record_is_recorded_at_the_press_of_a_button(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture_id = request(signwatch, blocks())
    at = open_page("tensors", capture=capture_id)
    assert "**This capture has no recorded tensors.**" in values(at.markdown)
    at.selectbox(key="tensor_class").select(7)
    at.button(key="tensor_go").click().run()
    assert not at.exception
    (record,) = signwatch.tensors.records(capture_id)
    assert record.passed.class_id == 7
    assert at.selectbox(key="tensor_step").value == 0
    assert f"for {class_name(7)} · asked for" in at.selectbox(key="tensor_step").options[0]


def test_a_link_to_a_capture_opens_its_newest_record(
    open_page: OpenPage, signwatch: Services, recorded: str
) -> None:
    signwatch.tensors.record(recorded, 3)
    signwatch.tensors.record(request(signwatch, blocks(1)))
    at = open_page("tensors", capture=recorded)
    assert at.selectbox(key="tensor_step").value == 1
    assert list(at.query_params["step"]) == ["1"]
    assert ("Capture", "captures", f"capture={recorded}") in links(at)
    at.selectbox(key="tensor_step").select(2).run()
    assert list(at.query_params["step"]) == ["2"]


def test_the_record_beside_the_live_map(
    open_page: OpenPage, signwatch: Services, recorded: str
) -> None:
    at = open_page("tensors")
    assert not alerts(at)
    assert image_captions(at) == ["Image", "FullGrad from the record", "FullGrad live"]
    (compared,) = filter(None, map(MAPS_COMPARED.match, values(at.caption)))
    assert float(compared["difference"] or 0) <= 1e-5
    assert metrics(at)["Records"][0] == "1 of 100"
    assert metrics(at)["Automatic recording"][0] == "off"
    assert metrics(at)["Left out since the start"][0] == "0"


def test_names_by_expression_and_collection(open_page: OpenPage, recorded: str) -> None:
    at = open_page("tensors", names="layer1.*bn1_output", tensor="layer1.1.bn1_output_0")
    found = [
        f"{prefix}layer1.{n}.bn1_output{end}"
        for prefix, end in (("", "_0"), ("gradient/", ""))
        for n in (0, 1)
    ]
    assert sorted(names_in_table(at)) == sorted(found)
    assert at.selectbox(key="tensor_name").value == "layer1.1.bn1_output_0"
    assert "layer1.1.bn1_output_0" in values(at.subheader)
    at.text_input(key="tensor_names").input("bn1").run()
    at.pills(key="tensor_collection").select("statistics").run()
    assert not at.exception
    assert "bn1.running_mean_output_0" in names_in_table(at)
    assert all(".running_" in name for name in names_in_table(at))
    at.text_input(key="tensor_names").input("nothing like it").run()
    assert Alert("info", "", "No tensor of this record has such a name.") in alerts(at)


def test_a_click_on_a_row_opens_its_tensor(open_page: OpenPage, recorded: str) -> None:
    at = open_page("tensors", names="layer1.*bn1_output")
    first, second, third, *_ = names_in_table(at)
    for number, name in ((2, third), (1, second), (0, first)):
        click_rows(at, at.dataframe[0], number)
        assert at.selectbox(key="tensor_name").value == name == at.query_params["tensor"]


def test_requests_that_were_left_out_are_counted(
    open_page: OpenPage, signwatch: Services, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = {"recorded": 1, "dropped": 2, "failed": 3}
    monkeypatch.setattr(signwatch.tensors, "outcomes", lambda: outcomes)
    assert metrics(open_page("tensors"))["Left out since the start"][0] == "5"


def test_the_table_says_what_was_computed(
    open_page: OpenPage, signwatch: Services, recorded: str
) -> None:
    at = open_page("tensors", names="^ResNet_input_0$")
    (row,) = at.dataframe[0].value.to_dict("records")
    value = signwatch.tensors.trial().tensor("ResNet_input_0").value(0)
    assert row == {
        "name": "ResNet_input_0",
        "shape": "1 x 3 x 32 x 32",
        "type": "float32",
        "minimum": value.min(),
        "maximum": value.max(),
        "size": value.nbytes / 1000,
        "mean": pytest.approx(value.mean(), abs=1e-6),
        "std": pytest.approx(value.std(), abs=1e-5),
        "zeros": pytest.approx(100 * np.mean(value == 0)),
    }


def test_one_tensor_in_full(open_page: OpenPage, signwatch: Services, recorded: str) -> None:
    at = open_page("tensors", tensor="gradient/bn1_output")
    assert {"tensor_channels", "tensor_histogram"} <= charts(at).keys()
    assert "tensor_steps" not in charts(at)
    signwatch.tensors.record(recorded, 3)
    at = open_page("tensors", tensor="layer3.0.bn1_output_0")
    assert {"tensor_channels", "tensor_histogram", "tensor_steps"} <= charts(at).keys()
    at.selectbox(key="tensor_first").select(192).run()
    assert not at.exception
    at = open_page("tensors", tensor="gradient/fc_output")
    assert {"tensor_values", "tensor_histogram"} <= charts(at).keys()


def test_an_invalid_expression_is_reported(open_page: OpenPage, recorded: str) -> None:
    at = open_page("tensors", names="bn(")
    (alert,) = alerts(at)
    assert alert.kind == "error"
    assert alert.text.startswith("'bn(' is no regular expression (RE2's syntax)")


@pytest.mark.parametrize("step", ["7", "-1", "x", "1e3", "9" * 50])
def test_an_address_of_no_record_is_named(open_page: OpenPage, recorded: str, step: str) -> None:
    at = open_page("tensors", step=step)
    assert Alert(
        "warning", "", f"The log has no record of step {step!r}. This is the newest one."
    ) in alerts(at)
    assert at.selectbox(key="tensor_step").value == 0


@pytest.mark.parametrize("capture", ["x", "00000000-0000-8000-8000-000000000000"])
def test_an_address_of_no_capture_is_reported(open_page: OpenPage, capture: str) -> None:
    (alert,) = alerts(open_page("tensors", capture=capture))
    assert alert.kind == "error"
    assert capture in alert.text


def test_a_capture_without_a_image_cannot_be_recorded(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture = make_capture(image_sha256=None)
    signwatch.log.append([capture], [])
    (alert,) = alerts(open_page("tensors", capture=capture.capture_id))
    assert alert.text == "no image was captured: only the answer was kept, or imported"


def test_other_weights_are_named(open_page: OpenPage, signwatch: Services) -> None:
    image = make_image()
    capture = make_capture(image, model_sha256="cd" * 32)
    signwatch.log.append([capture], [image])
    signwatch.tensors.record(capture.capture_id)
    (alert,) = alerts(open_page("tensors"))
    assert alert.text.startswith("The recorded weights are not those that answered this request.")


def test_a_record_that_misses_tensors_says_which(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_TENSORS_REGEX", "fc_output")
    signwatch: Services = request.getfixturevalue("signwatch")
    from tests.support import traffic

    signwatch.tensors.record(traffic.request(signwatch, blocks()))
    at = request.getfixturevalue("open_page")("tensors")
    (alert,) = alerts(at)
    assert alert.text.startswith("FullGrad needs tensors that were not recorded: ")
    assert names_in_table(at) == ["fc_output_0", "gradient/fc_output"]


def test_the_record_as_a_file(open_page: OpenPage, recorded: str, downloads) -> None:  # type: ignore[no-untyped-def]
    at = open_page("tensors")
    assert "Record (.npz)" in labels(at.get("download_button"))
    with np.load(io.BytesIO(downloads["tensors-step-0.npz"]())) as file:
        assert file["gradient/image"].shape == (1, 3, 32, 32)
