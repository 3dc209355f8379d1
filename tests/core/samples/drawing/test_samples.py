"""The sample signs on disk."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.samples.drawing import draw_scene, samples, write_samples
from core.samples.drawing.catalogue import SIGNS

CLASSES = range(43)


SAMPLES = Path(__file__).parents[4] / "data" / "samples"


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two images in grey levels, 0..255."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def test_every_class_has_a_folder_with_a_scene_for_each_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "SIGNS", {class_id: SIGNS[class_id] for class_id in (3, 14)})
    calls: list[tuple[int, int, str]] = []
    paths = write_samples(
        tmp_path / "signs", per_class=3, size=16, progress=lambda *call: calls.append(call)
    )
    assert [str(path.relative_to(tmp_path / "signs")) for path in paths] == [
        *("03/0.png", "03/1.png", "03/2.png"),
        *("14/0.png", "14/1.png", "14/2.png"),
    ]
    assert sorted((tmp_path / "signs").rglob("*.png")) == paths
    assert calls == [(done, 6, "drawn") for done in range(1, 7)]
    for path in paths:
        with Image.open(path) as image:
            assert image.mode == "RGB"
            drawn = draw_scene(int(path.parent.name), seed=int(path.stem), size=16)
            assert np.array_equal(np.asarray(image), drawn)


def test_no_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^per_class must be at least 1, got 0$"):
        write_samples(tmp_path, per_class=0)
    assert list(tmp_path.iterdir()) == []


def test_the_kept_samples_are_complete_and_small() -> None:
    names = {str(file.relative_to(SAMPLES)) for file in SAMPLES.rglob("*.png")}
    assert names == {f"{class_id:02d}/{n}.png" for class_id in CLASSES for n in range(6)}
    assert sum(file.stat().st_size for file in SAMPLES.rglob("*.png")) < 6_000_000


@pytest.mark.parametrize("class_id", CLASSES)
def test_the_kept_samples_are_what_the_code_draws(class_id: int) -> None:
    # Every sign, and among them every seed and every backdrop.
    seed = class_id // 5 % 6
    with Image.open(SAMPLES / f"{class_id:02d}" / f"{seed}.png") as image:
        kept = np.asarray(image)
    # Not exactly equal: the last bit of a float may differ from one processor to another.
    assert difference(kept, draw_scene(class_id, seed=seed)) < 0.05
