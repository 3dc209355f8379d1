"""The sample signs on disk: a folder for each class, a few scenes in each."""

from pathlib import Path

from PIL import Image

from core.jobs import Progress, in_silence
from core.samples.drawing.catalogue import SIGNS
from core.samples.drawing.scene import draw_scene


def write_samples(
    directory: str | Path,
    *,
    per_class: int = 6,
    size: int = 128,
    progress: Progress = in_silence,
) -> list[Path]:
    """Write ``directory/<class id, two digits>/<n>.png``: scene ``seed=n`` of every class.

    ``progress(done, total, text)`` is called after each image. Returns the paths in the order
    written. Raises ValueError for ``per_class`` < 1.
    """
    if per_class < 1:
        raise ValueError(f"per_class must be at least 1, got {per_class}")
    paths: list[Path] = []
    for class_id in SIGNS:
        folder = Path(directory) / f"{class_id:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(per_class):
            path = folder / f"{seed}.png"
            Image.fromarray(draw_scene(class_id, seed=seed, size=size)).save(path, optimize=True)
            paths.append(path)
            progress(len(paths), len(SIGNS) * per_class, "drawn")
    return paths
