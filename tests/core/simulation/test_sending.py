"""Sending simulated requests, over HTTP and within the process."""

import socket
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from core.errors import BadInput, Unauthorized, Unavailable, UnsupportedMedia
from core.images import ImageFile
from core.jobs import in_silence
from core.model.predictor import Predictor
from core.records.captures import Capture, Provenance
from core.records.queries import CaptureFilter
from core.records.window import now
from core.services import Services
from core.simulation import sending
from core.simulation.sending import InProcess, OverHttp, SendReport, send
from core.simulation.traffic import SimulatedRequest, clean_request
from tests.support.expect import raises
from tests.support.images import blocks


def over_http(
    url: str,
    requests: Sequence[SimulatedRequest],
    *,
    endpoint: str = "signwatch",
    **options: Any,
) -> SendReport:
    with OverHttp(url, endpoint=endpoint) as transport:
        return send(transport, requests, **{"progress": in_silence} | options)


@pytest.fixture(scope="module")
def labelled(predictor: Predictor) -> list[tuple[ImageFile, int]]:
    """Twelve images with their predicted classes."""
    images = [blocks(seed) for seed in range(12)]
    predictions = predictor.predict(images)
    return [
        (ImageFile.from_pixels(image), each.class_id)
        for image, each in zip(images, predictions, strict=True)
    ]


def captures(signwatch: Services) -> list[Capture]:
    return [item.capture for item in signwatch.log.find(CaptureFilter(), limit=1000)]


def test_every_request_becomes_a_capture(
    server: str, signwatch: Services, labelled: list[tuple[ImageFile, int]]
) -> None:
    everything = {"EnableCapture": True, "InitialSamplingPercentage": 100}
    httpx.put(f"{server}/api/endpoints/cars/data-capture-config", json=everything)
    reported: list[tuple[int, int, str]] = []
    requests = [clean_request(*each, "replay") for each in labelled]
    report = over_http(
        server + "/", requests, progress=lambda *each: reported.append(each), endpoint="cars"
    )
    kept = captures(signwatch)
    assert report.sent == len(kept) == 12
    assert report.attacked == 0
    assert report.counts == Counter(capture.prediction.class_id for capture in kept)
    assert list(report.counts.values()) == sorted(report.counts.values(), reverse=True)
    assert all(report.since <= capture.inferred_at <= report.until for capture in kept)
    assert {capture.endpoint for capture in kept} == {"cars"}
    assert {capture.provenance.source for capture in kept} == {"replay"}
    assert reported == [(n, 12, "sent") for n in range(1, 13)]
    for capture in kept:
        assert capture.prediction.class_id == capture.provenance.label


def test_the_clean_image_is_kept_beside_the_attacked_one(server: str, signwatch: Services) -> None:
    clean, attacked = ImageFile.from_pixels(blocks(1)), ImageFile.from_pixels(blocks(2))
    provenance = Provenance("replay", 3, "pgd", 14, clean.sha256)
    report = over_http(server, [SimulatedRequest(attacked, clean, provenance)])
    assert (report.sent, report.attacked) == (1, 1)
    (capture,) = captures(signwatch)
    assert capture.provenance == provenance
    assert capture.image_sha256 == attacked.sha256
    assert np.array_equal(
        signwatch.captures.image(capture.provenance.clean_sha256 or "").pixels, blocks(1)
    )


def test_a_report_for_programs(server: str) -> None:
    request = SimulatedRequest(ImageFile.from_pixels(blocks(0)), None, Provenance())
    report = over_http(server, [request] * 2)
    ((class_id, count),) = report.counts.items()
    assert count == 2
    assert report.to_json() == {
        "sent": 2,
        "attacked": 0,
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "seconds": report.seconds,
        "counts": {str(class_id): 2},
    }


class Noting:
    """A transport that notes what it is given, and answers the classes that it is given."""

    def __init__(self, *class_ids: int) -> None:
        self.class_ids, self.given = list(class_ids), list[str]()

    def keep_reference(self, image: ImageFile) -> None:
        self.given.append(f"keep {image.sha256}")

    def predict(self, image: ImageFile, provenance: Provenance) -> int:
        self.given.append(f"predict {image.sha256} {provenance.label}")
        return self.class_ids.pop(0)


def test_what_is_sent_in_which_order_and_how_it_is_counted() -> None:
    one, two, three = (ImageFile.from_pixels(blocks(seed)) for seed in range(3))
    provenance = Provenance("lab", 4, "pgd", 14, one.sha256)
    transport = Noting(3, 7, 5, 7, 5, 5)
    requests = [
        clean_request(three, 6, "lab"),
        SimulatedRequest(two, one, provenance),
        SimulatedRequest(two, None, provenance),  # its clean image was kept before
        *[clean_request(three, 6, "lab")] * 3,
    ]
    before = now()
    report = send(transport, requests, progress=in_silence)
    assert transport.given == [
        f"predict {three.sha256} 6",
        f"keep {one.sha256}",
        f"predict {two.sha256} 4",
        f"predict {two.sha256} 4",
        *[f"predict {three.sha256} 6"] * 3,
    ]
    assert (report.sent, report.attacked) == (6, 2)
    assert list(report.counts.items()) == [(5, 3), (7, 2), (3, 1)]  # the most frequent first
    assert before <= report.since <= report.until <= now()


def test_requests_carry_the_token(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_API_TOKEN", "s3cret")
    server = request.getfixturevalue("server")
    clean = ImageFile.from_pixels(blocks(0))
    attacked = SimulatedRequest(
        ImageFile.from_pixels(blocks(1)), clean, Provenance("lab", 4, "pgd", 14, clean.sha256)
    )
    assert over_http(server, [attacked]).sent == 1
    environment.delenv("SIGNWATCH_API_TOKEN")
    with pytest.raises(Unauthorized):
        over_http(server, [attacked])


class FakeTime:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.moment, self.slept = 100.0, list[float]()

    def monotonic(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds


def test_a_rate_is_kept(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeTime()
    monkeypatch.setattr(sending, "time", clock)
    request = SimulatedRequest(ImageFile.from_pixels(blocks(0)), None, Provenance())

    def answer_slowly(done: int, total: int, text: str) -> None:
        clock.moment += 0.1 if done != 3 else 1.2

    report = over_http(server, [request] * 6, rate=2, progress=answer_slowly)
    assert clock.slept == pytest.approx([0, 0.4, 0.4, 0, 0, 0.1], abs=1e-9)
    assert report.seconds == pytest.approx(2.6)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_must_be_above_zero(rate: float) -> None:
    with raises(BadInput, f"rate must be above 0 requests a second, got {rate}"):
        over_http("http://127.0.0.1:1", [], rate=rate)


def test_a_refusal_is_passed_on(server: str, signwatch: Services) -> None:
    request = SimulatedRequest(ImageFile.from_pixels(blocks(0)), None, Provenance())
    bad = ImageFile(blocks(0), b"GIF89a", "image/png")
    with raises(
        UnsupportedMedia,
        "expected a PNG, JPEG, WebP, BMP or PPM file; this is a GIF: save it as PNG",
    ):
        over_http(server, [request, SimulatedRequest(bad, None, Provenance())])
    with raises(
        BadInput,
        "endpoint name must be 1 to 63 letters, digits and inner hyphens, got '-'",
    ):
        over_http(server, [request], endpoint="-")
    assert len(captures(signwatch)) == 1


def test_a_server_that_does_not_answer_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    request = SimulatedRequest(ImageFile.from_pixels(blocks(0)), None, Provenance())
    with raises(
        Unavailable,
        f"{url} does not answer ([Errno 111] Connection refused); is it running?",
    ):
        over_http(url, [request])


def test_an_address_that_is_none_is_named() -> None:
    with raises(BadInput, "'http://a:b' is no address of a server: Invalid port: 'b'"):
        over_http("http://a:b", [])
    request: Any = SimulatedRequest(ImageFile.from_pixels(blocks(0)), None, Provenance())
    with raises(
        Unavailable,
        "signwatch/ does not answer (Request URL is missing an 'http://' or 'https://' "
        "protocol.); is it running?",
    ):
        over_http("signwatch", [request])
    assert httpx.URL("signwatch").is_relative_url


def test_within_the_process_the_same_is_captured(signwatch: Services) -> None:
    clean, attacked = ImageFile.from_pixels(blocks(1)), ImageFile.from_pixels(blocks(2))
    provenance = Provenance("lab", 3, "pgd", 14, clean.sha256)
    transport = InProcess(signwatch.captures.keep_reference, signwatch.inference.send)
    requests = [
        SimulatedRequest(attacked, clean, provenance),
        clean_request(clean, 5, "lab"),
    ]
    reported: list[tuple[int, int, str]] = []
    report = send(transport, requests, progress=lambda *each: reported.append(each))
    assert (report.sent, report.attacked) == (2, 1)
    assert reported == [(1, 2, "sent"), (2, 2, "sent")]
    kept = captures(signwatch)
    assert {capture.provenance for capture in kept} == {provenance, Provenance("lab", 5)}
    assert report.counts == Counter(capture.prediction.class_id for capture in kept)
    assert np.array_equal(signwatch.captures.image(clean.sha256).pixels, blocks(1))
