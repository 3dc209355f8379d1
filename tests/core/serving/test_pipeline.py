"""Backpressure, metrics and capture settings, through the HTTP interface."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.requests import Request

from core.capture.provenance import RequestFacts
from core.endpoint.guard import read_body
from core.errors import TooSlow
from core.records.captures import CaptureMode, CaptureSettings
from core.records.queries import CaptureFilter
from core.services import Services
from core.tensors.recorder import Answered
from tests.conftest import TestClient
from tests.support.expect import raises
from tests.support.images import blocks, image_files, saved
from tests.support.waiting import LONGEST, until

PNG = {"Content-Type": "image/png"}

IMAGE = saved(blocks(), "PNG")


def samples(client: TestClient) -> dict[str, float]:
    """What /metrics says: `name{labels}` -> figure."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(figure) for name, _, figure in (line.rpartition(" ") for line in lines)}


class Held:
    """Stops the classifier until it may go on."""

    def __init__(self, signwatch: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.allowed = threading.Event(), threading.Event()
        predict = signwatch.model._predictor.predict_prepared

        def wait(prepared: Any) -> Any:
            self.entered.set()
            assert self.allowed.wait(LONGEST)
            return predict(prepared)

        monkeypatch.setattr(signwatch.model._predictor, "predict_prepared", wait)


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (
            "SIGNWATCH_MAX_CONCURRENT",
            "2 requests are in work, at most that many may be (SIGNWATCH_MAX_CONCURRENT); "
            "send this one again later",
        ),
        (
            "SIGNWATCH_MAX_QUEUE",
            "2 images wait for the classifier, at most 2 may (SIGNWATCH_MAX_QUEUE); "
            "send this request again later",
        ),
    ],
)
def test_what_is_too_much_is_refused_with_a_time_to_come_again(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest, variable: str, message: str
) -> None:
    environment.setenv(variable, "2")
    signwatch: Services = request.getfixturevalue("signwatch")
    client: TestClient = request.getfixturevalue("client")
    held = Held(signwatch, environment)
    batcher = signwatch.inference._serving._batcher
    workers = len(batcher._threads)
    with ThreadPoolExecutor(workers + 2) as threads:

        def send() -> Any:
            return threads.submit(client.post, "/invocations", content=IMAGE, headers=PNG)

        sent = []
        if variable == "SIGNWATCH_MAX_QUEUE":
            for n in range(workers):
                sent.append(send())
                until(lambda n=n: batcher._idle == workers - n - 1, "a worker took it")
        sent += [send(), send()]
        admission = signwatch.inference._admission
        until(
            lambda: batcher.waiting == 2 if variable.endswith("QUEUE") else admission.in_work == 2,
            "the limit is reached",
        )
        answer = client.post("/invocations", content=IMAGE, headers=PNG)
        assert answer.json() == {"message": message, "error": "Unavailable"}
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        held.allowed.set()
        assert [each.result(LONGEST).status_code for each in sent] == [200] * len(sent)
    assert client.post("/invocations", content=IMAGE, headers=PNG).status_code == 200
    assert signwatch.log.count(CaptureFilter()) == len(sent) + 1


def test_what_was_captured_is_handed_on_image_by_image(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Answered] = []
    monkeypatch.setattr(signwatch.inference._serving, "_answered", handed.extend)
    sent = image_files(1, 2, 3)
    answer = signwatch.inference.invoke(sent, RequestFacts(endpoint="cars"))
    until(lambda: len(handed) == 3, "they are handed on")
    assert [each.image.content for each in handed] == [image.content for image in sent]
    assert [each.capture.image_sha256 for each in handed] == [image.sha256 for image in sent]
    assert [each.capture.capture_id for each in handed] == list(answer.capture_ids)
    assert [each.prediction for each in handed] == list(answer.predictions)
    handed.clear()
    signwatch.captures.rules.set("cars", CaptureSettings(enabled=False))
    assert signwatch.inference.invoke(sent, RequestFacts(endpoint="cars")).capture_ids == (
        None,
        None,
        None,
    )
    assert handed == []


def test_the_rule_of_the_endpoint_says_what_is_captured(signwatch: Services) -> None:
    rules = signwatch.captures.rules
    rules.set("quiet", CaptureSettings(enabled=False))
    rules.set("inputs", CaptureSettings(mode=CaptureMode.INPUT))
    rules.set("outputs", CaptureSettings(mode=CaptureMode.OUTPUT))
    for number, endpoint in enumerate(("quiet", "inputs", "outputs", "signwatch")):
        signwatch.inference.invoke(image_files(number), RequestFacts(endpoint=endpoint))
    captures = [item.capture for item in signwatch.log.find(CaptureFilter(), limit=9)]
    kept = {
        each.endpoint: (each.image_sha256 is not None, each.class_id is not None)
        for each in captures
    }
    assert kept == {"inputs": (True, False), "outputs": (False, True), "signwatch": (True, True)}
    images = signwatch.log.images([image.sha256 for image in image_files(0, 1, 2, 3)])
    assert set(images) == {image.sha256 for image in image_files(1, 3)}
    looked_at = signwatch.log.database.rows("SELECT capture_id::VARCHAR FROM log.looks")
    assert {name for (name,) in looked_at} == {
        each.capture_id for each in captures if each.class_id is not None
    }


def test_what_waits_when_it_is_closed_is_answered_and_captured(
    signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(signwatch, monkeypatch)
    serving = signwatch.inference._serving
    asked = serving.submit(lambda: image_files(1), RequestFacts())
    assert held.entered.wait(LONGEST)
    with ThreadPoolExecutor(1) as threads:
        closing = threads.submit(serving.close)
        until(lambda: serving._batcher._closed, "it is being closed")
        held.allowed.set()
        closing.result(LONGEST)
    (capture_id,) = asked.result(LONGEST).capture_ids
    (kept,) = signwatch.log.find(CaptureFilter(), limit=9)
    assert kept.capture.capture_id == capture_id


def test_a_request_gives_its_place_back_however_it_ends(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_MAX_CONCURRENT", "1")
    client: TestClient = request.getfixturevalue("client")
    for headers, content, status in [
        (PNG, b"no image", 415),
        ({"Content-Type": "text/html"}, b"x", 415),
        (PNG | {"Accept": "text/html"}, IMAGE, 406),
        (PNG, IMAGE, 200),
        (PNG, IMAGE, 200),
    ]:
        answer = client.post("/invocations", content=content, headers=headers)
        assert answer.status_code == status


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.endpoint.guard.BODY_SECONDS", 0.01)
    parts = iter([{"type": "http.request", "body": b"half", "more_body": True}])

    async def receive() -> Any:
        for part in parts:
            return part
        return await asyncio.Event().wait()

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with raises(TooSlow, "the body did not arrive within 0.01 s; 4 bytes of it came"):
        asyncio.run(read_body(request, 100))


def test_a_log_that_takes_no_writes_is_seen_by_ping_and_metrics(
    client: TestClient, signwatch: Services
) -> None:
    signwatch.log.close()
    answer = client.get("/ping")
    assert answer.status_code == 503
    assert answer.json()["message"] == "the capture log is closed; start the dashboard again"
    assert samples(client)["signwatch_store_up"] == 0


def test_a_classifier_that_does_not_answer_is_seen_by_ping(
    client: TestClient, signwatch: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.serving.pipeline.CHECK_SECONDS", 0)
    held = Held(signwatch, monkeypatch)
    answer = client.get("/ping")
    held.allowed.set()
    assert answer.status_code == 503
    assert answer.json()["message"] == "the classifier has not answered within 0 s"
