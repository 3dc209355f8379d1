"""What decoding an image takes, and how far it is reduced."""

from core.images.header import Header


def header(width: int, height: int, **facts: int) -> Header:
    return Header(width, height, [], **{"per_pixel": 4, "work": 1} | facts)


def test_sides_are_halved_until_the_image_is_small_enough() -> None:
    sizes = [(4096, 4096), (4097, 4096), (8192, 8192), (8192, 8193), (2**25, 1)]
    assert [header(*size).reduction for size in sizes] == [1, 2, 2, 4, 2]


def test_a_decoder_that_reduces_keeps_less() -> None:
    assert header(8192, 8192, beside=7).memory == 4 * 8192**2 + 7
    assert header(8192, 8192, beside=7, halves=True).memory == 8192**2 + 7
    assert header(4096, 4096, halves=True).memory == 4 * 4096**2
