"""Images by content: kept once, copies removed."""

from datetime import timedelta

import pytest

from core.records.captures import StoredImage
from core.records.queries import CaptureFilter
from core.records.window import now
from core.store import CaptureLog, images
from core.store.images import RECENT, ImagesTable
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


class Writer:
    """Writes images at times of its own."""

    def __init__(self, log: CaptureLog) -> None:
        self.seconds = 0.0
        self.log = log
        self.table = ImagesTable(log.database, clock=lambda: self.seconds)

    def write(self, *images: StoredImage) -> list[int]:
        """How many copies of each the log has then."""
        with self.log.database.transaction() as transaction:
            self.table.insert(transaction, images)
        count = "SELECT count(*) FROM log.images WHERE sha256 = ?"
        return [self.log.database.rows(count, [image.sha256])[0][0] for image in images]


def test_an_image_is_written_again_once_it_is_not_recent(log: CaptureLog) -> None:
    writer, image = Writer(log), make_image()
    copies = []
    for share in (0, 0.5, 0.999, 1, 1.5, 2):
        writer.seconds = share * RECENT.total_seconds()
        copies += writer.write(image)
    assert copies == [1, 1, 1, 2, 2, 3]


def test_of_too_many_images_those_written_longest_ago_are_forgotten(
    log: CaptureLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_RECENT", 2)
    writer = Writer(log)
    first, second, third = (make_image(seed) for seed in range(3))
    assert [writer.write(each) for each in (first, second)] == [[1], [1]]
    writer.seconds = RECENT.total_seconds()
    assert writer.write(first) == [2]
    assert writer.write(third) == [1]  # the second was written before the first was again
    assert writer.write(first, third) == [2, 1]
    assert writer.write(second) == [2]
