"""Data sets on disk, as small as they can be."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.images import noise, saved

TRAINING = [  # class id, track, frame
    (0, 0, 0),
    (0, 0, 1),
    (0, 1, 0),
    (1, 0, 0),
    (2, 3, 7),
]
TEST = [2, 0, 1]


def write_npz(path: Path, **arrays: NDArray[Any]) -> Path:
    """An .npz with these arrays; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return path


def lay_out_training(root: Path) -> None:
    """The training part of GTSRB, as torchvision lays it out."""
    for class_id, track, frame in TRAINING:
        folder = root / "gtsrb" / "GTSRB" / "Training" / f"{class_id:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = noise(5 + track, 6, seed=frame)
        (folder / f"{track:05d}_{frame:05d}.ppm").write_bytes(saved(pixels, "PPM"))


def lay_out_test(root: Path) -> None:
    """The test part of GTSRB, as torchvision lays it out."""
    folder = root / "gtsrb" / "GTSRB" / "Final_Test" / "Images"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"]
    for number, class_id in enumerate(TEST):
        (folder / f"{number:05d}.ppm").write_bytes(saved(noise(6, 6, seed=number), "PPM"))
        lines.append(f"{number:05d}.ppm;6;6;1;1;5;5;{class_id}")
    (root / "gtsrb" / "GT-final_test.csv").write_text("\n".join(lines) + "\n")


def lay_out_gtsrb(root: Path) -> None:
    """Both parts."""
    lay_out_training(root)
    lay_out_test(root)


def lay_out_kaggle(root: Path) -> None:
    """Both parts, as Kaggle's copy of GTSRB has them."""
    head = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path"
    training, test = [head], [head]
    for class_id, track, frame in TRAINING:
        name = f"Train/{class_id}/{class_id:05d}_{track:05d}_{frame:05d}.png"
        _put(root / name, noise(5 + track, 6, seed=frame))
        training.append(f"6,{5 + track},1,1,5,4,{class_id},{name}")
    for number, class_id in enumerate(TEST):
        name = f"Test/{number:05d}.png"
        _put(root / name, noise(6, 6, seed=number))
        test.append(f"6,6,1,1,5,5,{class_id},{name}")
    (root / "Train.csv").write_text("\n".join(training) + "\n")
    (root / "Test.csv").write_text("\n".join(test) + "\n")


def _put(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(saved(pixels, "PNG"))
