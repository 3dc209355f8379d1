"""Two lanes: large images wait for each other, and nobody waits for them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from core.errors import BadInput, Unavailable
from core.images import LARGE, ImageFile
from core.serving.decoding import Decoders
from tests.support.expect import raises
from tests.support.images import blocks, image_files
from tests.support.waiting import LONGEST


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders()
    yield made
    made.close()


@dataclass
class Held:
    """An image that is decoded when it may be."""

    work: int = LARGE + 1
    begun: threading.Event = field(default_factory=threading.Event)
    allowed: threading.Event = field(default_factory=threading.Event)

    def read(self) -> ImageFile:
        self.begun.set()
        assert self.allowed.wait(LONGEST)
        return ImageFile.from_pixels(blocks())


def test_images_are_given_on_in_order(decoders: Decoders) -> None:
    sent = image_files(1, 2, 3)
    assert decoders.submit(lambda: sent, lambda image: image.sha256).result(LONGEST) == [
        image.sha256 for image in sent
    ]


def test_small_ones_pass_a_large_one(decoders: Decoders) -> None:
    large, second = Held(), Held()
    waiting = [decoders.submit(lambda each=each: [each], np.shape) for each in (large, second)]
    assert large.begun.wait(LONGEST)
    for _ in range(20):
        (size,) = decoders.submit(lambda: image_files(1), lambda image: image.size).result(LONGEST)
        assert size == (32, 32)
    assert not second.begun.is_set()
    large.allowed.set()
    second.allowed.set()
    for each in waiting:
        each.result(LONGEST)


def test_many_small_ones_of_one_request_are_large(decoders: Decoders) -> None:
    large = Held()
    decoders.submit(lambda: [large], np.shape)
    assert large.begun.wait(LONGEST)
    halves = [Held(LARGE // 2 + 1), Held(LARGE // 2 + 1)]
    waiting = decoders.submit(lambda: halves, lambda image: image.size)
    decoders.submit(lambda: image_files(1), np.shape).result(LONGEST)
    assert not halves[0].begun.is_set()
    for each in (large, *halves):
        each.allowed.set()
    assert waiting.result(LONGEST) == [(32, 32)] * 2


def test_a_failure_is_that_of_its_request(decoders: Decoders) -> None:
    def refuse() -> list[ImageFile]:
        raise BadInput("no")

    def fail(image: ImageFile) -> None:
        raise BadInput(f"not {image.size}")

    with raises(BadInput, "no"):
        decoders.submit(refuse, np.shape).result(LONGEST)
    with raises(BadInput, "not (32, 32)"):
        decoders.submit(lambda: image_files(1), fail).result(LONGEST)


def test_nothing_is_taken_once_they_are_closed() -> None:
    decoders = Decoders()
    decoders.close()
    with raises(Unavailable, "the classifier is stopped; start the dashboard again"):
        decoders.submit(lambda: image_files(1), np.shape)
