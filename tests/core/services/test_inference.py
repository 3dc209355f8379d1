"""Inference: answered, captured, sampled."""

from dataclasses import replace

import numpy as np
import pytest

from core.capture.provenance import RequestFacts
from core.images import ImageFile
from core.records.captures import Provenance
from core.records.queries import CaptureFilter
from core.records.window import now
from core.services import Services
from tests.support.images import blocks, image_files, saved
from tests.support.records import (
    comparable,
)

EVERYTHING = CaptureFilter()


def test_an_answer_is_captured_as_it_was_given(signwatch: Services) -> None:
    sent = image_files(0, 1)
    before = now()
    answer = signwatch.inference.invoke(sent, RequestFacts(endpoint="cars", inference_id="i"))
    expected = signwatch.model.predict([image.pixels for image in sent])
    assert [each.class_id for each in answer.predictions] == [each.class_id for each in expected]
    for capture_id, prediction, image in zip(
        answer.capture_ids, answer.predictions, sent, strict=True
    ):
        assert capture_id is not None
        capture = signwatch.log.capture(capture_id).capture
        assert comparable(capture.prediction) == comparable(replace(prediction, look=None))
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
    answers = [signwatch.inference.invoke(image_files(seed), RequestFacts()) for seed in range(6)]
    assert signwatch.log.count(EVERYTHING) == kept
    assert [answer.capture_ids == (None,) for answer in answers] == [kept == 0] * 6


def test_a_request_is_sampled_as_a_whole(
    environment: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    environment.setenv("SIGNWATCH_SAMPLING", "50")
    signwatch = request.getfixturevalue("signwatch")
    signwatch._capturer._random.seed(0)
    answers = [signwatch.inference.invoke(image_files(0, 1, 2), RequestFacts()) for _ in range(20)]
    kept = [sum(each is not None for each in answer.capture_ids) for answer in answers]
    assert set(kept) == {0, 3}
    assert signwatch.log.count(EVERYTHING) == sum(kept)


def test_an_image_is_sent_with_its_provenance(signwatch: Services) -> None:
    provenance = Provenance("lab", 3, "pgd", 14, "ff")
    answers = [signwatch.inference.send(image, provenance) for image in image_files(0, 1, 2)]
    found = signwatch.log.find(EVERYTHING, limit=9)
    assert {item.capture.capture_id for item in found} == {
        capture_id for answer in answers for capture_id in answer.capture_ids
    }
    assert {item.capture.provenance for item in found} == {provenance}


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
def test_an_image_is_sent_as_the_file_that_it_is(signwatch: Services, kind: str) -> None:
    content = saved(blocks(), kind)
    signwatch.inference.send(signwatch.inference.read(content), Provenance())
    (item,) = signwatch.log.find(EVERYTHING, limit=9)
    assert item.capture.input_content_type == f"image/{kind.lower()}"
    assert signwatch.log.image(ImageFile.from_file(content).sha256).content == content
