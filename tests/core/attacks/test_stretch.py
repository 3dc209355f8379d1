"""The smallest stretch that survives rounding, by hand."""

from __future__ import annotations

import torch

from core.attacks.stretch import stretched
from core.attacks.task import Task, digests
from tests.support.attacked import two_classes


def test_each_change_is_stretched_until_its_image_is_misclassified() -> None:
    # Misclassified from 2.2 levels of red up; as an image from 3, so from 2.5 levels on.
    classifier = two_classes([255.0, 0.0, 0.0], -102.2)
    clean = torch.full((4, 3, 1, 1), 100 / 255)
    changes = torch.tensor([2.3, 2.45, 2.6, 2.3])  # levels, with an overshoot of 0.1
    pixels = clean.clone()
    pixels[:, 0, 0, 0] += changes / 255
    pixels[3] = clean[3]
    task = Task(classifier, clean, torch.zeros(4).long(), None, 1.0, digests(clean))
    found = (stretched(task, pixels, overshoot=0.1) - clean)[:, 0, 0, 0] * 255
    # 0.2 makes 2.3 / 1.1 * 1.2 = 2.509 and 2.673 of the first two; the third is an image already,
    # and the last, which did not move, stays as it is.
    expected = torch.tensor([2.3 / 1.1 * 1.2, 2.45 / 1.1 * 1.2, 2.6, 0.0])
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


def test_the_overshoot_is_doubled_from_two_hundredths_on() -> None:
    classifier = two_classes([255.0, 0.0, 0.0], -100.1)  # as an image from 0.5 levels on
    clean = torch.full((4, 3, 1, 1), 100 / 255)
    pixels = clean.clone()
    pixels[:, 0, 0, 0] += torch.tensor([0.495, 0.4, 0.12, 0.02]) / 255
    task = Task(classifier, clean, torch.zeros(4).long(), None, 1.0, digests(clean))
    found = (stretched(task, pixels) - clean)[:, 0, 0, 0] * 255
    # 1.02; 1.32 after 1.16; 6.12 after 3.56 would be 0.427; beyond 21.48 there is nothing.
    expected = torch.tensor([0.495 * 1.02, 0.4 * 1.32, 0.12 * 6.12, 0.02 * 21.48])
    assert expected[3] < 0.5
    expected[3] = 0.02
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


def test_a_stretch_ends_at_black_and_white() -> None:
    classifier = two_classes([255.0, -255.0, 0.0], -254.2)  # r - g above 254.2 levels
    clean = torch.tensor([200.0, 0.0, 7.0]).view(1, 3, 1, 1) / 255
    pixels = torch.tensor([254.3, 0.0, 7.0]).view(1, 3, 1, 1) / 255
    task = Task(classifier, clean, torch.zeros(1).long(), None, 1.0, digests(clean))
    found = stretched(task, pixels, overshoot=0.1).flatten() * 255
    # 54.3 / 1.1 * 1.2 = 59.2 would be 259.2.
    torch.testing.assert_close(found, torch.tensor([255.0, 0.0, 7.0]), atol=1e-3, rtol=0)
