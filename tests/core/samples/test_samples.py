"""The sample signs that the dashboard offers."""

import hashlib

import pytest

from core.samples import SAMPLES, all_samples, of_class


def test_every_class_has_samples() -> None:
    assert {sample.class_id for sample in all_samples()} == set(range(43))
    assert min(len(of_class(class_id)) for class_id in range(43)) >= 3


def test_samples_come_by_class_and_number() -> None:
    order = [(sample.class_id, sample.number) for sample in all_samples()]
    assert order == sorted(order)
    assert len(set(order)) == len(order) == len(list(SAMPLES.rglob("*.png")))


def test_a_sample_is_named_as_a_person_counts() -> None:
    first, second = of_class(14)[:2]
    assert (first.name, second.name) == ("14 Stop, image 1", "14 Stop, image 2")
    assert first.path == SAMPLES / "14" / "0.png"


@pytest.mark.parametrize("class_id", [0, 14, 42])
def test_a_sample_is_its_file(class_id: int) -> None:
    for sample in of_class(class_id):
        image = sample.image()
        assert image.content == sample.path.read_bytes()
        assert image.sha256 == hashlib.sha256(image.content).hexdigest()
        assert image.media_type == "image/png"
        assert min(image.pixels.shape[:2]) >= 64


def test_a_class_without_samples_has_none() -> None:
    assert of_class(43) == []
