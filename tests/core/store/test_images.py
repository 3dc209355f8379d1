"""Images by content: kept once, copies removed."""

from datetime import timedelta

import pytest

from core.records.queries import CaptureFilter
from core.records.window import now
from core.store import CaptureLog
from tests.support.records import (
    make_capture,
    make_image,
)


@pytest.mark.parametrize("seed", [0, 1])
def test_an_image_comes_back_as_it_was(log: CaptureLog, seed: int) -> None:
    image = make_image(seed)
    log.append([], [image])
    assert log.image(image.sha256) == image
    assert log.images([image.sha256, "unknown"]) == {image.sha256: image}


def test_copies_of_an_image_are_removed_and_the_newest_stays(log: CaptureLog) -> None:
    again, once = make_image(1), make_image(2)
    begun = now()
    log.append([], [again, once])
    for _ in range(2):
        log.image_table._recent.clear()  # as if it were long ago, or another process
        log.append([], [again])
    copies = "SELECT added_at FROM log.images WHERE sha256 = ? ORDER BY added_at"
    written = log.database.rows(copies, [again.sha256])
    assert len(written) == 3
    assert log.image_table.deduplicate(now() + timedelta(hours=1)) == 0
    assert log.image_table.deduplicate(begun) == 2
    assert log.database.rows(copies, [again.sha256]) == written[-1:]
    assert log.images([again.sha256, once.sha256]) == {again.sha256: again, once.sha256: once}
    assert log.image_table.deduplicate(begun) == 0


def test_an_image_is_kept_once(log: CaptureLog) -> None:
    image, other = make_image(0), make_image(1)
    log.append([make_capture(image), make_capture(image)], [image, image])
    log.append([make_capture(image)], [image, other])
    kept = log.database.rows("SELECT sha256, count(*) FROM log.images GROUP BY ALL")
    assert sorted(kept) == sorted([(image.sha256, 1), (other.sha256, 1)])
    assert log.count(CaptureFilter()) == 3
