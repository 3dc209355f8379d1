"""Captures: every filter, page by page, one in detail, and what can be downloaded of it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.labels import class_name
from core.sagemaker import captured_request
from core.services import Services
from core.types import Capture, Provenance, Verdict, now
from tests.pages.conftest import OpenPage, go_to
from tests.pages.elements import Alert, alerts, image_captions, labelled, labels, links, values
from tests.pages.traffic import request
from tests.pictures import blocks, noise
from tests.records import make_capture, make_image, make_prediction

NOTHING = Alert(
    "info", "Nothing to show",
    "No capture matches. Widen the filter, or send pictures on the Classify page.",
)  # fmt: skip


@pytest.fixture
def captures(signwatch: Services) -> list[Capture]:
    """Four captures, newest first, that differ in all that can be filtered."""
    made = []
    for minutes, class_id, confidence, flagged, source in (
        (1, 14, 0.95, False, "dashboard"),
        (30, 14, 0.39, True, "replay"),
        (3 * 60, 2, 0.70, True, "lab"),
        (40 * 24 * 60, 2, 0.99, False, None),
    ):
        image = make_image(len(made))
        capture = make_capture(
            image, inferred_at=now() - timedelta(minutes=minutes),
            prediction=make_prediction(class_id, confidence, flagged=flagged),
            provenance=Provenance(source),
        )  # fmt: skip
        signwatch.log.append([capture], [image])
        made.append(capture)
    return made


def shown(at: AppTest) -> list[str]:
    """Capture ids in the table."""
    assert not at.exception
    return [] if not at.dataframe else at.dataframe[0].value["capture id"].tolist()


def ids(captures: list[Capture], *numbers: int) -> list[str]:
    return [captures[number].capture_id for number in numbers]


def select_row(at: AppTest, row: int) -> AppTest:
    """What a click on a row leaves in the session."""
    selection = {"rows": [row], "columns": [], "cells": []}
    at.session_state[at.dataframe[0].key] = {"selection": selection}
    at.run()
    assert not at.exception
    return at


def fill(signwatch: Services, count: int) -> list[Capture]:
    """`count` captures of one picture, newest first."""
    image, end = make_image(), now()
    made = [
        make_capture(image, inferred_at=end - timedelta(seconds=number)) for number in range(count)
    ]
    signwatch.log.append(made, [image])
    return made


def test_an_empty_log_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page("captures")
    assert alerts(at) == [NOTHING]
    assert not at.dataframe


def test_the_last_day_is_shown_first(open_page: OpenPage, captures: list[Capture]) -> None:
    at = open_page("captures")
    assert at.selectbox(key="captures_period").value == "last day"
    assert shown(at) == ids(captures, 0, 1, 2)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("last hour", [0, 1]),
        ("last day", [0, 1, 2]),
        ("last 30 days", [0, 1, 2]),
        ("all", [0, 1, 2, 3]),
    ],
)
def test_by_time(
    period: str, expected: list[int], open_page: OpenPage, captures: list[Capture]
) -> None:
    at = open_page("captures")
    at.selectbox(key="captures_period").select(period).run()
    assert shown(at) == ids(captures, *expected)


def test_by_predicted_class(open_page: OpenPage, captures: list[Capture]) -> None:
    at = open_page("captures")
    chosen = at.selectbox(key="captures_class")
    assert chosen.options[0] == "any"
    assert chosen.options[15] == class_name(14)
    chosen.select(14).run()
    assert shown(at) == ids(captures, 0, 1)
    at.selectbox(key="captures_class").select(None).run()
    assert shown(at) == ids(captures, 0, 1, 2)


@pytest.mark.parametrize(("flagged", "expected"), [(True, [1, 2]), (False, [0])])
def test_by_flag(
    flagged: bool, expected: list[int], open_page: OpenPage, captures: list[Capture]
) -> None:
    at = open_page("captures")
    assert list(at.selectbox(key="captures_flagged").options) == ["any", "flagged", "not flagged"]
    at.selectbox(key="captures_flagged").select(flagged).run()
    assert shown(at) == ids(captures, *expected)


@pytest.mark.parametrize("source", ["replay", "  replay "])
def test_by_source(source: str, open_page: OpenPage, captures: list[Capture]) -> None:
    at = open_page("captures")
    at.text_input(key="captures_source").set_value(source).run()
    assert shown(at) == ids(captures, 1)


@pytest.mark.parametrize(
    ("percent", "expected"), [(38, []), (40, [1]), (71, [1, 2]), (100, [0, 1, 2])]
)
def test_by_confidence(
    percent: int, expected: list[int], open_page: OpenPage, captures: list[Capture]
) -> None:
    at = open_page("captures")
    at.slider(key="captures_confidence").set_value(percent).run()
    assert shown(at) == ids(captures, *expected)


def test_filters_narrow_one_another(open_page: OpenPage, captures: list[Capture]) -> None:
    at = open_page("captures")
    at.selectbox(key="captures_flagged").select(True)
    at.selectbox(key="captures_class").select(2)
    at.text_input(key="captures_source").set_value("lab").run()
    assert shown(at) == ids(captures, 2)
    at.selectbox(key="captures_class").select(14).run()
    assert alerts(at) == [NOTHING]


def test_a_row_says_what_is_known_of_a_capture(
    open_page: OpenPage, signwatch: Services, captures: list[Capture]
) -> None:
    signwatch.decide(captures[1].capture_id, Verdict.ADVERSARIAL, right_class=1)
    table = open_page("captures").dataframe[0].value
    ordinary, flagged, _ = table.to_dict("records")
    assert flagged.pop("picture").startswith("data:image/png;base64,")
    assert flagged.pop("time (UTC)").to_pydatetime() == captures[1].inferred_at
    assert flagged.pop("confidence") == pytest.approx(0.39)
    assert flagged == {
        "predicted class": class_name(14),
        "flagged": True,
        "verdict": "adversarial",
        "source": "replay",
        "endpoint": "signwatch",
        "capture id": captures[1].capture_id,
    }
    assert ordinary["flagged"] is False


def turn_to(at: AppTest, number: int) -> AppTest:
    at.number_input[0].set_value(number).run()
    return at


def test_pages_of_twenty_five(open_page: OpenPage, signwatch: Services) -> None:
    made = [capture.capture_id for capture in fill(signwatch, 60)]
    at = open_page("captures")
    assert labels(at.number_input) == ["Page (of 3; 60 captures)"]
    assert (at.number_input[0].min, at.number_input[0].max) == (1, 3)
    assert shown(at) == made[:25]
    assert shown(turn_to(at, 2)) == made[25:50]
    assert shown(turn_to(at, 3)) == made[50:]


def test_rows_stay_where_they_are_while_traffic_arrives(
    open_page: OpenPage, signwatch: Services
) -> None:
    made = [capture.capture_id for capture in fill(signwatch, 60)]
    at = turn_to(open_page("captures"), 2)
    newest = request(signwatch, blocks(1))
    assert shown(at.run()) == made[25:50]
    select_row(at, 3)
    assert f"Capture {made[28]} " in values(at.caption)[-1]
    assert shown(turn_to(at, 1)) == made[:25]
    labelled(at.button, "Newest").click().run()
    assert shown(at) == [newest, *made[:24]]


def test_the_page_opens_with_the_newest(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("captures")
    first = request(signwatch, blocks(1))
    go_to(at, "classify")
    go_to(at, "captures")
    assert shown(at) == [first]


def test_another_filter_leads_back_to_the_first_page_and_the_newest(
    open_page: OpenPage, signwatch: Services, captures: list[Capture]
) -> None:
    fill(signwatch, 60)
    at = turn_to(open_page("captures"), 3)
    newest = request(signwatch, blocks(1), Provenance("replay"))
    at.text_input(key="captures_source").set_value("replay").run()
    assert shown(at) == [newest, *ids(captures, 1)]


def test_another_page_has_no_row_selected(open_page: OpenPage, signwatch: Services) -> None:
    fill(signwatch, 30)
    at = select_row(open_page("captures"), 20)
    assert len(at.image) == 1
    assert len(shown(turn_to(at, 2))) == 5
    assert not at.image
    assert values(at.caption)[-1] == "Select a row to see the picture and download it."


def test_one_capture_in_detail(
    open_page: OpenPage, signwatch: Services, captures: list[Capture],
    downloads: dict[str, Callable[[], bytes]],
) -> None:  # fmt: skip
    at = select_row(open_page("captures"), 1)
    capture = captures[1]
    image = signwatch.stored_image(capture.image_sha256)
    assert image_captions(at) == ["32 x 32 pixels"]
    assert f"**{class_name(14)}** · 39.0% confident" in values(at.markdown)
    assert values(at.caption)[-1] == (
        f"Capture {capture.capture_id} · event {capture.event_id} · no custom attributes"
    )
    assert labels(at.get("download_button")) == ["Picture", "Captured request (JSON Lines)"]
    assert downloads[f"{capture.capture_id}.png"]() == image.content
    (line,) = downloads[f"{capture.capture_id}.jsonl"]().decode().splitlines()
    assert json.loads(line) == captured_request(capture, image)
    assert links(at) == [("Explain", "explain", f"capture={capture.capture_id}")]


def test_the_ids_and_attributes_of_the_sender_are_shown(
    open_page: OpenPage, signwatch: Services
) -> None:
    image = make_image()
    capture = make_capture(
        image, inferred_at=now(), inference_id="run-7", custom_attributes="source=roadside"
    )
    signwatch.log.append([capture], [image])
    at = select_row(open_page("captures"), 0)
    assert values(at.caption)[-1] == (
        f"Capture {capture.capture_id} · event {capture.event_id} · inference id run-7 · "
        "source=roadside"
    )


def test_large_photographs_are_listed_as_small_pictures(
    open_page: OpenPage, signwatch: Services
) -> None:
    request(signwatch, noise(600, 800))
    (picture,) = open_page("captures").dataframe[0].value["picture"]
    assert len(picture) < 20_000


def test_a_very_thin_picture_can_be_shown(open_page: OpenPage, signwatch: Services) -> None:
    request(signwatch, noise(1, 3000))
    at = select_row(open_page("captures"), 0)
    assert image_captions(at) == ["3000 x 1 pixels"]
