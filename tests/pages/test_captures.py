"""Captures: every filter, page by page, one in detail, what can be downloaded, imports."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import thumbnails
from core.capture.files.records import capture_record
from core.labels import class_name
from core.records.captures import Capture, CaptureMode, CaptureSettings, Provenance, Suspicion
from core.records.verdicts import Verdict
from core.records.window import now
from core.services import Services
from tests.pages.conftest import OpenPage, go_to
from tests.support.elements import (
    Alert,
    alerts,
    charts,
    image_captions,
    labelled,
    labels,
    links,
    values,
)
from tests.support.images import blocks, noise
from tests.support.records import (
    NO_PREDICTION,
    NOON,
    make_capture,
    make_image,
    make_prediction,
    make_unanswered,
)
from tests.support.traffic import decide, request

NO_IMAGE = "No image was captured: only the answer was kept, or imported."
SELECT = "Select a row to open it, several to download them."


@pytest.fixture
def captures(signwatch: Services) -> list[Capture]:
    """Four captures, newest first, that differ in all that can be filtered."""
    made = []
    for minutes, class_id, confidence, flagged, source, endpoint in (
        (1, 14, 0.95, False, "dashboard", "signwatch"),
        (30, 14, 0.39, True, "replay", "roadside"),
        (3 * 60, 2, 0.70, True, "lab", "signwatch"),
        (40 * 24 * 60, 2, 0.99, False, None, "signwatch"),
    ):
        image = make_image(len(made))
        capture = make_capture(
            image,
            inferred_at=now() - timedelta(minutes=minutes),
            endpoint=endpoint,
            prediction=make_prediction(class_id, confidence, flagged=flagged),
            provenance=Provenance(source),
        )
        signwatch.log.append([capture], [image])
        made.append(capture)
    return made


def table(at: AppTest) -> list[dict[str, object]]:
    assert not at.exception
    return at.dataframe[0].value.to_dict("records") if at.dataframe else []


def shown(at: AppTest) -> list[str]:
    """Capture ids in the table."""
    return [str(row["capture id"]) for row in table(at)]


def ids(captures: list[Capture], *numbers: int) -> list[str]:
    return [captures[number].capture_id for number in numbers]


def select_rows(at: AppTest, *rows: int) -> AppTest:
    """What clicks on rows leave in the session."""
    selection = {"rows": list(rows), "columns": [], "cells": []}
    at.session_state[at.dataframe[0].key] = {"selection": selection}
    at.run()
    assert not at.exception
    return at


def press(at: AppTest, label: str) -> AppTest:
    labelled(at.button, label).click().run()
    assert not at.exception
    return at


def fill(signwatch: Services, count: int) -> list[str]:
    """`count` captures of one image, newest first; returns their ids."""
    image, end = make_image(), now()
    made = [
        make_capture(image, inferred_at=end - timedelta(seconds=number)) for number in range(count)
    ]
    signwatch.log.append(made, [image])
    return [capture.capture_id for capture in made]


def chips(at: AppTest) -> list[str]:
    return [each.label for each in at.button if (each.key or "").startswith("chip_")]


# Nothing to list


def test_an_empty_log_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page("captures")
    assert alerts(at) == [
        Alert("info", "Nothing captured yet", "Requests appear here as soon as they are answered.")
    ]
    assert [link[:2] for link in links(at)] == [
        ("Classify images", "classify"),
        ("Send attacked signs", "attack"),
    ]
    assert not at.dataframe


def test_a_filter_that_nothing_passes_says_so(open_page: OpenPage, captures: list[Capture]) -> None:
    at = open_page("captures", predicted="40", as_of="2100-01-01T00:00:00Z")
    newest = f"{captures[0].inferred_at:%Y-%m-%d %H:%M:%S}"
    assert alerts(at) == [
        Alert(
            "info",
            "No capture matches",
            "Take a filter away, or press **Newest** for what arrived after 2100-01-01 00:00:00 "
            f"UTC. The newest capture of all is from {newest} UTC.",
        )
    ]
    assert chips(at) == [class_name(40)]


# Filters and addresses


@pytest.mark.parametrize(
    ("query", "expected", "chip"),
    [
        ({}, [0, 1, 2, 3], None),
        ({"period": "hour"}, [0, 1], "last hour"),
        ({"period": "day"}, [0, 1, 2], "last day"),
        ({"period": "week"}, [0, 1, 2], "last 7 days"),
        ({"period": "month"}, [0, 1, 2], "last 30 days"),
        ({"since": "2100-01-01T00:00:00Z"}, [], "from 2100-01-01 00:00:00"),
        ({"until": "2000-01-01"}, [], "before 2000-01-01 00:00:00"),
        ({"since": "2000-01-01T00:00"}, [0, 1, 2, 3], "from 2000-01-01 00:00:00"),
        ({"predicted": "14"}, [0, 1], class_name(14)),
        ({"predicted": "4711"}, [], class_name(4711)),
        ({"flagged": "yes"}, [1, 2], "flagged"),
        ({"flagged": "no"}, [0, 3], "not flagged"),
        ({"low": "70"}, [0, 2, 3], "confidence 70 to 100 %"),
        ({"high": "70"}, [1, 2], "confidence 0 to 70 %"),
        ({"low": "50", "high": "96"}, [0, 2], "confidence 50 to 96 %"),
        ({"source": "replay"}, [1], "source: replay"),
        ({"endpoint": "roadside"}, [1], "endpoint: roadside"),
        ({"verdict": "decided"}, [1, 2], "verdict: decided"),
        ({"verdict": "undecided"}, [0, 3], "verdict: undecided"),
        ({"verdict": "not a sign"}, [2], "verdict: not a sign"),
        ({"verdict": "model wrong"}, [], "verdict: model wrong"),
    ],
)
def test_an_address_names_its_filter(
    query: dict[str, str],
    expected: list[int],
    chip: str | None,
    open_page: OpenPage,
    signwatch: Services,
    captures: list[Capture],
) -> None:
    decide(signwatch, captures[1].capture_id, Verdict.ADVERSARIAL, 1)
    decide(signwatch, captures[2].capture_id, Verdict.NOT_A_SIGN)
    at = open_page("captures", **query)
    assert shown(at) == ids(captures, *expected)
    assert chips(at) == ([chip] if chip else [])


def test_captures_by_their_ids(open_page: OpenPage, captures: list[Capture]) -> None:
    at = open_page("captures", ids=",".join(ids(captures, 0, 2)))
    assert shown(at) == ids(captures, 0, 2)
    assert chips(at) == ["2 capture ids"]


def test_filters_are_set_in_the_popover_and_stand_in_the_address(
    open_page: OpenPage, captures: list[Capture]
) -> None:
    at = open_page("captures")
    labelled(at.selectbox, "Predicted class").select(2)
    labelled(at.selectbox, "Time").select("day")
    labelled(at.slider, "Confidence, %").set_range(50, 80)
    labelled(at.get("segmented_control"), "Flagged").set_value("yes")
    labelled(at.selectbox, "Verdict").select("undecided")
    labelled(at.text_input, "Source").set_value(" lab ")
    press(at, "Apply")
    assert shown(at) == ids(captures, 2)
    assert {name: at.query_params[name] for name in at.query_params if name != "as_of"} == {
        "period": "day",
        "predicted": "2",
        "low": "50",
        "high": "80",
        "flagged": "yes",
        "verdict": "undecided",
        "source": "lab",
    }


def test_a_class_that_the_model_does_not_know_stays_in_the_filter(
    open_page: OpenPage, captures: list[Capture]
) -> None:
    at = open_page("captures", predicted="4711")
    assert labelled(at.selectbox, "Predicted class").value == 4711
    press(at, "Apply")
    assert at.query_params["predicted"] == "4711"
    assert shown(at) == []


def test_a_chip_takes_its_filter_away(open_page: OpenPage, captures: list[Capture]) -> None:
    at = open_page("captures", predicted="14", source="replay")
    assert shown(at) == ids(captures, 1)
    press(at, "source: replay")
    assert shown(at) == ids(captures, 0, 1)
    assert "source" not in at.query_params


def test_all_filters_can_be_cleared(open_page: OpenPage, captures: list[Capture]) -> None:
    at = press(open_page("captures", predicted="2", flagged="yes"), "Clear all")
    assert shown(at) == ids(captures, 0, 1, 2, 3)
    assert chips(at) == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("predicted", "stop", "must be a whole number in 0..999,999,999, got `stop`"),
        ("low", "101", "must be a whole number in 0..100, got `101`"),
        ("period", "year", "must be one of hour, day, week, month, got `year`"),
        ("flagged", "maybe", "must be one of yes, no, got `maybe`"),
        ("since", "noon", "must be a time like 2026-02-14T17:00:00Z, got `noon`"),
        ("until", "0001-01-01", "must lie in the years 1900 to 9000, got `0001-01-01`"),
        ("ids", "7,8", "must be capture ids, got `7`"),
        ("capture", "../..", "must be capture ids, got `../..`"),
        ("page", "3", "must be oldest, or older- or newer- with a time, got `3`"),
        ("page", "older-x_y", "must be oldest, or older- or newer- with a time, got `older-x_y`"),
        (
            "verdict",
            "fine",
            "must be one of decided, undecided, adversarial, model wrong, right after all, "
            "not a sign, unreadable, got `fine`",
        ),
    ],
)
def test_what_an_address_gets_wrong_is_shown_and_the_rest_counts(
    name: str, value: str, problem: str, open_page: OpenPage, captures: list[Capture]
) -> None:
    at = open_page("captures", **{name: value, "source": "replay"})
    assert alerts(at) == [
        Alert("warning", "", f"`{name}` in the address {problem}; it is left out")
    ]
    assert shown(at) == ids(captures, 1)
    assert name not in at.query_params


# Page by page


def test_pages_of_twenty_five(open_page: OpenPage, signwatch: Services) -> None:
    made = fill(signwatch, 60)
    at = open_page("captures")
    assert shown(at) == made[:25]
    assert [labelled(at.button, way).disabled for way in ("Newer", "Older")] == [True, False]
    assert shown(press(at, "Older")) == made[25:50]
    assert shown(press(at, "Older")) == made[50:]
    assert [labelled(at.button, way).disabled for way in ("Newer", "Older")] == [False, True]
    assert shown(press(at, "Newer")) == made[25:50]
    assert shown(press(at, "Newer")) == made[:25]
    assert shown(press(at, "Oldest")) == made[35:]
    assert shown(press(at, "Newer")) == made[10:35]


def test_the_page_says_where_it_is(open_page: OpenPage, signwatch: Services) -> None:
    made = [make_capture(inferred_at=NOON + timedelta(seconds=number)) for number in range(30)]
    signwatch.log.append(made, [make_image()])
    at = open_page("captures", as_of="2026-02-14T13:00:00Z")
    assert (
        "**25 captures, 2026-02-14 12:00:05 to 12:00:29 UTC** · 30 match, as of "
        "2026-02-14 13:00:00 UTC" in values(at.markdown)
    )


def test_an_address_is_a_place_that_can_be_shared(open_page: OpenPage, signwatch: Services) -> None:
    made = fill(signwatch, 60)
    at = press(open_page("captures"), "Older")
    address = {name: at.query_params[name] for name in at.query_params}
    request(signwatch, blocks(1))
    assert shown(open_page("captures", **address)) == made[25:50]


def test_a_jump_to_a_time(open_page: OpenPage, signwatch: Services) -> None:
    made = [make_capture(inferred_at=NOON + timedelta(minutes=number)) for number in range(9)]
    signwatch.log.append(made, [])
    at = open_page("captures")
    labelled(at.get("datetime_input"), "Captures up to (UTC)").set_value(
        datetime(2026, 2, 14, 12, 3)
    )
    press(at, "Jump")
    assert shown(at) == [capture.capture_id for capture in made[3::-1]]
    assert at.query_params["page"] == "older-20260214T120300.000000Z"
    assert shown(press(at, "Newer")) == [capture.capture_id for capture in made[:3:-1]]


def test_a_jump_before_everything_leads_back(open_page: OpenPage, signwatch: Services) -> None:
    made = fill(signwatch, 3)
    at = open_page("captures", page="older-20000101T000000Z")
    assert shown(at) == []
    assert any(text.startswith("**No capture here** · 3 match") for text in values(at.markdown))
    assert shown(press(at, "Newer")) == made


def test_rows_stay_where_they_are_while_traffic_arrives(
    open_page: OpenPage, signwatch: Services
) -> None:
    made = fill(signwatch, 60)
    at = press(open_page("captures"), "Older")
    newest = request(signwatch, blocks(1))
    assert shown(at.run()) == made[25:50]
    assert shown(press(at, "Newer")) == made[:25]
    assert shown(press(at, "Newest")) == [newest, *made[:24]]


def test_the_page_opens_with_the_newest(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("captures")
    first = request(signwatch, blocks(1))
    go_to(at, "classify")
    go_to(at, "captures")
    assert shown(at) == [first]


# Rows


def test_a_row_says_what_is_known_of_a_capture(
    open_page: OpenPage, signwatch: Services, captures: list[Capture]
) -> None:
    decide(signwatch, captures[1].capture_id, Verdict.ADVERSARIAL, 1)
    ordinary, flagged, *_ = table(open_page("captures"))
    assert str(flagged.pop("image")).startswith("data:image/png;base64,")
    assert flagged.pop("time (UTC)").to_pydatetime() == captures[1].inferred_at
    assert flagged.pop("confidence") == pytest.approx(0.39)
    assert flagged == {
        "predicted class": class_name(14),
        "flagged": "yes",
        "verdict": "adversarial",
        "source": "replay",
        "endpoint": "roadside",
        "capture id": captures[1].capture_id,
    }
    assert ordinary["flagged"] == "no"


def test_a_row_of_an_answer_alone(open_page: OpenPage, signwatch: Services) -> None:
    imported = NO_PREDICTION | {"class_id": 57}
    signwatch.log.append([make_capture(**imported | {"image_sha256": None})], [])
    (row,) = table(open_page("captures"))
    assert row["image"] == thumbnails.no_image()
    assert row["predicted class"] == "57 (no sign of ours)"
    assert (row["confidence"], row["flagged"], row["verdict"]) == (None, None, None)


def test_a_row_of_a_image_alone(open_page: OpenPage, signwatch: Services) -> None:
    image = make_image()
    signwatch.log.append([make_unanswered(image)], [image])
    (row,) = table(open_page("captures"))
    assert row["image"] != thumbnails.no_image()
    assert row["predicted class"] == "not captured"


def test_large_photographs_are_listed_as_small_images(
    open_page: OpenPage, signwatch: Services
) -> None:
    request(signwatch, noise(600, 800))
    (row,) = table(open_page("captures"))
    assert len(str(row["image"])) < 20_000


# One capture


def test_a_selected_row_is_opened_and_stands_in_the_address(
    open_page: OpenPage, captures: list[Capture]
) -> None:
    at = open_page("captures")
    assert values(at.caption)[-1] == SELECT
    select_rows(at, 1)
    assert at.query_params["capture"] == captures[1].capture_id
    assert "Opened capture" in values(at.subheader)
    select_rows(at)
    assert "capture" not in at.query_params
    assert values(at.caption)[-1] == SELECT


def test_another_page_opens_nothing(open_page: OpenPage, signwatch: Services) -> None:
    fill(signwatch, 30)
    at = select_rows(open_page("captures"), 20)
    assert len(at.image) == 1
    press(at, "Older")
    assert not at.image
    assert "capture" not in at.query_params


def test_one_capture_in_detail(
    open_page: OpenPage,
    signwatch: Services,
    captures: list[Capture],
    downloads: dict[str, Callable[[], bytes]],
) -> None:
    capture = captures[1]
    at = open_page("captures", capture=capture.capture_id)
    image = signwatch.captures.stored_image(capture.image_sha256)
    assert image_captions(at) == [f"32 x 32 pixels, {len(image.content):,} bytes"]
    assert f"**{class_name(14)}** · 39.0% confident" in values(at.markdown)
    assert charts(at).keys() == {"capture_top"}
    assert downloads[f"{capture.capture_id}.png"]() == image.content
    (line,) = downloads[f"{capture.capture_id}.jsonl"]().decode().splitlines()
    assert json.loads(line) == capture_record([capture], {image.sha256: image})
    assert links(at) == [
        ("Explain", "explain", f"capture={capture.capture_id}"),
        ("Tensors", "tensors", f"capture={capture.capture_id}"),
        ("Give a verdict", "triage", f"capture={capture.capture_id}"),
    ]
    assert "No verdict yet." in values(at.caption)
    assert json.loads(at.code[-1].value) == capture_record([capture], {image.sha256: image})


def test_every_verdict_is_listed_the_latest_first(
    open_page: OpenPage, signwatch: Services, captures: list[Capture]
) -> None:
    capture_id = captures[1].capture_id
    decide(signwatch, capture_id, Verdict.ADVERSARIAL, 1, note="seen")
    decide(signwatch, capture_id, Verdict.NOT_A_SIGN, analyst="ada")
    at = open_page("captures", capture=capture_id)
    history = at.dataframe[1].value
    assert history["verdict"].tolist() == ["not a sign", "adversarial"]
    assert history["counts"].tolist() == ["yes", "no"]
    assert history["true class"].fillna("").tolist() == ["", class_name(1)]
    assert history["note"].tolist() == ["", "seen"]
    assert history["analyst"].tolist() == ["ada", "local"]


def test_its_origin_is_shown(open_page: OpenPage, signwatch: Services) -> None:
    image = make_image()
    capture = make_capture(
        image,
        inference_id="run-7",
        custom_attributes=("source=roadside", "lane=2"),
        provenance=Provenance("roadside", 3, "pgd", 14, "c" * 64),
    )
    signwatch.log.append([capture], [image])
    at = open_page("captures", capture=capture.capture_id)
    facts = at.table[0].value
    shown = dict(zip(facts.index, facts.iloc[:, 0], strict=True))
    assert shown["Custom attributes"] == "source=roadside; lane=2"
    assert shown["True class, by its sender"] == class_name(3)
    assert (shown["Made by"], shown["Aimed at"]) == ("pgd", class_name(14))
    assert shown["Image of its request"] == "1"
    assert values(at.code)[:6] == [
        capture.capture_id,
        capture.event_id,
        "run-7",
        "roadside",
        image.sha256,
        "c" * 64,
    ]
    names = ["Capture id", "Event id", "Inference id", "Source"]
    names += ["Image SHA-256", "Clean image SHA-256"]
    assert [text for text in values(at.caption) if text in names] == names


def test_a_image_without_prediction(open_page: OpenPage, signwatch: Services) -> None:
    image = make_image()
    capture = make_unanswered(image)
    signwatch.log.append([capture], [image])
    at = open_page("captures", capture=capture.capture_id)
    assert "**No prediction was captured**" in values(at.markdown)
    assert [label for label, *_ in links(at)] == ["Explain", "Tensors"]


@pytest.mark.parametrize(
    ("confidence", "text"),
    [(None, "confidence not captured"), (0.5, "50.0% confident")],
)
def test_an_imported_answer_without_image(
    confidence: float | None, text: str, open_page: OpenPage, signwatch: Services
) -> None:
    imported = NO_PREDICTION | {"class_id": 57, "confidence": confidence, "image_sha256": None}
    capture = make_capture(**imported)
    signwatch.log.append([capture], [])
    at = open_page("captures", capture=capture.capture_id)
    assert f"**57 (no sign of ours)** · {text}" in values(at.markdown)
    assert Alert("info", "", NO_IMAGE) in alerts(at)
    assert [label for label, *_ in links(at)] == ["Give a verdict"]
    assert not charts(at)


def test_an_unknown_capture_gets_a_clear_message(
    open_page: OpenPage, captures: list[Capture]
) -> None:
    unknown = "01a1fcb5-0000-8000-8000-000000000000"
    at = open_page("captures", capture=unknown)
    assert alerts(at) == [Alert("error", "", f"no capture {unknown} in the log")]
    assert len(shown(at)) == 4


def test_a_very_thin_image_can_be_shown(open_page: OpenPage, signwatch: Services) -> None:
    capture_id = request(signwatch, noise(1, 900))
    (caption,) = image_captions(open_page("captures", capture=capture_id))
    assert caption.startswith("900 x 1 pixels, ")


# Downloads


def unpacked(content: bytes) -> tuple[dict[str, bytes], list[dict[str, object]]]:
    """Images by name, and the lines of captures.jsonl."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = files.pop("captures.jsonl").splitlines()
    return files, [json.loads(line) for line in lines]


def test_selected_rows_are_downloaded(
    open_page: OpenPage,
    signwatch: Services,
    captures: list[Capture],
    downloads: dict[str, Callable[[], bytes]],
) -> None:
    at = select_rows(open_page("captures"), 0, 2)
    assert "Selected (2 captures)" in labels(at.get("download_button"))
    files, lines = unpacked(downloads["signwatch-captures.zip"]())
    images = signwatch.log.images([captures[0].image_sha256, captures[2].image_sha256])
    assert files == {f"pictures/{name}.png": image.content for name, image in images.items()}
    assert lines == [capture_record([captures[n]], images) for n in (0, 2)]


def test_all_that_match_are_packed_when_asked_for(
    open_page: OpenPage,
    signwatch: Services,
    captures: list[Capture],
    downloads: dict[str, Callable[[], bytes]],
) -> None:
    silent = make_capture(**NO_PREDICTION | {"class_id": 14, "image_sha256": None})
    signwatch.log.append([silent], [])
    at = open_page("captures", predicted="14")
    assert not at.get("download_button")
    press(at, "Prepare: All 3 captures")
    (label,) = labels(at.get("download_button"))
    assert label.startswith("All 3 captures (")
    files, lines = unpacked(downloads["signwatch-captures.zip"]())
    images = signwatch.log.images([capture.image_sha256 for capture in captures])
    assert lines == [capture_record([each], images) for each in (*captures[:2], silent)]
    assert len(files) == 2
    press(at, class_name(14))  # another filter, another file
    assert not at.get("download_button")
    assert "Prepare: All 5 captures" in labels(at.button)


# Imports


def test_without_imports_it_says_how(open_page: OpenPage) -> None:
    at = open_page("captures")
    at.get("segmented_control")[0].set_value("Imports").run()
    assert [(each.kind, each.title) for each in alerts(at)] == [("info", "Nothing imported yet")]
    again = open_page("captures", **at.query_params)  # as a reload does
    assert [each.title for each in alerts(again)] == ["Nothing imported yet"]
    again.get("segmented_control")[0].set_value("Captures").run()
    assert [each.title for each in alerts(again)] == ["Nothing captured yet"]
    assert "show" not in again.query_params


def test_files_and_unreadable_lines_are_listed(
    open_page: OpenPage, signwatch: Services, tmp_path: Path
) -> None:
    with signwatch.log.database.transaction() as transaction:
        transaction.execute(
            "INSERT INTO log.imports (path, bytes, sha256, lines, stored, repeated, unreadable, "
            "ground_truth, imported_at) VALUES ('a.jsonl', 9, 'x', 40, 8, 2, 30, 0, '2026-02-14')"
        )
        for line in range(1, 31):
            transaction.execute(
                "INSERT INTO log.unreadable (path, line, reason, content) VALUES (?, ?, ?, ?)",
                ["a.jsonl", line, "no JSON", "{" * 600],
            )
    at = open_page("captures")
    at.get("segmented_control")[0].set_value("Imports").run()
    files, lines = (each.value for each in at.dataframe)
    (file,) = files.to_dict("records")
    assert [file[name] for name in ("file", "lines", "stored", "repeated", "unreadable")] == [
        "a.jsonl",
        40,
        8,
        2,
        30,
    ]
    assert lines["line"].tolist() == list(range(1, 26))
    assert (lines["reason"][0], lines["text"][0]) == ("no JSON", "{" * 500)
    assert values(at.caption)[-1] == "1 to 25 of 30 lines"
    press(at, "Lines after")
    assert at.dataframe[1].value["line"].tolist() == list(range(26, 31))
    assert labelled(at.button, "Lines after").disabled
    press(at, "Lines before")
    assert values(at.caption)[-1] == "1 to 25 of 30 lines"


# Capture settings


def test_capture_settings_of_an_endpoint(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("captures")
    at.text_input(key="settings_endpoint").set_value("roadside").run()
    labelled(at.number_input, "Requests that are captured, %").set_value(25.0)
    labelled(at.get("segmented_control"), "Kept of each").set_value(CaptureMode.OUTPUT)
    press(at, "Save")
    assert signwatch.captures.rules.all() == {
        "roadside": CaptureSettings(True, 25.0, CaptureMode.OUTPUT)
    }


def test_an_endpoint_that_cannot_be_is_refused(open_page: OpenPage, signwatch: Services) -> None:
    at = open_page("captures")
    at.text_input(key="settings_endpoint").set_value("no/endpoint").run()
    press(at, "Save")
    assert alerts(at)[0] == Alert(
        "error",
        "",
        "endpoint name must be 1 to 63 letters, digits and inner hyphens, got 'no/endpoint'",
    )
    assert signwatch.captures.rules.all() == {}


def test_a_flagged_capture_says_why(open_page: OpenPage, signwatch: Services) -> None:
    image = make_image()
    capture = make_capture(image, suspicion=Suspicion(0.001, True, ("margin too small",)))
    signwatch.log.append([capture], [image])
    at = open_page("captures", capture=capture.capture_id)
    assert "Why: margin too small." in values(at.caption)
