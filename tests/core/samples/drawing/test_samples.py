"""The sample signs on disk."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.samples.drawing import draw_scene, write_samples

CLASSES = range(43)


SAMPLES = Path(__file__).parents[4] / "data" / "samples"


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two images in grey levels, 0..255."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def test_write_samples_writes_one_folder_a_class(tmp_path: Path) -> None:
    calls: list[tuple[int, int, str]] = []
    paths = write_samples(
        tmp_path / "signs", per_class=1, size=16, progress=lambda *call: calls.append(call)
    )
    assert paths == [tmp_path / "signs" / f"{class_id:02d}" / "0.png" for class_id in CLASSES]
    assert sorted((tmp_path / "signs").rglob("*.png")) == paths
    assert calls == [(done, 43, "drawn") for done in range(1, 44)]
    with Image.open(paths[14]) as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), draw_scene(14, seed=0, size=16))


def test_no_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^per_class must be at least 1, got 0$"):
        write_samples(tmp_path, per_class=0)
    assert list(tmp_path.iterdir()) == []


def test_the_kept_samples_are_complete_and_small() -> None:
    names = {str(file.relative_to(SAMPLES)) for file in SAMPLES.rglob("*.png")}
    assert names == {f"{class_id:02d}/{n}.png" for class_id in CLASSES for n in range(6)}
    assert sum(file.stat().st_size for file in SAMPLES.rglob("*.png")) < 6_000_000


@pytest.mark.parametrize(("class_id", "seed"), [(0, 0), (14, 0), (14, 3), (25, 5), (42, 2)])
def test_the_kept_samples_are_what_the_code_draws(class_id: int, seed: int) -> None:
    with Image.open(SAMPLES / f"{class_id:02d}" / f"{seed}.png") as image:
        kept = np.asarray(image)
    # Not exactly equal: the last bit of a float may differ from one processor to another.
    assert difference(kept, draw_scene(class_id, seed=seed)) < 0.25
