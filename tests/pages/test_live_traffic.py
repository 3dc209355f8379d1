"""What a person does while traffic flows: what is acted on is what was seen."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

from streamlit.testing.v1 import AppTest

from core.records.captures import Capture
from core.records.verdicts import Verdict
from core.records.window import now
from core.services import Services
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, labelled, labels, links
from tests.support.records import make_capture, make_image
from tests.support.traffic import decide

# Captures


def commit(signwatch: Services, *seconds_ago: float) -> list[Capture]:
    """Captures of different images, answered so long ago and committed now."""
    captures = []
    for seconds in seconds_ago:
        image = make_image(round(seconds * 10))
        captures.append(make_capture(image, inferred_at=now() - timedelta(seconds=seconds)))
        signwatch.log.append(captures[-1:], [image])
    return captures


def ids(captures: list[Capture]) -> list[str]:
    return [capture.capture_id for capture in captures]


def packed(content: bytes) -> list[str]:
    """Event ids in a ZIP of captures."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = archive.read("captures.jsonl").splitlines()
    return [json.loads(line)["eventMetadata"]["eventId"] for line in lines]


def events(captures: list[Capture]) -> list[str]:
    return [capture.event_id for capture in captures]


def rows(at: AppTest) -> list[str]:
    """Capture ids in the table."""
    return list(at.dataframe[0].value["capture id"])


def select(at: AppTest, *numbers: int) -> AppTest:
    """Click rows of the table by their number, as it was drawn."""
    selection = {"rows": list(numbers), "columns": [], "cells": []}
    at.session_state[at.dataframe[0].key] = {"selection": selection}
    at.run()
    assert not at.exception
    return at


def opened(at: AppTest) -> str:
    """Id of the capture that the page has opened, as its links carry it."""
    (query,) = {query for label, _, query in links(at) if label == "Give a verdict"}
    return query.removeprefix("capture=")


def test_the_row_that_is_clicked_is_opened_though_earlier_captures_are_committed_meanwhile(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20, 30)
    at = open_page("captures")
    commit(signwatch, 5, 6, 15)
    for number, capture in enumerate(drawn):
        select(at, number)
        assert rows(at) == ids(drawn)
        assert opened(at) == capture.capture_id == at.query_params["capture"]


def test_what_came_meanwhile_waits_for_newest(open_page: OpenPage, signwatch: Services) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    late = commit(signwatch, 5, 15)
    labelled(at.button, "Newest").click().run()
    assert rows(at) == ids([late[0], drawn[0], late[1], drawn[1]])


def test_a_reload_opens_the_capture_that_was_open_wherever_its_row_is_by_then(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = select(open_page("captures"), 1)
    late = commit(signwatch, 15)
    again = open_page("captures", **at.query_params)
    assert rows(again) == ids([drawn[0], late[0], drawn[1]])
    assert opened(again) == drawn[1].capture_id


def test_several_selected_rows_are_downloaded_whatever_is_committed_meanwhile(
    open_page: OpenPage, signwatch: Services, downloads: dict[str, Callable[[], bytes]]
) -> None:
    drawn = commit(signwatch, 10, 20, 30)
    at = open_page("captures")
    commit(signwatch, 5, 15)
    select(at, 0, 2)
    assert packed(downloads["signwatch-captures.zip"]()) == events([drawn[0], drawn[2]])


def test_all_that_match_are_packed_though_more_are_committed_than_were_counted(
    open_page: OpenPage, signwatch: Services, downloads: dict[str, Callable[[], bytes]]
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    late = commit(signwatch, 15)
    labelled(at.button, "Prepare: All 2 captures").click().run()
    expected = events([drawn[0], late[0], drawn[1]])
    assert packed(downloads["signwatch-captures.zip"]()) == expected
    (label,) = labels(at.get("download_button"))
    assert label.startswith("All 3 captures (")


def test_a_row_whose_capture_retention_deletes_keeps_its_place(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20, 30)
    at = open_page("captures")
    with signwatch.log.database.transaction() as transaction:
        transaction.execute(
            "DELETE FROM log.captures WHERE capture_id = ?::UUID", [drawn[1].capture_id]
        )
    select(at, 2)
    assert rows(at) == ids(drawn)
    assert opened(at) == drawn[2].capture_id
    select(at, 1)
    assert alerts(at) == [Alert("error", "", f"no capture {drawn[1].capture_id} in the log")]


def test_rows_stay_and_say_what_was_decided_meanwhile(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    decide(signwatch, drawn[1].capture_id, Verdict.UNREADABLE)
    at.run()
    assert at.dataframe[0].value["verdict"].fillna("").tolist() == ["", "unreadable"]


def test_the_row_stays_open_while_its_address_is_on_its_way_to_the_browser(
    open_page: OpenPage, signwatch: Services
) -> None:
    drawn = commit(signwatch, 10, 20)
    at = open_page("captures")
    address = dict(at.query_params)
    select(at, 1)
    at.query_params = address
    at.run()
    assert opened(at) == drawn[1].capture_id
