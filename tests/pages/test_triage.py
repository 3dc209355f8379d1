"""Triage: the most suspicious first, verdicts by button, what others do meanwhile, undo, export."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from core.images import ImageFile
from core.labels import class_name
from core.plots.base import ALARM, ORDINARY
from core.records.captures import Capture, Provenance
from core.records.drills import MARK
from core.records.monitoring import Trigger
from core.records.queries import CaptureFilter
from core.records.triage import LEASE, Holder
from core.records.verdicts import Decision, Verdict
from core.records.window import now
from core.services import Services
from tests.pages.conftest import OpenPage
from tests.support.elements import Alert, alerts, labelled, labels, links, metrics, values
from tests.support.images import blocks
from tests.support.records import (
    NO_PREDICTION,
    make_capture,
    make_image,
    make_prediction,
    make_unanswered,
)
from tests.support.traffic import decide, predict, put_flagged, request

EMPTY = Alert("success", "The queue is empty", "Nothing waits. Flagged predictions appear here.")
OTHERS_WAIT = Alert(
    "info",
    "Nothing that waits matches",
    "3 flagged predictions wait. Remove a filter to see them.",
)
SECONDS = 60  # that a context may take on a busy machine


@pytest.fixture
def queue(signwatch: Services) -> list[Capture]:
    """Three flagged predictions, most suspicious first; put into the log in another order."""
    middle = put_flagged(signwatch, 0.004, class_id=14, seed=1)
    last = put_flagged(signwatch, 0.009, class_id=2, seed=2)
    first = put_flagged(signwatch, 0.001, class_id=25, seed=3)
    return [first, middle, last]


def decisions(signwatch: Services, capture: Capture) -> list[Decision]:
    """Every verdict on a capture, oldest first."""
    trail = signwatch.triage.trail(capture.capture_id)
    return [each.decision for each in trail if not each.taken_back]


def heading(capture: Capture) -> str:
    return class_name(capture.class_id)


def opened(at: AppTest) -> str:
    """The heading of what is open."""
    (found,) = values(at.subheader)
    return found


def press(at: AppTest, label: str, *, now: bool = True) -> AppTest:
    """Press the first button of that label."""
    next(each for each in at.button if each.proto.label == label).click()
    return finished(at.run()) if now else at


def finished(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def choose(at: AppTest, class_id: int) -> AppTest:
    """Choose the true class by its name."""
    (field,) = [each for each in at.selectbox if (each.key or "").startswith("triage_class_")]
    return finished(field.select(class_id).run())


def looked_at(signwatch: Services, at: AppTest, capture: Capture) -> AppTest:
    """The page, once its context is built."""
    assert signwatch.triage.contexts.wait(capture.capture_id, SECONDS)
    return finished(at.run())


def shown_list(at: AppTest) -> dict[str, str]:
    """The list's name -> what stands on it."""
    (control,) = [each for each in at.segmented_control if each.key == "triage_list"]
    return dict(zip(["waiting", "new", "in work", "done"], control.options, strict=True))


def queue_of(at: AppTest) -> list[str]:
    """What stands in the queue."""
    return [each.proto.label for each in at.button if (each.key or "").startswith("triage_group_")]


# The queue


def test_an_empty_queue_is_good_news(open_page: OpenPage) -> None:
    at = open_page("triage")
    assert alerts(at) == [EMPTY]
    assert queue_of(at) == []
    (export,) = at.get("download_button")
    assert export.proto.disabled


def test_the_most_suspicious_stands_first_and_is_open(
    open_page: OpenPage, queue: list[Capture]
) -> None:
    at = open_page("triage")
    first, *others = (class_name(capture.class_id) for capture in queue)
    assert queue_of(at) == [f"**{first}**", *others]
    assert opened(at) == heading(queue[0])
    assert shown_list(at)["waiting"] == "Waiting 3"
    assert alerts(at) == []


def test_what_was_not_flagged_does_not_wait(open_page: OpenPage, signwatch: Services) -> None:
    ordinary = next(
        pixels
        for pixels in map(blocks, range(100))
        if not predict(signwatch, pixels).suspicion.flagged
    )
    request(signwatch, ordinary)
    assert alerts(open_page("triage")) == [EMPTY]


@pytest.mark.parametrize(("groups", "rest"), [(13, "3 more groups"), (11, "1 more group")])
def test_only_the_head_of_a_long_queue_is_listed(
    open_page: OpenPage, signwatch: Services, groups: int, rest: str
) -> None:
    for number in range(groups):
        put_flagged(signwatch, 0.001 + number / 10_000, class_id=number, seed=number)
    at = open_page("triage")
    assert len(queue_of(at)) == 10
    assert f"and {rest}" in values(at.caption)


def test_one_source_and_class_is_one_group(open_page: OpenPage, signwatch: Services) -> None:
    for number in range(3):
        put_flagged(signwatch, 0.002, seed=number, provenance=Provenance("cam"))
    put_flagged(signwatch, 0.001, provenance=Provenance("van"))
    at = open_page("triage")
    assert queue_of(at) == [f"**{class_name(14)}**", class_name(14)]
    assert [text for text in values(at.markdown) if "gray-badge" in text] == [
        ":gray-badge[1]",
        ":gray-badge[3]",
    ]
    press(at, class_name(14))
    assert queue_of(at) == [class_name(14), f"**{class_name(14)}**"]


def test_what_a_drill_sent_is_listed_only_on_request(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    for number in range(2):
        sent = Provenance(f"{MARK}one/{number}")
        put_flagged(signwatch, 0.0001, seed=number, class_id=30, provenance=sent)
    overview = metrics(open_page("overview"))["Waiting in triage"]
    assert overview == ("3", "5 flagged in the window")
    at = open_page("triage")
    assert opened(at) == heading(queue[0])
    assert (shown_list(at)["waiting"], len(queue_of(at))) == ("Waiting 3", 3)
    (drills,) = [each for each in at.segmented_control if each.proto.label == "Drills"]
    assert drills.options == ["Left out", "Included"]
    drills.set_value("included")
    press(at, "Apply")
    assert at.query_params["drills"] == "included"
    assert (shown_list(at)["waiting"], len(queue_of(at))) == ("Waiting 5", 5)
    press(at, "drills: included")
    assert "drills" not in at.query_params
    assert shown_list(at)["waiting"] == "Waiting 3"


@pytest.mark.parametrize(
    ("query", "found", "chips"),
    [
        ({"q": "stop"}, [1], ["“stop”"]),
        ({"q": "nothing of that kind"}, [], ["“nothing of that kind”"]),
        ({"predicted": "2"}, [2], [class_name(2)]),
        ({"source": "cam"}, [], ["source: cam"]),
        ({"endpoint": "signwatch"}, [0, 1, 2], ["endpoint: signwatch"]),
        ({"until": "2000-01-01"}, [], ["before 2000-01-01 00:00:00"]),
        ({"status": "in work"}, [], []),
        ({"predicted": "2", "q": "stop"}, [], ["“stop”", class_name(2)]),
    ],
)
def test_an_address_names_what_is_listed(
    query: dict[str, str],
    found: list[int],
    chips: list[str],
    open_page: OpenPage,
    queue: list[Capture],
) -> None:
    at = open_page("triage", **query)
    names = [class_name(queue[number].class_id) for number in found]
    assert [each.strip("*") for each in queue_of(at)] == names
    assert [each for each in labels(at.button) if each in chips] == chips
    assert alerts(at) == ([] if found else [OTHERS_WAIT])
    assert [opened(at)] == [heading(queue[n]) for n in found[:1]] if found else not at.subheader


def test_what_cannot_be_read_in_the_address_is_shown(
    open_page: OpenPage, queue: list[Capture]
) -> None:
    at = open_page("triage", status="gone", predicted="two")
    assert [each.text for each in alerts(at)] == [
        "`status` in the address must be one of waiting, new, in work, done, got `gone`; "
        "it is left out",
        "`predicted` in the address must be a whole number in 0..999,999,999, got `two`; "
        "it is left out",
    ]
    assert len(queue_of(at)) == 3


def test_a_search_is_in_the_address(open_page: OpenPage, queue: list[Capture]) -> None:
    at = open_page("triage")
    (field,) = [each for each in at.text_input if each.proto.label == "Search"]
    finished(field.set_value("stop").run())
    assert at.query_params["q"] == "stop"
    assert [each.strip("*") for each in queue_of(at)] == [class_name(14)]
    press(at, "“stop”")
    assert "q" not in at.query_params
    assert len(queue_of(at)) == 3


def test_filters_are_set_in_the_popover_and_stand_in_the_address(
    open_page: OpenPage, queue: list[Capture]
) -> None:
    at = open_page("triage")
    labelled(at.selectbox, "Predicted class").select(2)
    labelled(at.text_input, "Source").set_value("cam")
    labelled(at.text_input, "Endpoint").set_value("roadside")
    labelled(at.datetime_input, "From (UTC)").set_value(datetime(2026, 2, 14, 11))
    labelled(at.datetime_input, "Before (UTC)").set_value(datetime(2026, 2, 14, 12))
    labelled(at.selectbox, "Verdict, of done ones").select("unreadable")
    labelled(at.text_input, "Analyst, of done ones").set_value("bo")
    press(at, "Apply")
    assert dict(at.query_params) == {
        "predicted": "2",
        "source": "cam",
        "endpoint": "roadside",
        "since": "20260214T110000.000000Z",
        "until": "20260214T120000.000000Z",
        "verdict": "unreadable",
        "analyst": "bo",
    }
    again = open_page("triage", **at.query_params)
    press(again, "Apply")  # nothing changed
    assert dict(again.query_params) == dict(at.query_params)


# One item


def test_an_item_says_what_it_is_and_why_it_was_flagged(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture = put_flagged(
        signwatch, 0.0012, endpoint="roadside", provenance=Provenance("replay", 3, "pgd", 14)
    )
    at = open_page("triage")
    assert (
        f"{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC  \n"
        "endpoint roadside · source replay · p-value 0.0012  \n"
        f"According to its sender: made by pgd, aimed at {class_name(14)}."
    ) in values(at.caption)
    assert ":red[:material/flag:] p-value 0.0012" in values(at.caption)
    assert at.progress[0].text == f"{class_name(14)} · 75.0%"


def test_a_model_that_was_replaced_gets_a_badge(open_page: OpenPage, signwatch: Services) -> None:
    sha256 = signwatch.model.sha256
    put_flagged(signwatch, 0.001, model_sha256=sha256)
    at = open_page("triage")
    badge = "Another model predicted this"
    assert not any(badge in text for text in values(at.markdown))
    put_flagged(signwatch, 0.0001, class_id=2, model_sha256="ab" * 32)
    assert any(badge in text for text in values(open_page("triage").markdown))


def test_heat_maps_follow_beside_the_clean_image(open_page: OpenPage, signwatch: Services) -> None:
    clean = ImageFile.from_pixels(blocks(50))
    reference = signwatch.captures.keep_reference(clean)
    capture = put_flagged(
        signwatch, 0.001, seed=51, provenance=Provenance("lab", 3, "pgd", 14, reference)
    )
    at = looked_at(signwatch, open_page("triage"), capture)
    for title, pixels in (("This image", blocks(51)), ("Clean", clean.pixels)):
        shown = predict(signwatch, pixels)
        prediction = f"{class_name(shown.class_id)} · {shown.confidence:.1%}"
        words = f"<b>{title}</b> <br>predicted as {prediction}</figcaption>"
        assert any(words in each.body for each in at.get("html"))


def test_the_run_that_it_belongs_to_is_linked(open_page: OpenPage, signwatch: Services) -> None:
    capture = put_flagged(signwatch, 0.001, minutes_ago=1)
    execution = signwatch.monitoring.run(threshold=0.1, trigger=Trigger.MANUAL)
    at = looked_at(signwatch, open_page("triage"), capture)
    assert (
        f"Alarm: {execution.violations[0].description}",
        "monitor",
        f"execution={execution.execution_id}",
    ) in links(at)


def test_a_deep_link_opens_its_item(open_page: OpenPage, queue: list[Capture]) -> None:
    at = open_page("triage", capture=queue[1].capture_id)
    assert opened(at) == heading(queue[1])
    assert at.query_params["capture"] == queue[1].capture_id


def test_an_unknown_item_gets_a_clear_message(open_page: OpenPage, queue: list[Capture]) -> None:
    at = open_page("triage", capture="no-such-id")
    assert alerts(at) == [Alert("error", "", "no capture no-such-id in the log")]
    assert len(queue_of(at)) == 3
    assert opened(at) == heading(queue[0])


def test_a_flagged_prediction_without_image_can_be_decided(
    open_page: OpenPage, signwatch: Services
) -> None:
    prediction = make_prediction(14, 0.5, p_value=0.001, flagged=True)
    capture = make_capture(prediction=prediction, image_sha256=None, inferred_at=now())
    signwatch.log.append([capture], [])
    at = looked_at(signwatch, open_page("triage"), capture)
    problem = "no image was captured: only the answer was kept, or imported."
    assert [each.text for each in alerts(at)] == [
        f"There is no image: {problem}",
        f"There is no heat map: {problem}",
    ]
    press(at, "Not a sign")
    assert decisions(signwatch, capture)[0].verdict is Verdict.NOT_A_SIGN


def test_an_imported_answer_can_be_decided(open_page: OpenPage, signwatch: Services) -> None:
    capture = make_capture(**NO_PREDICTION | {"class_id": 14, "image_sha256": None})
    signwatch.log.append([capture], [])
    at = open_page("triage", capture=capture.capture_id)
    assert opened(at) == class_name(14)
    assert "confidence not captured" in values(at.markdown)
    assert any(text.endswith("p-value not computed") for text in values(at.caption))
    press(choose(at, 1), "Model wrong")
    assert decisions(signwatch, capture)[0].true_class == 1


def test_a_capture_without_prediction_has_nothing_to_judge(
    open_page: OpenPage, signwatch: Services
) -> None:
    image = make_image()
    capture = make_unanswered(image)
    signwatch.log.append([capture], [image])
    at = open_page("triage", capture=capture.capture_id)
    problem = "No prediction was captured, so there is none to judge."
    assert Alert("info", "", problem) in alerts(at)
    assert "Not a sign" not in labels(at.button)


# Verdicts


def test_a_verdict_with_its_true_class_is_recorded_and_the_next_item_opens(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = choose(open_page("triage"), 1)
    (note,) = [each for each in at.text_input if each.proto.label == "Note"]
    note.set_value(" seen on the road ")
    press(at, "Adversarial")
    (decision,) = decisions(signwatch, queue[0])
    assert (decision.verdict, decision.true_class) == (Verdict.ADVERSARIAL, 1)
    assert (decision.note, decision.analyst) == ("seen on the road", "local")
    assert opened(at) == heading(queue[1])
    assert alerts(at) == []
    assert shown_list(at) == {
        "waiting": "Waiting 2",
        "new": "New",
        "in work": "In work",
        "done": "Done 1",
    }
    assert f":green[:material/check:] adversarial, {class_name(1)}" in values(at.caption)


@pytest.mark.parametrize("verdict", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_missing_true_class_is_asked_for_and_completes_the_verdict(
    verdict: Verdict, open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = press(open_page("triage"), verdict.words.capitalize())
    assert any("which sign is it really?" in text for text in values(at.markdown))
    assert decisions(signwatch, queue[0]) == []
    assert opened(at) == heading(queue[0])
    press(at, class_name(0))  # among the likely ones
    assert [(each.verdict, each.true_class) for each in decisions(signwatch, queue[0])] == [
        (verdict, 0)
    ]
    assert opened(at) == heading(queue[1])


def test_the_predicted_class_cannot_be_the_true_one_of_a_wrong_prediction(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = press(choose(open_page("triage"), 25), "Model wrong")
    assert [each.text for each in alerts(at)] == [
        f"the verdict `model wrong` means that {class_name(25)} is wrong, and it is also the true "
        "class given; choose another class, or the verdict `false positive`"
    ]
    assert decisions(signwatch, queue[0]) == []
    assert opened(at) == heading(queue[0])


@pytest.mark.parametrize(
    ("verdict", "true_class"),
    [(Verdict.FALSE_POSITIVE, 25), (Verdict.NOT_A_SIGN, None), (Verdict.UNREADABLE, None)],
)
def test_other_verdicts_need_no_true_class(
    verdict: Verdict,
    true_class: int | None,
    open_page: OpenPage,
    signwatch: Services,
    queue: list[Capture],
) -> None:
    press(open_page("triage"), verdict.words.capitalize())
    (decision,) = decisions(signwatch, queue[0])
    assert (decision.verdict, decision.true_class) == (verdict, true_class)


@pytest.mark.parametrize(("label", "proposed"), [(7, True), (14, False), (99, False)])
def test_the_true_class_that_the_sender_named_is_proposed(
    label: int, proposed: bool, open_page: OpenPage, signwatch: Services
) -> None:
    capture = put_flagged(signwatch, 0.001, provenance=Provenance("lab", label, "deepfool", 14))
    at = press(open_page("triage"), "Adversarial")
    found = [each.true_class for each in decisions(signwatch, capture)]
    assert found == ([7] if proposed else [])
    assert (alerts(at) == [EMPTY]) == proposed


def offered(at: AppTest) -> list[str]:
    """The true classes that have a number."""
    return [each.proto.label for each in at.button if (each.key or "").startswith("triage_likely_")]


def test_any_sign_can_be_picked_by_its_image(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    before = offered(at)
    press(at, "All signs")
    assert offered(at) == []
    tiles = [each for each in at.button if re.match(r"triage_all_\d", each.key or "")]
    assert [each.proto.label for each in tiles] == [str(number) for number in range(43)]
    finished(tiles[38].click().run())
    assert not [each for each in at.button if (each.key or "").startswith("triage_all_38")]
    assert offered(at) == [class_name(38), *before[:-1]]
    press(at, "Model wrong")
    assert decisions(signwatch, queue[0])[0].true_class == 38


def test_working_through_the_queue_empties_it(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    for capture in queue:
        assert opened(at) == heading(capture)
        press(at, "Not a sign")
    assert alerts(at) == [EMPTY]
    assert [len(decisions(signwatch, capture)) for capture in queue] == [1, 1, 1]


def test_the_item_of_a_link_gets_the_verdict_not_the_head_of_the_queue(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = press(open_page("triage", capture=queue[2].capture_id), "Unreadable")
    assert decisions(signwatch, queue[2])[0].verdict is Verdict.UNREADABLE
    assert signwatch.log.count(CaptureFilter(decided=True)) == 1
    assert opened(at) == heading(queue[0])


# Later, back, undo


def test_later_and_back(open_page: OpenPage, queue: list[Capture]) -> None:
    at = press(open_page("triage"), "Later")
    assert opened(at) == heading(queue[1])
    assert opened(press(at, "Back")) == heading(queue[0])


def test_undo_takes_the_verdict_back_and_opens_its_item(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    assert labelled(at.button, "Undo").disabled
    press(at, "Not a sign")
    press(at, "Undo")
    assert opened(at) == heading(queue[0])
    assert alerts(at) == [Alert("info", "", "Taken back: not a sign.")]
    assert shown_list(at)["done"] == "Done 0"
    trail = at.dataframe[0].value
    assert trail["verdict"].tolist() == ["taken back: not a sign", "not a sign"]
    assert trail["counts"].tolist() == ["no", "no"]
    assert labelled(at.button, "Undo").disabled


def test_a_verdict_in_the_trail_can_be_taken_back(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    decide(signwatch, queue[1].capture_id, Verdict.UNREADABLE, analyst="bo")
    at = looked_at(signwatch, open_page("triage", capture=queue[1].capture_id), queue[1])
    assert any("Done: unreadable (bo)" in text for text in values(at.markdown))
    press(at, "Take back: unreadable")
    assert signwatch.log.capture(queue[1].capture_id).decision is None
    assert opened(at) == heading(queue[1])


# Groups


@pytest.fixture
def burst(signwatch: Services) -> list[Capture]:
    """Four frames of one sign, of one source, the second unlike the others."""
    return [
        put_flagged(
            signwatch,
            0.001 * (number + 1),
            seed=9 if number == 1 else 1,
            minutes_ago=1 - number / 60,
            provenance=Provenance("cam"),
        )
        for number in range(4)
    ]


def strips(at: AppTest) -> list[list[tuple[str, str]]]:
    """The rows of small images: what stands under each, and the colour of its frame."""
    figure = re.compile(r"border:3px solid ([^;]+);.*?<figcaption[^>]*>[^<]*<br>([^<]*)<")
    found = [
        [(text, colour) for colour, text in figure.findall(each.body)] for each in at.get("html")
    ]
    return [each for each in found if each]


def test_neighbours_say_how_far_they_are_before_and_after(
    open_page: OpenPage, signwatch: Services
) -> None:
    moment, image = now() - timedelta(hours=1), make_image(1)
    seconds = (-7200.0, -30.0, 0.0, 45.5, 150.0)
    around = [
        make_capture(
            image,
            inferred_at=moment + timedelta(seconds=each),
            provenance=Provenance("cam"),
            prediction=make_prediction(14, p_value=0.001, flagged=each <= 0),
        )
        for each in seconds
    ]
    signwatch.log.append(around, [image])
    at = looked_at(signwatch, open_page("triage", capture=around[2].capture_id), around[2])
    assert strips(at)[-1] == [
        ("-2 h", ALARM),
        ("-30.0 s", ALARM),
        ("now", ORDINARY),
        ("+45.5 s", "transparent"),
        ("+2 min", "transparent"),
    ]


def test_a_group_says_how_far_each_of_it_is(
    open_page: OpenPage, signwatch: Services, burst: list[Capture]
) -> None:
    decide(signwatch, burst[1].capture_id, Verdict.UNREADABLE)
    open_page("triage", capture=burst[2].capture_id)
    at = looked_at(signwatch, open_page("triage"), burst[0])
    assert strips(at)[0] == [("open x 3", ORDINARY), ("done", ALARM)]
    assert "**3 similar predictions are waiting** (same source and class)." in values(at.markdown)


@pytest.mark.parametrize(
    ("button", "decided"), [("All similar (3)", {0, 2, 3}), ("Whole group (4)", {0, 1, 2, 3})]
)
def test_a_verdict_is_given_to_many_at_once(
    button: str, decided: set[int], open_page: OpenPage, signwatch: Services, burst: list[Capture]
) -> None:
    at = looked_at(signwatch, open_page("triage"), burst[0])
    press(at, button)
    press(at, f"Not a sign x {len(decided)}")
    found = {n for n, capture in enumerate(burst) if decisions(signwatch, capture)}
    assert found == decided
    assert f":green[:material/check:] {len(decided)} x not a sign" in values(at.caption)
    press(at, "Undo")
    assert signwatch.log.count(CaptureFilter(decided=True)) == 0


def test_some_of_a_group_can_be_chosen(
    open_page: OpenPage, signwatch: Services, burst: list[Capture]
) -> None:
    at = press(looked_at(signwatch, open_page("triage"), burst[0]), "Choose some")

    def mark(number: int, yes: bool) -> None:
        (box,) = [each for each in at.checkbox if burst[number].capture_id in each.key]
        finished(box.set_value(yes).run())

    assert [each.label for each in at.checkbox] == ["1 x 3", "2"]  # the same image stands once
    for number, yes in ((1, True), (0, True), (0, False)):
        mark(number, yes)
    press(at, "Unreadable x 2")
    assert [len(decisions(signwatch, capture)) for capture in burst] == [1, 1, 0, 0]


def test_a_whole_group_gets_the_verdict_however_large(
    open_page: OpenPage, signwatch: Services
) -> None:
    one, most = make_image(1), 700
    captures = [
        make_capture(
            one if number < most else make_image(number),
            inferred_at=now() - timedelta(minutes=5) + timedelta(seconds=number / 10),
            provenance=Provenance("cam"),
            prediction=make_prediction(14, p_value=0.001 if number else 0.0001, flagged=True),
        )
        for number in range(most + 30)
    ]
    signwatch.log.append(captures, [one])
    at = looked_at(signwatch, open_page("triage"), captures[0])
    assert f"**{most + 30} similar predictions are waiting** (same source and class)." in values(
        at.markdown
    )
    assert f":gray-badge[{most + 30}]" in values(at.markdown)
    assert f"open x {most}" in [text for text, _ in strips(at)[0]]
    assert "24 of 31 different images are shown." in values(at.caption)
    assert f"All similar ({most})" in labels(at.button)
    press(at, f"Whole group ({most + 30})")
    press(at, f"Not a sign x {most + 30}")
    assert signwatch.log.count(CaptureFilter(decided=True)) == most + 30
    assert f":green[:material/check:] {most + 30} x not a sign" in values(at.caption)
    press(at, "Undo")
    assert signwatch.log.count(CaptureFilter(decided=True)) == 0


def test_giving_to_many_is_taken_off_by_the_same_button(
    open_page: OpenPage, signwatch: Services, burst: list[Capture]
) -> None:
    at = press(looked_at(signwatch, open_page("triage"), burst[0]), "Whole group (4)")
    press(at, "Whole group (4)")
    press(at, "Unreadable")
    assert signwatch.log.count(CaptureFilter(decided=True)) == 1


# Others


def test_two_windows_get_different_items_and_each_is_shown(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    one, two = open_page("triage"), open_page("triage")
    assert (opened(one), opened(two)) == (heading(queue[0]), heading(queue[1]))
    assert ":material/group: 1 in work elsewhere (local)" in values(two.caption)
    press(one, "Not a sign")
    assert opened(one) == heading(queue[2])


def test_the_verdict_of_another_analyst_is_shown_and_both_are_kept(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    decide(signwatch, queue[0].capture_id, Verdict.UNREADABLE, analyst="bo")
    press(at, "Not a sign")
    assert [each.text for each in alerts(at)] == [
        "bo gave the verdict `unreadable` meanwhile. Both are on record; yours counts, as it is "
        "later."
    ]
    assert [each.analyst for each in decisions(signwatch, queue[0])] == ["bo", "local"]


def test_a_verdict_on_what_retention_deleted_is_kept_with_a_message(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    with signwatch.log.database.transaction() as transaction:
        transaction.execute(
            "DELETE FROM log.captures WHERE capture_id = ?::UUID", [queue[0].capture_id]
        )
    press(at, "Not a sign")
    assert [each.text for each in alerts(at)] == [
        "Retention deleted the capture meanwhile. Your verdict is on record, and in the audit "
        "trail."
    ]
    assert decisions(signwatch, queue[0])[0].verdict is Verdict.NOT_A_SIGN
    assert opened(at) == heading(queue[1])


def test_who_has_it_in_work_stands_over_an_item(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    until = signwatch.triage.in_work_elsewhere(Holder("nobody", ""))[0].until
    assert until - now() <= LEASE
    assert any(f"In work here until {until:%H:%M} UTC" in text for text in values(at.markdown))
    press(at, "Not a sign")
    done = open_page("triage", capture=queue[0].capture_id)
    assert any("Done: not a sign (local)" in text for text in values(done.markdown))


# Done, outcome, export


def test_done_ones_are_listed_and_can_be_decided_again(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    decide(signwatch, queue[0].capture_id, Verdict.NOT_A_SIGN)
    decide(signwatch, queue[1].capture_id, Verdict.UNREADABLE, analyst="bo")
    at = open_page("triage", status="done", analyst="bo")
    (item,) = [each for each in at.button if (each.key or "").startswith("triage_done_")]
    finished(item.click().run())
    assert at.query_params["capture"] == queue[1].capture_id
    press(at, "Not a sign")
    assert [each.verdict for each in decisions(signwatch, queue[1])] == [
        Verdict.UNREADABLE,
        Verdict.NOT_A_SIGN,
    ]


def test_the_outcome_is_computed_from_verdicts(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    at.session_state["triage_outcome"] = True
    finished(at.run())
    assert any("not computed. No flagged prediction" in text for text in values(at.markdown))
    decide(signwatch, queue[0].capture_id, Verdict.NOT_A_SIGN)
    decide(signwatch, queue[1].capture_id, Verdict.FALSE_POSITIVE)
    finished(at.run())
    (metric,) = [each for each in at.metric if each.label == "Flags that were right"]
    assert (metric.value, metric.delta) == ("50.0%", "1 of 2 reviewed")
    assert any(
        "not computed: 2 verdicts on flags by p-value" in each for each in values(at.markdown)
    )


def test_the_outcome_suggests_a_level_for_the_share_that_is_asked_for(
    open_page: OpenPage, signwatch: Services
) -> None:
    for number in range(30):  # the 15 most suspicious are right, of the others none
        capture = put_flagged(
            signwatch,
            0.0001 * (number + 1),
            seed=number % 3,
            provenance=Provenance(source=str(number)),
        )
        verdict = Verdict.NOT_A_SIGN if number < 15 else Verdict.FALSE_POSITIVE
        decide(signwatch, capture.capture_id, verdict)
    at = open_page("triage")
    at.session_state["triage_outcome"] = True
    finished(at.run())
    for percent in (50, 95):
        finished(at.slider(key="triage_worth").set_value(percent).run())
        (text,) = [text for text in values(at.markdown) if text.startswith("**Level of the flag**")]
        assert text.endswith(f"0.0015: above it 0 of 15 flags were right, fewer than {percent}%.")
    assert "To use it, start with `SIGNWATCH_ALPHA=0.0015`." in values(at.markdown)


def test_what_was_decided_is_exported(
    open_page: OpenPage,
    signwatch: Services,
    queue: list[Capture],
    downloads: dict[str, Callable[[], bytes]],
) -> None:
    at = choose(open_page("triage"), 1)
    press(at, "Adversarial")
    press(at, "Not a sign")
    assert labels(at.get("download_button")) == ["Export"]
    with zipfile.ZipFile(io.BytesIO(downloads["signwatch-triage.zip"]())) as archive:
        file = "01/00000_00000.png"
        files = {"manifest.jsonl", "annotations.json", "audit.jsonl"}
        assert {file, f"images/{file}", *files} < set(archive.namelist())
        assert archive.read(file) == signwatch.captures.stored_image(queue[0].image_sha256).content
        lines, audit = (
            [json.loads(line) for line in archive.read(name).splitlines()]
            for name in ("manifest.jsonl", "audit.jsonl")
        )
    assert {line["capture_id"]: line["decision"]["verdict"] for line in lines} == {
        queue[0].capture_id: "adversarial",
        queue[1].capture_id: "not a sign",
    }
    assert [(line["analyst"], line["verdict"]) for line in audit] == [
        ("local", "adversarial"),
        ("local", "not a sign"),
    ]


def test_an_execution_leads_to_what_was_flagged_in_its_window(
    open_page: OpenPage, signwatch: Services
) -> None:
    inside = put_flagged(signwatch, 0.002, minutes_ago=5)
    put_flagged(signwatch, 0.001, class_id=2, minutes_ago=90)
    signwatch.monitoring.run(threshold=0.1, trigger=Trigger.MANUAL)
    monitor = open_page("monitor")
    (query,) = [
        query
        for label, page, query in links(monitor)
        if (label, page) == ("Review this window's flags in triage", "triage")
    ]
    at = open_page("triage", **dict(parse_qsl(query)))
    assert queue_of(at) == [f"**{class_name(14)}**"]
    assert opened(at) == heading(inside)
