"""The median filter and resampling, worked by hand."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.model.suspicion.transforms import median, resample


def test_the_median_filter_is_the_median_of_nine() -> None:
    pixels = torch.rand(2, 3, 7, 5, generator=torch.Generator().manual_seed(0))
    edged = np.pad(pixels.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    nine = [edged[..., y : y + 7, x : x + 5] for y in range(3) for x in range(3)]
    assert np.array_equal(median(pixels).numpy(), np.median(nine, axis=0))


def test_resampling_keeps_the_shape_and_what_is_even() -> None:
    even = torch.full((1, 3, 7, 10), 0.25)
    assert torch.allclose(resample(even), even)
    stripes = torch.zeros(1, 3, 32, 32)
    stripes[..., ::2] = 1
    assert resample(stripes)[..., 3:-3].std() < 0.05  # too fine for a third of the size


def test_resampling_is_pillows_to_a_third_and_back() -> None:
    pixels = torch.rand(1, 3, 20, 31, generator=torch.Generator().manual_seed(0))
    for found, channel in zip(resample(pixels)[0], pixels[0], strict=True):
        third = Image.fromarray(channel.numpy()).resize((10, 6), Image.Resampling.BILINEAR)
        again = np.asarray(third.resize((31, 20), Image.Resampling.BILINEAR))
        assert found.numpy() == pytest.approx(again, abs=1e-5)


def test_tiny_images_are_resampled_too() -> None:
    assert resample(torch.full((1, 3, 2, 1), 0.5)).shape == (1, 3, 2, 1)
