"""Monitor: how good the predictions of a run's window were."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.records.captures import Provenance
from core.records.quality import CAUTION, EstimatedAccuracy, Figure
from core.records.queries import CaptureFilter
from core.records.verdicts import Decision, Verdict
from core.records.window import now
from core.services import Services
from tests.pages.conftest import OpenPage
from tests.support.elements import charts, labelled, metrics, values
from tests.support.records import make_capture, make_prediction

LINE = '{"groundTruthData": {"data": "%s", "encoding": "CSV"}, "eventMetadata": {"eventId": "%s"}}'
ESTIMATES = (
    "Mean confidence",
    "Difference of confidences",
    "Average thresholded confidence",
)
NONE_YET = "Not computed: no prediction of this window has its ground truth yet."


def put(signwatch: Services, *class_ids: int) -> list[str]:
    captures = [
        make_capture(
            prediction=make_prediction(k),
            inferred_at=now() - timedelta(minutes=1),
            provenance=Provenance("replay", label=1),
        )
        for k in class_ids
    ]
    signwatch.log.append(captures, [])
    return [capture.event_id for capture in captures]


def send(signwatch: Services, **labels: str) -> None:
    lines = [LINE % (label, event_id.removeprefix("_")) for event_id, label in labels.items()]
    signwatch.captures.merge_ground_truth("\n".join(lines).encode())


def test_without_labels_it_says_how_to_send_them(open_page: OpenPage, signwatch: Services) -> None:
    put(signwatch, 14, 2)
    signwatch.monitoring.run()
    at = open_page("monitor")
    how = " Send labels as they become known, or import them with `captures import`:"
    assert NONE_YET + how in values(at.caption)
    assert [code for code in values(at.code) if "/api/ground-truth" in code]
    assert "confusion" not in charts(at)


def test_labels_of_other_predictions_are_named(open_page: OpenPage, signwatch: Services) -> None:
    put(signwatch, 14)
    send(signwatch, elsewhere="14")
    signwatch.monitoring.run()
    (text,) = [text for text in values(open_page("monitor").caption) if NONE_YET in text]
    assert "The log holds 1 label of other predictions" in text


def test_late_labels_count_as_they_come(open_page: OpenPage, signwatch: Services) -> None:
    events = put(signwatch, 14, 14, 2, 2)
    signwatch.monitoring.run()
    send(signwatch, **dict(zip(events[:3], ("14", "1", "2"), strict=True)))
    at = open_page("monitor")
    assert metrics(at)["Accuracy"][0] == "66.67%"
    assert metrics(at)["F1"][0] == "55.56%"
    assert charts(at)["confusion"]["data"][0]["text"] == [
        ["", "", "1"],
        ["", "1", ""],
        ["", "", "1"],
    ]
    (caption,) = [text for text in values(at.caption) if "have their label" in text]
    assert caption.startswith("3 of 4 predictions have their label, as of ")


def test_verdicts_and_senders_labels_stand_beside_it_with_their_caution(
    open_page: OpenPage, signwatch: Services
) -> None:
    put(signwatch, 14, 2)
    signwatch.monitoring.run()
    item = signwatch.log.find(CaptureFilter(), limit=1)[0]
    decision = Decision(item.capture.capture_id, Verdict.MODEL_WRONG, 1, "", "ada", now())
    signwatch.log.verdicts.add([decision])
    at = open_page("monitor")
    chooser = labelled(at.segmented_control, "By which labels")
    assert chooser.options == ["Ground truth (0)", "Analysts' verdicts (1)", "Senders' labels (2)"]
    for kind, caution in (
        ("analysts' verdicts", "A biased sample: "),
        ("senders' labels", "Not ground truth: "),
    ):
        labelled(at.segmented_control, "By which labels").set_value(kind).run()
        assert not at.exception
        assert metrics(at)["Accuracy"][0] == "0.00%"
        assert [text for text in values(at.caption) if caution in text]


def test_estimates_never_stand_without_their_caution(
    open_page: OpenPage, signwatch: Services
) -> None:
    put(signwatch, *range(1, 5))
    signwatch.monitoring.run()
    at = open_page("monitor")
    assert "Mean confidence: **75.0%**" in values(at.markdown)
    assert (
        "Difference of confidences: **not computed** (there is no baseline to compare with. "
        "Create one from labelled data)" in values(at.markdown)
    )
    assert CAUTION in values(at.caption)


def test_each_estimate_stands_under_its_name(
    open_page: OpenPage, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(signwatch, 1, 2)
    signwatch.monitoring.run()
    quality = signwatch.monitoring.quality
    estimated = EstimatedAccuracy(Figure(0.75), Figure(0.5), Figure(None, "no labels"))
    monkeypatch.setattr(
        signwatch.monitoring,
        "quality",
        lambda window: replace(quality(window), estimated=estimated),
    )
    texts = values(open_page("monitor").markdown)
    assert [text for text in texts if text.partition(":")[0] in ESTIMATES] == [
        "Mean confidence: **75.0%**",
        "Difference of confidences: **50.0%**",
        "Average thresholded confidence: **not computed** (no labels)",
    ]


def test_estimates_are_withheld_under_an_alarm(open_page: OpenPage, signwatch: Services) -> None:
    put(signwatch, *[14] * 4)
    signwatch.monitoring.run()
    assert (
        "Mean confidence: **not computed** (withheld while an alarm stands: under attack it would "
        "mislead)" in values(open_page("monitor").markdown)
    )


def test_an_empty_window_has_no_quality(open_page: OpenPage, signwatch: Services) -> None:
    signwatch.monitoring.run()
    at = open_page("monitor")
    assert "Model quality" not in values(at.subheader)
