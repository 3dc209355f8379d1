"""Many captures at once: chosen evenly, bounded, counted."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.contact_sheet import MEAN_SIDE, ContactSheet, Tile, dealt
from core.records.captures import Provenance
from core.records.queries import CaptureFilter
from core.services import Services
from tests.support.explaining import make_explanation
from tests.support.images import blocks, noise, saved
from tests.support.records import NOON, make_capture, make_image, make_prediction

ALL = CaptureFilter()


def put(
    signwatch: Services,
    number: int,
    *,
    attack: str | None = None,
    flagged: bool = False,
    class_id: int = 14,
    start: int = 0,
) -> None:
    """`number` captures with an image, a second after another."""
    images = [make_image(start + n) for n in range(number)]
    captures = [
        make_capture(
            image,
            prediction=make_prediction(class_id, flagged=flagged),
            inferred_at=NOON + timedelta(seconds=start + n),
            provenance=Provenance(attack=attack),
        )
        for n, image in enumerate(images)
    ]
    signwatch.log.append(captures, images)


def sheet(signwatch: Services, chosen: CaptureFilter = ALL, limit: int = 6) -> ContactSheet:
    return signwatch.explanations.contact_sheet(chosen, limit=limit)


def seconds(found: ContactSheet) -> list[int]:
    return [round((tile.capture.inferred_at - NOON).total_seconds()) for tile in found.tiles]


def test_the_choice_is_even_and_bounded(signwatch: Services) -> None:
    put(signwatch, 60)
    found = sheet(signwatch)
    assert seconds(found) == [59, 49, 39, 29, 19, 9]  # newest first, every tenth
    assert (found.suspects, found.others, found.unreadable) == (0, 60, 0)


def test_half_is_adversarial_or_flagged_where_there_are_enough(signwatch: Services) -> None:
    put(signwatch, 20)
    put(signwatch, 10, attack="pgd", start=100)
    put(signwatch, 10, flagged=True, start=200)
    found = sheet(signwatch)
    assert (found.suspects, found.others) == (20, 20)
    assert [tile.suspect for tile in found.tiles] == [True] * 3 + [False] * 3
    assert seconds(found) == [209, 202, 105, 19, 12, 5]


def test_captures_of_one_image_are_one_tile_with_their_number(signwatch: Services) -> None:
    put(signwatch, 2)
    image = make_image(0)
    again = [make_capture(image, inferred_at=NOON + timedelta(seconds=n)) for n in range(50, 55)]
    signwatch.log.append(again, [image])
    found = sheet(signwatch)
    assert seconds(found) == [54, 1]
    assert [tile.copies for tile in found.tiles] == [6, 1]
    assert (found.suspects, found.others) == (0, 7)


def test_one_kind_alone(signwatch: Services) -> None:
    put(signwatch, 20)
    put(signwatch, 4, attack="pgd", start=100)
    found = sheet(signwatch, replace(ALL, suspect=True))
    assert (found.suspects, found.others) == (4, 0)
    assert seconds(found) == [103, 102, 101, 100]


def test_only_what_the_filter_lets_through(signwatch: Services) -> None:
    put(signwatch, 3, class_id=14)
    put(signwatch, 3, class_id=1, start=10)
    found = sheet(signwatch, replace(ALL, class_id=1))
    assert seconds(found) == [12, 11, 10]
    assert {tile.explanation.class_id for tile in found.tiles} == {1}


def test_captures_without_image_do_not_count_and_broken_ones_are_counted(
    signwatch: Services,
) -> None:
    broken = replace(make_image(1), content=b"no image", sha256="1" * 64)
    captures = [
        make_capture(None, image_sha256=None),
        make_capture(broken),
        make_capture(None, image_sha256="2" * 64),  # deleted by retention
        make_capture(make_image(2)),
    ]
    signwatch.log.append(captures, [broken, make_image(2)])
    found = sheet(signwatch)
    assert [tile.capture.capture_id for tile in found.tiles] == [captures[3].capture_id]
    assert (found.others, found.unreadable) == (3, 2)


def test_a_class_of_another_model_is_explained_as_what_is_predicted(signwatch: Services) -> None:
    image = make_image(3)
    capture = replace(make_capture(image), class_id=99, probabilities=None)
    signwatch.log.append([capture], [image])
    (tile,) = sheet(signwatch).tiles
    assert tile.explanation.class_id == tile.explanation.predicted_id


def test_nothing_matches(signwatch: Services) -> None:
    found = sheet(signwatch)
    assert found.tiles == ()
    assert found.means() == []
    assert found.scale == 1.0


def test_progress_counts_images(signwatch: Services) -> None:
    put(signwatch, 5)
    reported: list[tuple[int, int]] = []
    signwatch.explanations.contact_sheet(
        ALL,
        limit=3,
        method="input_x_gradient",
        progress=lambda done, total, text: reported.append((done, total)),
    )
    assert reported[-1] == (3, 3)


def tile(value: float, *, class_id: int = 14, flagged: bool = False, side: int = 32) -> Tile:
    capture = make_capture(prediction=make_prediction(class_id, flagged=flagged))
    explanation = make_explanation(np.full((side, side), value), class_id)
    return Tile(capture, blocks(side=side), explanation)


def test_means_by_class_and_kind_and_their_signed_difference() -> None:
    tiles = (
        tile(4.0, flagged=True),
        tile(2.0, flagged=True, side=16),
        tile(1.0),
        tile(9.0, class_id=1),
    )
    stop, other = ContactSheet(tiles, 2, 2, 0).means()
    even = np.ones((MEAN_SIDE, MEAN_SIDE))
    assert stop.class_id == 14
    assert stop.suspect is not None
    assert stop.other is not None
    assert (stop.suspect.count, stop.other.count) == (2, 1)
    assert stop.suspect.map == pytest.approx(3 * even)
    assert stop.other.map == pytest.approx(even)
    assert stop.difference == pytest.approx(2 * even)
    assert (other.class_id, other.suspect, other.difference) == (1, None, None)


def test_the_scale_is_that_of_all_tiles() -> None:
    assert ContactSheet((tile(1.0), tile(3.0), tile(2.0, class_id=1)), 0, 3, 0).scale == 3.0


def test_a_mean_lies_over_the_images_that_it_is_of() -> None:
    dark, bright = (np.full((8, 8, 3), level, dtype=np.uint8) for level in (10, 201))
    tiles = tuple(
        replace(tile(1.0, flagged=flagged), pixels=pixels)
        for flagged, pixels in ((True, dark), (True, bright), (False, bright))
    )
    (means,) = ContactSheet(tiles, 2, 1, 0).means()
    assert means.suspect is not None
    assert means.other is not None
    assert np.unique(means.suspect.pixels).tolist() == [106]  # half way, rounded to even
    assert np.unique(means.other.pixels).tolist() == [201]


def test_large_images_are_reduced(signwatch: Services) -> None:
    image = make_image(0)
    large = replace(image, sha256="3" * 64, content=saved(noise(600, 1000), "PNG"))
    signwatch.log.append([make_capture(large)], [large])
    (found,) = sheet(signwatch).tiles
    assert max(found.pixels.shape) == 512


@given(st.integers(1, 48), st.integers(0, 500), st.integers(0, 500))
def test_the_sheet_is_as_full_as_can_be(limit: int, suspects: int, others: int) -> None:
    first, second = dealt(limit, suspects, others)
    assert first + second == min(limit, suspects + others)
    assert 0 <= first <= suspects
    assert 0 <= second <= others
    if min(suspects, others) > limit // 2:
        assert first - second in (0, 1)
