"""Triage: the most suspicious first, verdicts that need their right class, and the export."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.images import Picture
from core.labels import class_name
from core.services import Services
from core.types import Capture, CaptureFilter, Decision, Provenance, Verdict, now
from tests.pages.conftest import OpenPage
from tests.pages.elements import Alert, alerts, charts, labelled, labels, metrics, values
from tests.pages.traffic import predict, put_flagged, request
from tests.pictures import blocks
from tests.records import (
    NO_PREDICTION,
    make_capture,
    make_image,
    make_prediction,
    make_unanswered,
)

EMPTY = Alert("success", "The queue is empty", "Nothing waits. Flagged predictions appear here.")
RIGHT_CLASS = "Right class (for adversarial and model wrong)"


@pytest.fixture
def queue(signwatch: Services) -> list[Capture]:
    """Three flagged predictions, most suspicious first; put into the log in another order."""
    middle = put_flagged(signwatch, 0.004, class_id=14, seed=1)
    last = put_flagged(signwatch, 0.009, class_id=2, seed=2)
    first = put_flagged(signwatch, 0.001, class_id=25, seed=3)
    return [first, middle, last]


def decisions(signwatch: Services, capture_id: str) -> list[Decision]:
    """Every verdict on a capture, oldest first."""
    return [each.decision for each in signwatch.desk.trail(capture_id) if not each.taken_back]


def heading(capture: Capture) -> str:
    prediction = capture.prediction
    return f"{class_name(prediction.class_id)}, {prediction.confidence:.1%} confident"


def opened(at: AppTest) -> str:
    """The heading of the item that is open."""
    (found,) = values(at.subheader)
    return found


def record(
    at: AppTest, verdict: Verdict, right_class: int | None = None, note: str = ""
) -> AppTest:
    labelled(at.segmented_control, "Verdict").select(verdict)
    if right_class is not None:
        labelled(at.selectbox, RIGHT_CLASS).select(right_class)
    labelled(at.text_input, "Note").set_value(note)
    labelled(at.button, "Record verdict").click().run()
    assert not at.exception
    return at


def test_an_empty_queue_is_good_news(open_page: OpenPage) -> None:
    at = open_page("triage")
    assert alerts(at) == [EMPTY]
    assert metrics(at) == {"Waiting": ("0", ""), "Decided": ("0", "")}
    assert not at.button
    assert not at.get("download_button")


def test_the_most_suspicious_stands_first_and_is_open(
    open_page: OpenPage, queue: list[Capture]
) -> None:
    at = open_page("triage")
    assert metrics(at) == {"Waiting": ("3", ""), "Decided": ("0", "")}
    assert "**Most suspicious first** (3 of 3)" in values(at.markdown)
    names = [class_name(capture.prediction.class_id) for capture in queue]
    assert [label for label in labels(at.button) if label != "Record verdict"] == names
    assert opened(at) == heading(queue[0])


def test_what_was_not_flagged_does_not_wait(open_page: OpenPage, signwatch: Services) -> None:
    ordinary = next(
        pixels for pixels in map(blocks, range(100))
        if not predict(signwatch, pixels).suspicion.flagged
    )  # fmt: skip
    request(signwatch, ordinary)
    assert alerts(open_page("triage")) == [EMPTY]


def test_only_the_head_of_a_long_queue_is_listed(open_page: OpenPage, signwatch: Services) -> None:
    for number in range(15):
        put_flagged(signwatch, 0.001 + number / 10_000, class_id=number, seed=number)
    at = open_page("triage")
    assert "**Most suspicious first** (12 of 15)" in values(at.markdown)
    names = [class_name(number) for number in range(12)]
    assert [label for label in labels(at.button) if label != "Record verdict"] == names


def test_an_item_says_what_it_is_and_why_it_was_flagged(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture = put_flagged(
        signwatch, 0.0012, endpoint="roadside", provenance=Provenance("replay", 3, "pgd", 14)
    )
    at = open_page("triage")
    assert values(at.caption)[:2] == [
        f"{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC · endpoint roadside · source replay · "
        "p-value 0.0012",
        "The sender says: made by pgd.",
    ]
    assert any("p-value 0.0012" in text and "badge" in text for text in values(at.markdown))


def test_heat_maps_of_this_picture_beside_its_clean_one(
    open_page: OpenPage, signwatch: Services
) -> None:
    clean = Picture.from_pixels(blocks(50))
    reference = signwatch.keep_reference(clean)
    put_flagged(signwatch, 0.001, seed=51, provenance=Provenance("lab", 3, "pgd", 14, reference))
    at = open_page("triage")
    assert charts(at).keys() == {"triage_This picture", "triage_Clean"}
    for title, pixels in (("This picture", blocks(51)), ("Clean", clean.pixels)):
        shown = predict(signwatch, pixels)
        text = f"**{title}**: {class_name(shown.class_id)} · {shown.confidence:.1%}"
        assert text in values(at.markdown)


@pytest.mark.parametrize("reference", [None, "0" * 64])
def test_without_a_clean_picture_the_map_stands_alone(
    reference: str | None, open_page: OpenPage, signwatch: Services
) -> None:
    put_flagged(signwatch, 0.001, provenance=Provenance("lab", 3, "pgd", 14, reference))
    at = open_page("triage")
    assert charts(at).keys() == {"triage_This picture"}
    assert "No clean picture is known for this one." in values(at.caption)


def test_another_item_of_the_queue_can_be_opened(open_page: OpenPage, queue: list[Capture]) -> None:
    at = open_page("triage")
    at.button(key=f"open_{queue[2].capture_id}").click().run()
    assert not at.exception
    assert opened(at) == heading(queue[2])
    assert at.query_params["capture"] == queue[2].capture_id  # the address can be handed on


def test_a_deep_link_opens_its_item(open_page: OpenPage, queue: list[Capture]) -> None:
    assert opened(open_page("triage", capture=queue[1].capture_id)) == heading(queue[1])


def test_an_unknown_item_gets_a_clear_message(open_page: OpenPage, queue: list[Capture]) -> None:
    at = open_page("triage", capture="no-such-id")
    assert alerts(at) == [Alert("error", "", "no capture no-such-id in the log")]
    assert len(labels(at.button)) == 3  # the queue stays


def test_a_verdict_with_its_right_class_is_recorded_and_the_next_item_opens(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = record(open_page("triage"), Verdict.ADVERSARIAL, 1, " seen on the road ")
    decision = signwatch.log.capture(queue[0].capture_id).decision
    assert (decision.verdict, decision.right_class) == (Verdict.ADVERSARIAL, 1)
    assert (decision.note, decision.analyst) == ("seen on the road", "local")
    assert metrics(at) == {"Waiting": ("2", ""), "Decided": ("1", "")}
    assert opened(at) == heading(queue[1])
    assert alerts(at) == []


@pytest.mark.parametrize("verdict", [Verdict.ADVERSARIAL, Verdict.MODEL_WRONG])
def test_a_missing_right_class_is_asked_for_and_nothing_is_recorded(
    verdict: Verdict, open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = record(open_page("triage"), verdict)
    assert alerts(at) == [
        Alert("error", "", f"the verdict `{verdict}` needs the right class; choose one")
    ]
    assert decisions(signwatch, queue[0].capture_id) == []
    assert metrics(at)["Waiting"] == ("3", "")
    assert opened(at) == heading(queue[0])


def test_the_predicted_class_cannot_be_the_right_one_of_a_wrong_prediction(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = record(open_page("triage"), Verdict.MODEL_WRONG, 25)
    assert alerts(at) == [
        Alert(
            "error", "",
            f"the verdict `model wrong` says that {class_name(25)} is wrong, and it is also the "
            "right class given; choose another class, or the verdict `right after all`",
        )
    ]  # fmt: skip
    assert decisions(signwatch, queue[0].capture_id) == []


@pytest.mark.parametrize(
    ("verdict", "right_class"),
    [(Verdict.RIGHT_AFTER_ALL, 25), (Verdict.NOT_A_SIGN, None), (Verdict.UNREADABLE, None)],
)
def test_other_verdicts_need_no_right_class(
    verdict: Verdict, right_class: int | None, open_page: OpenPage, signwatch: Services,
    queue: list[Capture],
) -> None:  # fmt: skip
    record(open_page("triage"), verdict)
    decision = signwatch.log.capture(queue[0].capture_id).decision
    assert (decision.verdict, decision.right_class) == (verdict, right_class)


def test_the_true_class_that_the_sender_named_is_proposed(
    open_page: OpenPage, signwatch: Services
) -> None:
    capture = put_flagged(signwatch, 0.001, provenance=Provenance("lab", 7, "deepfool", 14))
    at = open_page("triage")
    assert labelled(at.selectbox, RIGHT_CLASS).value == 7
    record(at, Verdict.ADVERSARIAL)
    assert signwatch.log.capture(capture.capture_id).decision.right_class == 7


def test_the_item_of_a_link_gets_the_verdict_not_the_head_of_the_queue(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage", capture=queue[2].capture_id)
    record(at, Verdict.UNREADABLE)
    assert signwatch.log.capture(queue[2].capture_id).decision.verdict is Verdict.UNREADABLE
    assert signwatch.log.count(CaptureFilter(decided=True)) == 1
    assert opened(at) == heading(queue[0])
    assert "capture" not in at.query_params


def test_working_through_the_queue_empties_it(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    at = open_page("triage")
    for capture in queue:
        assert opened(at) == heading(capture)
        record(at, Verdict.NOT_A_SIGN)
    assert alerts(at) == [EMPTY]
    assert metrics(at) == {"Waiting": ("0", ""), "Decided": ("3", "")}
    assert [len(decisions(signwatch, capture.capture_id)) for capture in queue] == [1, 1, 1]


def test_a_decided_item_can_be_decided_again(
    open_page: OpenPage, signwatch: Services, queue: list[Capture]
) -> None:
    record(open_page("triage"), Verdict.NOT_A_SIGN)
    record(open_page("triage", capture=queue[0].capture_id), Verdict.UNREADABLE)
    given = decisions(signwatch, queue[0].capture_id)
    assert [each.verdict for each in given] == [Verdict.NOT_A_SIGN, Verdict.UNREADABLE]


def test_what_was_decided_is_exported(
    open_page: OpenPage, signwatch: Services, queue: list[Capture],
    downloads: dict[str, Callable[[], bytes]],
) -> None:  # fmt: skip
    at = open_page("triage")
    assert not at.get("download_button")
    record(at, Verdict.ADVERSARIAL, 1)
    record(at, Verdict.NOT_A_SIGN)
    assert labels(at.get("download_button")) == ["Export decided"]
    with zipfile.ZipFile(io.BytesIO(downloads["signwatch-triage.zip"]())) as archive:
        file = "01/00000_00000.png"
        assert archive.namelist()[0] == file
        stored = signwatch.stored_image(queue[0].image_sha256)
        assert archive.read(file) == stored.content
        lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    verdicts = {line["capture_id"]: line["decision"]["verdict"] for line in lines}
    assert verdicts == {
        queue[0].capture_id: "adversarial", queue[1].capture_id: "not a sign",
    }  # fmt: skip


def test_a_flagged_prediction_without_picture_can_be_decided(
    open_page: OpenPage, signwatch: Services
) -> None:
    prediction = make_prediction(14, 0.5, p_value=0.001, flagged=True)
    capture = make_capture(prediction=prediction, image_sha256=None, inferred_at=now())
    signwatch.log.append([capture], [])
    at = open_page("triage")
    assert Alert(
        "info", "",
        "There is no heat map: no picture was captured: only the answer was kept, or imported.",
    ) in alerts(at)  # fmt: skip
    assert not charts(at)
    record(at, Verdict.NOT_A_SIGN)
    assert signwatch.log.capture(capture.capture_id).decision.verdict is Verdict.NOT_A_SIGN


def test_an_imported_answer_can_be_decided(open_page: OpenPage, signwatch: Services) -> None:
    imported = NO_PREDICTION | {"class_id": 14, "image_sha256": None}
    capture = make_capture(**imported)
    signwatch.log.append([capture], [])
    at = open_page("triage", capture=capture.capture_id)
    assert opened(at) == f"{class_name(14)}, confidence not captured"
    assert values(at.caption)[0].endswith("p-value not computed")
    record(at, Verdict.MODEL_WRONG, 1)
    assert signwatch.log.capture(capture.capture_id).decision.right_class == 1


def test_a_capture_without_prediction_has_nothing_to_judge(
    open_page: OpenPage, signwatch: Services
) -> None:
    image = make_image()
    capture = make_unanswered(image)
    signwatch.log.append([capture], [image])
    at = open_page("triage", capture=capture.capture_id)
    assert alerts(at) == [
        Alert("info", "", "No prediction was captured, so there is none to judge.")
    ]


def test_a_label_that_is_none_of_our_classes_proposes_nothing(
    open_page: OpenPage, signwatch: Services
) -> None:
    put_flagged(signwatch, 0.001, provenance=Provenance("lab", 99, "pgd", 14))
    assert labelled(open_page("triage").selectbox, RIGHT_CLASS).value is None
