"""Large images: decoded by a process of its own, which ends."""

import subprocess
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import BadInput
from core.images import LARGE, ImageFile, ImageLimits, decode, decoding, open_image, process
from tests.support.expect import raises
from tests.support.heavy import flat_png, jpeg
from tests.support.images import gradient, noise, saved
from tests.support.waiting import LONGEST

SIDE = 1500  # more than LARGE pixels


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every process that decodes."""
    found: list[Any] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **options: Any) -> None:
            found.append(self)
            super().__init__(*given, **options)

    monkeypatch.setattr(process.subprocess, "Popen", Noted)
    return found


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {"compress_level": 1}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("BMP", {})],
)
def test_the_pixels_are_those_of_a_call(
    started: list[Any], monkeypatch: pytest.MonkeyPatch, kind: str, options: dict[str, object]
) -> None:
    content = saved(gradient(SIDE, SIDE), kind, **options)
    pixels = decode(content)
    assert len(started) == 1
    assert started[0].poll() == 0
    monkeypatch.setattr(decoding, "LARGE", 100 * LARGE)
    assert np.array_equal(decode(content), pixels)
    assert len(started) == 1


def test_small_images_need_none(started: list[Any]) -> None:
    decode(saved(noise(900, 900), "PNG", compress_level=1))
    assert started == []


def test_a_lying_image_comes_out_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = gradient(SIDE, SIDE + 50)
    content = saved(stored, "PNG", exif=exif, compress_level=1)
    assert np.array_equal(decode(content), np.rot90(stored, -1))


def test_images_beyond_all_need_are_halved() -> None:
    pixels = np.tile(gradient(64, 64), (80, 64, 1))
    content = saved(pixels, "PNG", compress_level=1)
    image = ImageFile.from_file(content)
    assert np.array_equal(image.pixels, np.asarray(Image.fromarray(pixels).reduce(2)))
    assert image.size == (5120, 4096)
    drawn = ImageFile.from_file(jpeg(4097, 4099))
    assert drawn.pixels.shape == (2050, 2049, 3)
    assert drawn.size == (4099, 4097)
    assert np.abs(drawn.pixels.astype(int) - (90, 120, 60)).max() <= 2


def test_a_process_whose_time_is_over_is_ended(started: list[Any]) -> None:
    content = flat_png(5000, 5000, channels=4)
    with raises(
        BadInput,
        "the image took more than 0.01 s to decode (SIGNWATCH_MAX_DECODE_SECONDS). Reduce it, or "
        "save it as baseline JPEG",
    ):
        decode(content, ImageLimits(max_seconds=0.01))
    assert started[0].wait(LONGEST) < 0
    assert decode(content).shape == (2500, 2500, 3)


def test_the_reason_of_a_failure_comes_back(started: list[Any]) -> None:
    content = saved(noise(SIDE, SIDE), "PNG", compress_level=1)
    cut_off = content[: len(content) // 2]
    with raises(
        BadInput, "the image is truncated or damaged (image file is truncated); save it again"
    ):
        decode(cut_off)
    assert started[0].poll() == 1


def test_a_process_that_dies_is_a_damaged_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.sys, "executable", "/bin/false")
    with raises(BadInput, "the image is truncated or damaged (it ended with 1); save it again"):
        decode(flat_png(SIDE, SIDE, channels=3))


def test_nothing_is_left_running_where_the_pixels_are_not_wanted(started: list[Any]) -> None:
    header = open_image(flat_png(SIDE, SIDE, channels=3)).header
    rows = process.rows(header, "PNG", ImageLimits())
    assert len(next(rows)) % (3 * SIDE) == 0
    rows.close()
    assert started[0].poll() is not None
