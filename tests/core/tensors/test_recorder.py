"""Which requests are recorded, and that no answer waits for it or fails by it."""

import threading
from typing import Any

import numpy as np
import pytest

from core import services
from core.capture.provenance import RequestFacts
from core.errors import BadInput
from core.images import ImageFile
from core.model.predictor import Predictor
from core.records.captures import CaptureMode, CaptureSettings
from core.records.tensors import ModeKeys
from core.services import Services
from tests.conftest import TestClient
from tests.core.serving.test_pipeline import IMAGE, PNG, samples
from tests.support.expect import raises
from tests.support.images import blocks
from tests.support.traffic import request
from tests.support.waiting import LONGEST, until


@pytest.fixture
def record_all(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    environment.setenv("SIGNWATCH_TENSORS_SAVE", "save_interval=1")
    environment.setattr("core.tensors.recorder.PATIENCE", 0)
    return environment


def whys(signwatch: Services) -> list[str]:
    signwatch.tensors.recorder.flush()
    return [record.why for record in signwatch.tensors.records()[::-1]]


def test_nothing_is_recorded_by_itself(client: TestClient, signwatch: Services) -> None:
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    assert whys(signwatch) == []
    assert not signwatch.tensors.recorder.automatic
    assert signwatch.tensors.recorder._worker._thread is None


def test_every_nth_request_is_recorded(
    environment: pytest.MonkeyPatch, every_second: Services
) -> None:
    signwatch = every_second
    ids = [request(signwatch, blocks(seed)) for seed in range(5)]
    assert whys(signwatch) == [
        "image 0 since the start",
        "image 2 since the start",
        "image 4 since the start",
    ]
    records = signwatch.tensors.records()[::-1]
    assert [record.capture_id for record in records] == [ids[0], ids[2], ids[4]]
    assert {record.mode for record in records} == {ModeKeys.PREDICT}
    for record in records:
        capture = signwatch.log.capture(record.capture_id).capture
        assert record.passed.class_id == capture.class_id
        assert record.passed.probability == pytest.approx(capture.confidence, abs=1e-4)
        assert (record.captured_at, record.model_sha256) == (
            capture.inferred_at,
            capture.model_sha256,
        )


@pytest.fixture
def every_second(environment: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Services:
    environment.setenv("SIGNWATCH_TENSORS_SAVE", "save_interval=2")
    signwatch: Services = request.getfixturevalue("signwatch")
    return signwatch


def test_flagged_requests_are_recorded(
    environment: pytest.MonkeyPatch, predictor: Predictor, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_TENSORS_FLAGGED", "yes")
    environment.setattr(predictor, "alpha", 0.2)
    signwatch: Services = request.getfixturevalue("signwatch")
    answers = [
        signwatch.inference.invoke([ImageFile.from_pixels(blocks(seed))], RequestFacts())
        for seed in range(25)
    ]
    flagged = [
        answer.capture_ids[0] for answer in answers if answer.predictions[0].suspicion.flagged
    ]
    assert 0 < len(flagged) < 25
    assert whys(signwatch) == ["flagged"] * len(flagged)
    assert {record.capture_id for record in signwatch.tensors.records()} == set(flagged)


def test_a_recording_waits_for_a_moment_without_requests(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_TENSORS_SAVE", "save_interval=1")
    signwatch: Services = request.getfixturevalue("signwatch")
    in_work = iter([2, 1, 3, 0])
    environment.setattr(signwatch.tensors.recorder, "_in_work", lambda: next(in_work))
    signwatch.inference.invoke([ImageFile.from_pixels(blocks())], RequestFacts())
    assert whys(signwatch) == ["image 0 since the start"]
    assert list(in_work) == []


def test_a_recording_waits_no_longer_than_its_patience(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_TENSORS_SAVE", "save_interval=1")
    environment.setattr("core.tensors.recorder.POLL", 0.5)  # seconds of two: four looks
    signwatch: Services = request.getfixturevalue("signwatch")
    looks: list[int] = []
    recorder = signwatch.tensors.recorder
    environment.setattr(recorder._closed, "wait", looks.append)
    environment.setattr(recorder, "_in_work", lambda: 1)
    signwatch.inference.invoke([ImageFile.from_pixels(blocks())], RequestFacts())
    assert whys(signwatch) == ["image 0 since the start"]
    assert looks == [0.5] * 4


def hold_recordings(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> tuple[threading.Event, threading.Event]:
    """Set when the first recording begins; to be set to let recordings go on."""
    begun, allowed = threading.Event(), threading.Event()
    record = signwatch.tensors.recorder._hook.record

    def held(*args: Any) -> Any:
        begun.set()
        assert allowed.wait(LONGEST)
        return record(*args)

    monkeypatch.setattr(signwatch.tensors.recorder._hook, "record", held)
    return begun, allowed


def test_no_answer_waits_for_a_recording(
    record_all: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    record_all.setattr("core.tensors.recorder.MAX_WAITING", 4)
    signwatch: Services = request.getfixturevalue("signwatch")
    client: TestClient = request.getfixturevalue("client")
    begun, allowed = hold_recordings(signwatch, record_all)
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    assert begun.wait(LONGEST)
    for _ in range(4 + 3):  # none of them is answered later for it
        client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    # The recorder is called once an answer has left.
    dropped = 'signwatch_tensor_records_total{outcome="dropped"}'
    until(lambda: samples(client)[dropped] == 3, "three find no room")
    allowed.set()
    assert len(whys(signwatch)) == 4 + 1
    assert signwatch.metrics.tensor_outcomes() == {
        "recorded": 4 + 1,
        "dropped": 3,
        "failed": 0,
    }


def test_a_recording_that_fails_is_counted_and_the_next_one_succeeds(
    record_all: pytest.MonkeyPatch, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    signwatch: Services = request.getfixturevalue("signwatch")
    client: TestClient = request.getfixturevalue("client")
    with record_all.context() as broken:
        broken.setattr(signwatch.tensors.recorder._hook, "record", lambda *_: 1 / 0)
        client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
        # The recorder is called once the answer has left.
        until(lambda: signwatch.metrics.tensor_outcomes()["failed"] == 1, "a recording failed")
        assert whys(signwatch) == []
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    until(lambda: whys(signwatch) == ["image 1 since the start"], "the next one is recorded")
    assert signwatch.metrics.tensor_outcomes() == {"recorded": 1, "dropped": 0, "failed": 1}
    assert "Tensors of a request could not be recorded" in caplog.text


@pytest.mark.parametrize(
    "kept",
    [
        CaptureSettings(mode=CaptureMode.OUTPUT),
        CaptureSettings(sampling=0),
        CaptureSettings(enabled=False),
    ],
)
def test_a_image_that_is_not_kept_is_not_recorded(
    record_all: pytest.MonkeyPatch, request: pytest.FixtureRequest, kept: CaptureSettings
) -> None:
    signwatch: Services = request.getfixturevalue("signwatch")
    signwatch.captures.rules.set("signwatch", kept)
    signwatch.inference.invoke([ImageFile.from_pixels(blocks())], RequestFacts())
    assert whys(signwatch) == []


def test_no_more_records_are_kept_than_set(
    record_all: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    record_all.setenv("SIGNWATCH_TENSORS_RECORDS", "2")
    signwatch: Services = request.getfixturevalue("signwatch")
    for seed in range(4):
        signwatch.inference.invoke([ImageFile.from_pixels(blocks(seed))], RequestFacts())
        signwatch.tensors.recorder.flush()
    assert [record.step for record in signwatch.tensors.records()] == [3, 2]


def test_the_model_still_answers_as_before(
    record_all: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    signwatch: Services = request.getfixturevalue("signwatch")
    before = signwatch.model.predict([blocks()])[0].probabilities
    signwatch.inference.invoke([ImageFile.from_pixels(blocks())], RequestFacts())
    signwatch.tensors.recorder.flush()
    np.testing.assert_array_equal(signwatch.model.predict([blocks()])[0].probabilities, before)


def test_closing_does_not_wait_for_what_waits(
    record_all: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    signwatch: Services = request.getfixturevalue("signwatch")
    for seed in range(4):
        signwatch.inference.invoke([ImageFile.from_pixels(blocks(seed))], RequestFacts())
    services.close_current()
    assert not signwatch.tensors.recorder._worker._thread.is_alive()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "REGEX",
            "bn(",
            "SIGNWATCH_TENSORS_REGEX='bn(' is not valid ('bn(' is no regular "
            "expression: missing ), unterminated subpattern at position 2): regular expression of "
            "the tensors that are recorded; empty: that of the blog post, enough for "
            "FullGrad of a ResNet, default ",
        ),
        (
            "FLAGGED",
            "maybe",
            "SIGNWATCH_TENSORS_FLAGGED='maybe' is not valid (must be yes or "
            "no): whether tensors of flagged requests are recorded: yes or no, default False",
        ),
    ],
)
def test_bad_settings_are_refused_at_the_start(
    environment: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    environment.setenv(f"SIGNWATCH_TENSORS_{name}", value)
    services.close_current()
    with raises(BadInput, message):
        services.current()


def test_what_waits_when_it_closes_is_dropped_and_nobody_waits_for_it(
    record_all: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    signwatch: Services = request.getfixturevalue("signwatch")
    begun, allowed = hold_recordings(signwatch, record_all)
    for seed in range(3):
        signwatch.inference.invoke([ImageFile.from_pixels(blocks(seed))], RequestFacts())
    assert begun.wait(LONGEST)
    closing = threading.Thread(target=signwatch.tensors.recorder.close)
    closing.start()
    assert signwatch.tensors.recorder._closed.wait(LONGEST)
    allowed.set()
    closing.join(LONGEST)
    signwatch.inference.invoke([ImageFile.from_pixels(blocks(9))], RequestFacts())
    flushing = threading.Thread(target=signwatch.tensors.recorder.flush, daemon=True)
    flushing.start()
    flushing.join(LONGEST)
    assert not flushing.is_alive()
    assert len(signwatch.tensors.records()) == 1
