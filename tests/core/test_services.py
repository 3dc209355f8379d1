"""The composition root: one model, one log, everything the program can do."""

import io
import json
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core import services
from core.capture.provenance import RequestFacts
from core.errors import BadInput, NotFound, Unavailable
from core.images import ImageFile, ImageLimits, encode_png
from core.invocations import RequestLimits
from core.records.analysts import LOCAL
from core.records.attacks import AttackPlan
from core.records.captures import Provenance
from core.records.monitoring import ExecutionStatus, MonitorSettings, Trigger
from core.records.queries import CaptureFilter
from core.records.verdicts import GivenVerdict, Verdict
from core.records.window import Window, now
from core.services import Services, root
from core.settings import Settings
from core.store import ExecutionsTable, SchedulesTable
from tests.support.expect import raises
from tests.support.images import blocks, noise, saved
from tests.support.records import (
    NOON,
    comparable,
    make_capture,
    make_execution,
    make_image,
    make_prediction,
)
from tests.support.waiting import until

EVERYTHING = CaptureFilter()
AROUND_NOON = Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1))


def images(*seeds: int) -> list[ImageFile]:
    return [ImageFile.from_pixels(blocks(seed)) for seed in seeds]


def put(signwatch: Services, class_ids: Sequence[int]) -> None:
    """Captures at noon, of these classes."""
    image = make_image()
    captures = [make_capture(image, prediction=make_prediction(k)) for k in class_ids]
    signwatch.log.append(captures, [image])


# Serving


def test_an_answer_is_captured_as_it_was_given(signwatch: Services) -> None:
    sent = images(0, 1)
    before = now()
    answer = signwatch.inference.invoke(sent, RequestFacts(endpoint="cars", inference_id="i"))
    expected = signwatch.model.predict([image.pixels for image in sent])
    assert [each.class_id for each in answer.predictions] == [each.class_id for each in expected]
    for capture_id, prediction, image in zip(
        answer.capture_ids, answer.predictions, sent, strict=True
    ):
        assert capture_id is not None
        capture = signwatch.log.capture(capture_id).capture
        assert comparable(capture.prediction) == comparable(prediction)
        assert (capture.endpoint, capture.inference_id) == ("cars", "i")
        assert capture.image_sha256 == image.sha256
        assert capture.model_sha256 == signwatch.model.sha256
        assert before <= capture.inferred_at <= now()
        assert np.array_equal(signwatch.captures.image(image.sha256).pixels, image.pixels)


@pytest.mark.parametrize(("sampling", "kept"), [("0", 0), ("100", 6)])
def test_sampling_decides_what_is_kept(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest, sampling: str, kept: int
) -> None:
    environment.setenv("SIGNWATCH_SAMPLING", sampling)
    signwatch = request.getfixturevalue("signwatch")
    answers = [signwatch.inference.invoke(images(seed), RequestFacts()) for seed in range(6)]
    assert signwatch.log.count(EVERYTHING) == kept
    assert [answer.capture_ids == (None,) for answer in answers] == [kept == 0] * 6


def test_a_request_is_sampled_as_a_whole(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_SAMPLING", "50")
    signwatch = request.getfixturevalue("signwatch")
    signwatch._capturer._random.seed(0)
    answers = [signwatch.inference.invoke(images(0, 1, 2), RequestFacts()) for _ in range(20)]
    kept = [sum(each is not None for each in answer.capture_ids) for answer in answers]
    assert set(kept) == {0, 3}
    assert signwatch.log.count(EVERYTHING) == sum(kept)


def test_a_reference_is_an_image_without_a_capture(signwatch: Services) -> None:
    content = saved(blocks(3), "BMP")
    sha256 = signwatch.captures.keep_reference(ImageFile.from_file(content))
    assert signwatch.captures.stored_image(sha256).content == content
    assert signwatch.captures.stored_image(sha256).media_type == "image/bmp"
    assert np.array_equal(signwatch.captures.image(sha256).pixels, blocks(3))
    assert signwatch.log.count(EVERYTHING) == 0


def test_a_image_that_is_not_there_is_named(signwatch: Services) -> None:
    with raises(NotFound, "no image abc in the capture log"):
        signwatch.captures.image("abc")
    with raises(NotFound, "no image abc in the capture log"):
        signwatch.captures.stored_image("abc")


def test_limits_come_from_the_settings(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_BODY_BYTES", "1234")
    environment.setenv("SIGNWATCH_MAX_PIXELS", "567")
    environment.setenv("SIGNWATCH_MAX_BATCH", "8")
    signwatch = request.getfixturevalue("signwatch")
    assert signwatch.inference.limits == RequestLimits(1234, 8, ImageLimits(1234, 567))


# Lab


def test_images_are_attacked_with_the_model_that_serves(signwatch: Services) -> None:
    pixels = blocks(1)
    (before,) = signwatch.model.predict([pixels])
    reported: list[tuple[int, int, str]] = []
    (result,) = signwatch.lab.attack(
        AttackPlan("pgd", epsilon=8 / 255, steps=3, seed=1),
        [pixels],
        None,
        progress=lambda *report: reported.append(report),
    )
    assert result.eligible
    assert result.success
    assert np.abs(result.adversarial.astype(int) - pixels).max() <= 8
    (after,) = signwatch.model.predict([result.adversarial])
    assert after.class_id != before.class_id
    assert reported[-1][:2] == (3, 3)


def test_an_explanation_adds_up(signwatch: Services) -> None:
    explained = signwatch.lab.explain([blocks(1), noise(20, 30)], [None, 14])
    (predicted,) = signwatch.model.predict([blocks(1)])
    assert explained[0].class_id == explained[0].predicted_id == predicted.class_id
    assert explained[1].class_id == 14
    assert [each.map.shape for each in explained] == [(32, 32), (20, 30)]
    assert max(each.residual for each in explained) < 1e-3


def test_traffic_is_sent_with_its_provenance(signwatch: Services) -> None:
    provenance = Provenance("lab", 3, "pgd", 14, "ff")
    reported: list[tuple[int, int, str]] = []
    answers = signwatch.send_traffic(
        [(image, provenance) for image in images(0, 1, 2)],
        lambda *report: reported.append(report),
    )
    assert reported == [(1, 3, "sent"), (2, 3, "sent"), (3, 3, "sent")]
    found = signwatch.log.find(EVERYTHING, limit=9)
    assert {item.capture.capture_id for item in found} == {
        capture_id for answer in answers for capture_id in answer.capture_ids
    }
    assert {item.capture.provenance for item in found} == {provenance}


# Monitor


def test_the_monitor_finds_the_attack_and_keeps_the_execution(signwatch: Services) -> None:
    put(signwatch, [14] * 322 + [1] * 78)
    done = signwatch.monitoring.run(AROUND_NOON)
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    assert done.message == (
        "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )
    assert dict(done.figures.counts) == {14: 322, 1: 78}
    assert done.trigger is Trigger.MANUAL
    assert done.window == AROUND_NOON
    assert signwatch.monitoring.executions(9) == [done]


def test_a_baseline_lets_the_monitor_see_what_the_share_rule_misses(signwatch: Services) -> None:
    morning = Window(NOON - timedelta(hours=3), NOON - timedelta(hours=2))
    expected = [make_prediction(k) for k in [1, 2, 3, 14] * 100]
    signwatch.log.append(
        [make_capture(prediction=each, inferred_at=morning.start) for each in expected], []
    )
    stored = signwatch.monitoring.baselines.create(morning)
    put(signwatch, [14] * 196 + [1, 2, 3] * 68)
    done = signwatch.monitoring.run(AROUND_NOON)
    assert done.status is ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    # 0.49 - 0.25, less 1.8 sqrt(800 / 160,000)
    assert done.message == (
        "CompletedWithViolations: Baseline drift distance: 0.1127 exceeds threshold: 0.1"
    )
    assert done.baseline_id == stored.baseline_id
    assert signwatch.monitoring.executions(9) == [done]
    assert [rule["decides"] for rule in done.to_json()["rules"]] == [
        True,
        True,
        False,
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_threshold_may_be_given_for_once(signwatch: Services) -> None:
    put(signwatch, [14] * 8 + [1] * 2)
    assert signwatch.monitoring.run(AROUND_NOON, threshold=0.8).status is ExecutionStatus.COMPLETED
    assert signwatch.monitoring.run(AROUND_NOON).threshold == 0.5
    with raises(BadInput, "threshold must lie in (0, 1], got 0.0"):
        signwatch.monitoring.run(AROUND_NOON, threshold=0.0)
    assert len(signwatch.monitoring.executions(9)) == 2


def test_low_confidence_is_what_the_settings_say(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_LOW_CONFIDENCE", "0.8")
    signwatch = request.getfixturevalue("signwatch")
    put(signwatch, [14, 2])
    figures = signwatch.monitoring.figures(AROUND_NOON)
    assert (figures.total, figures.low_confidence, figures.mean_confidence) == (2, 2, 0.75)


def test_monitor_settings_are_the_defaults_until_some_are_set(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_THRESHOLD", "0.7")
    environment.setenv("SIGNWATCH_WINDOW_MINUTES", "15")
    signwatch = request.getfixturevalue("signwatch")
    assert signwatch.monitoring.settings() == MonitorSettings(0.7, 15)
    signwatch.monitoring.set_settings(MonitorSettings(0.25, 5))
    assert signwatch.monitoring.settings() == MonitorSettings(0.25, 5)
    window = signwatch.monitoring.live_window("cars")
    assert window.end - window.start == timedelta(minutes=5)
    assert window.endpoint == "cars"
    assert now() - window.end < timedelta(minutes=1)
    longer = signwatch.monitoring.live_window(minutes=90)
    assert longer.end - longer.start == timedelta(minutes=90)
    assert longer.endpoint is None
    done = signwatch.monitoring.run()
    assert done.threshold == 0.25
    assert done.window.end - done.window.start == timedelta(minutes=5)


def test_what_is_due_is_run_from_the_start_on(signwatch: Services) -> None:
    """The runs that came due while the program was not there are the first to be made up for."""
    at = now()
    (hourly,) = signwatch.monitoring.schedules.all()
    table = SchedulesTable(signwatch.log.database)
    table.change(replace(hourly, runs_from=at - timedelta(hours=1)))
    signwatch.start()
    until(lambda: _ended(signwatch), "the run is made up for")
    done = signwatch.monitoring.executions(9)[-1]
    assert (done.trigger, done.schedule) == (Trigger.SCHEDULED, "hourly")
    assert done.status is ExecutionStatus.FAILED
    assert done.due_at is not None
    assert at - timedelta(hours=1) < done.due_at <= now()
    assert done.window == Window(done.due_at - timedelta(hours=1), done.due_at)


def _ended(signwatch: Services) -> bool:
    found = signwatch.monitoring.executions(9)
    return bool(found) and found[-1].status is not ExecutionStatus.IN_PROGRESS


def test_what_was_under_way_in_a_process_that_is_gone_ends_at_the_start(
    signwatch: Services,
) -> None:
    crashed = make_execution(now(), status=ExecutionStatus.IN_PROGRESS, figures=None)
    ExecutionsTable(signwatch.log.database).begin(crashed)
    signwatch.start()
    assert signwatch.monitoring.execution(crashed.execution_id).status is ExecutionStatus.FAILED


def test_upkeep_applies_retention(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_RETENTION_DAYS", "2")
    signwatch = request.getfixturevalue("signwatch")
    old, young = (make_capture(inferred_at=now() - timedelta(days=days)) for days in (3, 1))
    signwatch.log.append([old, young], [])
    environment.setattr(root, "MAINTENANCE_SECONDS", 60)
    environment.setattr(root.random, "uniform", lambda low, high: low)
    signwatch.start()
    until(lambda: signwatch.log.count(EVERYTHING) == 1, "the old capture is deleted")
    assert signwatch.log.capture(young.capture_id).capture.capture_id == young.capture_id


# Triage


def test_only_what_was_decided_is_exported(signwatch: Services) -> None:
    answer = signwatch.inference.invoke(images(0, 1), RequestFacts())
    first = answer.capture_ids[0] or ""
    right = (answer.predictions[0].class_id + 1) % 43
    decided = signwatch.log.capture(first).capture
    signwatch.triage.decide([decided], GivenVerdict(Verdict.MODEL_WRONG, right), by=LOCAL)
    with zipfile.ZipFile(io.BytesIO(signwatch.triage.export())) as archive:
        image = f"{right:02d}/00000_00000.png"
        assert archive.namelist()[0] == image
        assert archive.read(image) == encode_png(blocks(0))
        (line,) = archive.read("manifest.jsonl").splitlines()
        assert json.loads(line)["decision"]["verdict"] == "model wrong"


# The life of the services


def test_there_is_one_of_them_in_the_process(signwatch: Services) -> None:
    assert services.current() is signwatch
    found: list[Services] = []
    threads = [threading.Thread(target=lambda: found.append(services.current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(each) for each in found} == {id(signwatch)}


def test_closed_services_are_built_anew_over_the_same_log(signwatch: Services) -> None:
    signwatch.inference.invoke(images(0), RequestFacts())
    services.close_current()
    services.close_current()
    with raises(Unavailable, "the classifier is stopped; start the dashboard again"):
        signwatch.inference.invoke(images(0), RequestFacts())
    again = services.current()
    assert again is not signwatch
    assert again.log.count(EVERYTHING) == 1


def test_closing_stops_what_repeats(signwatch: Services) -> None:
    signwatch.start()
    threads = [each._thread for each in signwatch._repeating]
    assert len(threads) == 3
    services.close_current()
    assert not any(thread.is_alive() for thread in threads)


def test_without_a_model_there_are_no_services(tmp_path: Path) -> None:
    with raises(NotFound, f"no model in {tmp_path}: model.json is missing"):
        Services(Settings(local=tmp_path / "local", model=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_does_not_serve_is_named(environment: pytest.MonkeyPatch) -> None:
    services.close_current()
    environment.setenv("SIGNWATCH_SAMPLING", "150")
    with raises(
        BadInput,
        "SIGNWATCH_SAMPLING='150' does not serve (must lie in 0..100): "
        "percentage of requests that are captured, default 100.0",
    ):
        services.current()
