"""Traffic as a real client would send it, clean or attacked."""

import socket
from collections import Counter
from typing import Any

import httpx
import numpy as np
import pytest

from core.attacks.lab import Lab
from core.datasets import Dataset
from core.errors import BadInput, Unavailable
from core.images import ImageFile
from core.model.classifier import Classifier
from core.model.predictor import Predictor
from core.records.attacks import AttackPlan
from core.records.captures import Capture, Provenance
from core.records.queries import CaptureFilter
from core.services import Services
from core.simulation import replay
from core.simulation.replay import Attacked, Message, prepare, send
from tests.support.expect import raises
from tests.support.images import blocks


def no_progress(done: int, total: int, text: str) -> None:
    """Nobody looks."""


@pytest.fixture(scope="module")
def lab(predictor: Predictor) -> Lab:
    return Lab(predictor)


@pytest.fixture(scope="module")
def dataset(classifier: Classifier) -> Dataset:
    """Ten images, labelled as the classifier reads them."""
    images = [blocks(seed) for seed in range(10)]
    labels = classifier.predict_logits(images).argmax(axis=1).astype(np.int64)
    return Dataset(images, labels, None, "ten")


def row_of(dataset: Dataset, pixels: np.ndarray) -> int:
    (row,) = [n for n, image in enumerate(dataset.images) if np.array_equal(image, pixels)]
    return row


def captures(signwatch: Services) -> list[Capture]:
    return [item.capture for item in signwatch.log.find(CaptureFilter(), limit=1000)]


# What is sent


def test_clean_messages_carry_their_label(dataset: Dataset) -> None:
    messages = prepare(dataset, 10, seed=3, progress=no_progress)
    rows = [row_of(dataset, message.image.pixels) for message in messages]
    assert sorted(rows) == list(range(10))
    assert rows != list(range(10))
    for row, message in zip(rows, messages, strict=True):
        assert message.clean is None
        assert message.provenance == Provenance("replay", int(dataset.labels[row]))
        assert message.image.media_type == "image/png"


def test_more_messages_than_images_repeat_them_evenly(dataset: Dataset) -> None:
    messages = prepare(dataset, 25, seed=0, progress=no_progress)
    times = Counter(row_of(dataset, message.image.pixels) for message in messages)
    assert sorted(times.values()) == [2] * 5 + [3] * 5


def test_the_order_depends_on_the_seed_alone(dataset: Dataset) -> None:
    def order(seed: int) -> list[str]:
        messages = prepare(dataset, 10, seed=seed, progress=no_progress)
        return [message.image.sha256 for message in messages]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_a_share_of_the_messages_is_attacked(
    dataset: Dataset, classifier: Classifier, lab: Lab
) -> None:
    attack = Attacked(0.5, AttackPlan("pgd", None, 8 / 255, 3), lab)
    reported: list[tuple[int, int, str]] = []
    messages = prepare(
        dataset, 9, attack=attack, seed=0, progress=lambda *report: reported.append(report)
    )
    attacked = [message for message in messages if message.provenance.attack]
    assert len(messages) == 9
    assert len(attacked) == 4  # round(4.5)
    assert reported[-1] == (4, 4, f"{Lab.info('pgd').title} examples made")
    for message in attacked:
        assert message.clean is not None
        label = int(dataset.labels[row_of(dataset, message.clean.pixels)])
        assert message.provenance == Provenance("replay", label, "pgd", None, message.clean.sha256)
        logits = classifier.predict_logits([message.image.pixels])
        assert int(logits.argmax()) != label
        change = message.image.pixels.astype(int) - message.clean.pixels
        assert 0 < np.abs(change).max() <= 8


def test_targeted_messages_are_predicted_as_the_target(
    dataset: Dataset, classifier: Classifier, lab: Lab
) -> None:
    attack = Attacked(1.0, AttackPlan("pgd", 14, 16 / 255, 20), lab)
    messages = prepare(dataset, 3, attack=attack, seed=0, progress=no_progress)
    assert {message.provenance.target for message in messages} == {14}
    logits = classifier.predict_logits([message.image.pixels for message in messages])
    assert logits.argmax(axis=1).tolist() == [14, 14, 14]


def test_a_small_data_set_is_gone_through_more_than_once(dataset: Dataset, lab: Lab) -> None:
    attack = Attacked(1.0, AttackPlan("fgsm", epsilon=8 / 255), lab)
    messages = prepare(dataset, 40, attack=attack, seed=0, progress=no_progress)
    sent = Counter(message.image.sha256 for message in messages)
    assert sorted(sent.values()) == [4] * 10


def test_an_attack_that_fools_nobody_is_refused(dataset: Dataset, lab: Lab) -> None:
    attack = Attacked(1.0, AttackPlan("fgsm", epsilon=1 / 1000), lab)
    with raises(
        BadInput,
        "FGSM fooled the model on none of 10 images; raise --epsilon or --steps, or choose "
        "another attack",
    ):
        prepare(dataset, 40, attack=attack, seed=0, progress=no_progress)


@pytest.mark.parametrize("share", [0, -0.5, 1.01])
def test_a_share_has_its_range(share: float, lab: Lab) -> None:
    with raises(BadInput, f"share must lie in (0, 1], got {share}"):
        Attacked(share, AttackPlan("pgd"), lab)


def test_there_must_be_something_to_send(dataset: Dataset) -> None:
    with raises(BadInput, "count must be at least 1, got 0"):
        prepare(dataset, 0, seed=0, progress=no_progress)


# Sending


def test_every_message_becomes_a_capture(
    server: str, signwatch: Services, dataset: Dataset
) -> None:
    reported: list[tuple[int, int, str]] = []
    messages = prepare(dataset, 12, seed=0, progress=no_progress)
    report = send(
        server + "/",
        messages,
        rate=None,
        progress=lambda *each: reported.append(each),
        endpoint="cars",
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
    report = send(server, [Message(attacked, clean, provenance)], rate=None, progress=no_progress)
    assert (report.sent, report.attacked) == (1, 1)
    (capture,) = captures(signwatch)
    assert capture.provenance == provenance
    assert capture.image_sha256 == attacked.sha256
    assert np.array_equal(
        signwatch.captures.image(capture.provenance.clean_sha256 or "").pixels, blocks(1)
    )


def test_a_report_for_programs(server: str) -> None:
    message = Message(ImageFile.from_pixels(blocks(0)), None, Provenance())
    report = send(server, [message] * 2, rate=None, progress=no_progress)
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
    monkeypatch.setattr(replay, "time", clock)
    message = Message(ImageFile.from_pixels(blocks(0)), None, Provenance())

    def answer_slowly(done: int, total: int, text: str) -> None:
        clock.moment += 0.1 if done != 3 else 1.2

    report = send(server, [message] * 6, rate=2, progress=answer_slowly)
    assert clock.slept == pytest.approx([0, 0.4, 0.4, 0, 0, 0.1], abs=1e-9)
    assert report.seconds == pytest.approx(2.6)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_must_be_above_zero(rate: float) -> None:
    with raises(BadInput, f"rate must be above 0 requests a second, got {rate}"):
        send("http://127.0.0.1:1", [], rate=rate, progress=no_progress)


def test_a_refusal_is_passed_on(server: str, signwatch: Services) -> None:
    message = Message(ImageFile.from_pixels(blocks(0)), None, Provenance())
    bad = ImageFile(blocks(0), b"GIF89a", "image/png")
    with raises(BadInput, "expected a PNG, JPEG, WebP or BMP file; this is a GIF: save it as PNG"):
        send(server, [message, Message(bad, None, Provenance())], rate=None, progress=no_progress)
    with raises(
        BadInput,
        "endpoint name must be 1 to 63 letters, digits and inner hyphens, got '-'",
    ):
        send(server, [message], rate=None, progress=no_progress, endpoint="-")
    assert len(captures(signwatch)) == 1


def test_a_server_that_does_not_answer_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    message = Message(ImageFile.from_pixels(blocks(0)), None, Provenance())
    with raises(
        Unavailable,
        f"{url} does not answer ([Errno 111] Connection refused); is it running?",
    ):
        send(url, [message], rate=None, progress=no_progress)


def test_an_address_that_is_none_is_named() -> None:
    with raises(BadInput, "'http://a:b' is no address of a server: Invalid port: 'b'"):
        send("http://a:b", [], rate=None, progress=no_progress)
    message: Any = Message(ImageFile.from_pixels(blocks(0)), None, Provenance())
    with raises(
        Unavailable,
        "signwatch/ does not answer (Request URL is missing an 'http://' or 'https://' "
        "protocol.); is it running?",
    ):
        send("signwatch", [message], rate=None, progress=no_progress)
    assert httpx.URL("signwatch").is_relative_url
