"""Labelled images from disk: an .npz, a folder by class id, or a torchvision GTSRB folder."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, NotFound
from core.images import SUFFIXES, read_file
from core.labels import all_labels

Part = Literal["training", "test"]
Fold = Literal["train", "calibration", "held-out", "all"]
FOLDS: tuple[Fold, ...] = ("train", "calibration", "held-out", "all")
HELD_OUT_SHARE = 0.15
CALIBRATION_SHARE = 0.10
OFFICIAL = {"training": "GTSRB/Training", "test": "GT-final_test.csv"}  # below `gtsrb`
ROI = ("Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2")  # GTSRB's own columns
# GTSRB's `00003_00012`, track and frame; Kaggle's copy has the class in front.
TRACK_AND_FRAME = re.compile(r"(?:(\d{5,18})_)?(\d{5,18})_\d{5,18}", re.ASCII)
TABLES = {"training": "Train.csv", "test": "Test.csv"}  # of Kaggle's copy of GTSRB


@dataclass(frozen=True)
class Dataset:
    """Images with their classes.

    images: N arrays (height, width, 3) uint8; labels: (N,) int64 in 0..42; tracks: (N,) int64, the
    number of the physical sign within its class, or None if unknown; boxes: (N, 4), the sign's
    left, top, right, bottom as shares of width and height, or None if unknown.
    """

    images: Sequence[NDArray[np.uint8]]
    labels: NDArray[np.int64]
    tracks: NDArray[np.int64] | None
    name: str
    boxes: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise BadInput(
                f"{self.name}: expected one label an image, "
                f"got {len(self.images)} images and {len(self.labels)} labels"
            )
        if len(self.images) == 0:
            raise BadInput(f"{self.name}: expected at least one image, found none")
        classes = len(all_labels())
        if self.labels.min() < 0 or self.labels.max() >= classes:
            raise BadInput(
                f"{self.name}: labels must lie in 0..{classes - 1}, "
                f"got {self.labels.min()}..{self.labels.max()}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, rows: NDArray[np.int64]) -> Dataset:
        """The images of `rows`, in that order."""
        kept = [self.images[row] for row in rows]
        tracks = None if self.tracks is None else self.tracks[rows]
        boxes = None if self.boxes is None else self.boxes[rows]
        return Dataset(kept, self.labels[rows], tracks, self.name, boxes)

    def signs(self) -> NDArray[np.int64]:
        """(N,), the number of the physical sign that each image shows, from 0; it needs tracks."""
        assert self.tracks is not None
        keys = np.stack([self.labels, self.tracks], axis=1)
        _, own = np.unique(keys, axis=0, return_inverse=True)
        found: NDArray[np.int64] = own.reshape(-1)
        return found

    def require_tracks(self, purpose: str) -> None:
        """BadInput that says how images carry tracks, unless these do. purpose: what needs them."""
        if self.tracks is None:
            raise BadInput(
                f"{self.name} has no tracks; {purpose} needs them to keep frames of one sign "
                "on one side of the split (GTSRB's file names, or an array `tracks`, carry them)"
            )

    def fold(self, fold: Fold, *, seed: int = 0) -> Dataset:
        """One fold of the split by track; raises BadInput without tracks, unless it is `all`."""
        if fold == "all":
            return self
        if self.tracks is None:
            raise BadInput(f"{self.name} has no tracks, so it has no {fold} part; use `all`")
        folds = split_by_track(self.labels, self.tracks, seed=seed)
        return self.subset(np.flatnonzero(folds == FOLDS.index(fold)))

    def sample(self, count: int, *, seed: int) -> Dataset:
        """`count` images, or all if there are fewer, in random order."""
        rows = np.random.default_rng(seed).permutation(len(self))[:count]
        return self.subset(rows)

    def sample_evenly(self, count: int, *, seed: int) -> Dataset:
        """`count` images, or all if there are fewer, evenly over the classes."""
        order = np.random.default_rng(seed).permutation(len(self))
        turns = np.zeros(len(self), dtype=np.int64)  # the number of an image within its class
        for class_id in np.unique(self.labels):
            in_class = self.labels[order] == class_id
            turns[in_class] = np.arange(in_class.sum())
        return self.subset(order[np.argsort(turns, kind="stable")][:count])

    def natural_fold(self) -> Fold:
        """The fold to measure on by default: held-out if tracks are known, else all."""
        return "all" if self.tracks is None else "held-out"


def split_by_track(
    labels: NDArray[np.int64], tracks: NDArray[np.int64], *, seed: int = 0
) -> NDArray[np.int64]:
    """Deal whole tracks to folds, class by class.

    The frames of one track show one physical sign, so all of them go to one fold. A class with at
    least three tracks has one or more in each fold.

    Parameters
    ----------
    labels, tracks
        (N,), class and track of each image.

    Returns
    -------
    numpy.ndarray
        (N,): 0 train, 1 calibration, 2 held-out.
    """
    folds = np.zeros(len(labels), dtype=np.int64)
    for class_id in np.unique(labels):
        in_class = labels == class_id
        order = np.random.default_rng([seed, int(class_id)]).permutation(
            np.unique(tracks[in_class])
        )
        held_out = max(1, round(HELD_OUT_SHARE * len(order)))
        calibration = max(1, round(CALIBRATION_SHARE * len(order)))
        folds[in_class & np.isin(tracks, order[:held_out])] = 2
        folds[in_class & np.isin(tracks, order[held_out : held_out + calibration])] = 1
    return folds


def load(path: Path, part: Part = "test") -> Dataset:
    """Read a data set.

    Parameters
    ----------
    path
        An .npz with `images` (N, height, width, 3) uint8 and `labels` (N,), optionally `tracks`
        (N,) and GTSRB's `roi` (N, 6); a folder with one such file; a folder of images by class id;
        torchvision's GTSRB folder or Kaggle's, or one of the latter's tables (Test.csv).
    part
        Of a GTSRB folder that has both.

    Raises
    ------
    NotFound
        There is nothing at `path`.
    BadInput
        It is none of these, or damaged.

    Examples
    --------
    >>> from core.samples import SAMPLES
    >>> signs = load(SAMPLES)
    >>> len(signs), signs.images[0].shape, signs.natural_fold()
    (258, (128, 128, 3), 'all')
    """
    if not path.exists():
        raise NotFound(
            f"{path} does not exist; expected an .npz, or a folder of images by class id"
        )
    if path.is_file():
        return _load_table(path) if path.suffix.lower() == ".csv" else _load_npz(path)
    archives = sorted(path.glob("*.npz"))
    if len(archives) == 1:
        return _load_npz(archives[0])
    other: Part = "test" if part == "training" else "training"
    for each in (part, other):
        if (path / "gtsrb" / OFFICIAL[each]).exists():
            return load_gtsrb(path, each)
        if (path / TABLES[each]).is_file():
            return _load_table(path / TABLES[each])
    return _load_folder(path)


def _load_npz(path: Path) -> Dataset:
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("it is a single array, as np.save writes it; use np.savez")
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(f"{path} is not a readable .npz archive: {error}") from error
    missing = {"images", "labels"} - arrays.keys()
    if missing:
        raise BadInput(
            f"{path}: expected arrays `images` and `labels`, got {', '.join(sorted(arrays))}"
        )
    images = arrays["images"]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise BadInput(
            f"{path}: `images` must be (N, height, width, 3) uint8, "
            f"got {images.shape} {images.dtype}"
        )
    for name in sorted(arrays.keys() & {"labels", "tracks"}):
        if arrays[name].dtype.kind not in "iu" or arrays[name].shape != (len(images),):
            raise BadInput(
                f"{path}: `{name}` must be ({len(images)},) integers, one an image, "
                f"got {arrays[name].shape} {arrays[name].dtype}"
            )
    tracks = arrays["tracks"].astype(np.int64) if "tracks" in arrays else None
    boxes = _boxes(arrays["roi"], len(images), f"{path}: `roi`") if "roi" in arrays else None
    return Dataset(
        images, arrays["labels"].astype(np.int64), tracks, path.parent.name or str(path), boxes
    )


def _boxes(roi: NDArray[np.generic], count: int, name: str) -> NDArray[np.float64]:
    """GTSRB's width, height, X1, Y1, X2, Y2 in pixels of the original -> `Dataset.boxes`."""
    if roi.dtype.kind not in "iuf" or roi.shape != (count, 6):
        raise BadInput(
            f"{name} must be ({count}, 6) numbers: width, height, X1, Y1, X2, Y2 in pixels of the "
            f"original, got {roi.shape} {roi.dtype}"
        )
    sizes, corners = np.split(roi.astype(np.float64), [2], axis=1)
    left_top, right_bottom = np.split(corners, 2, axis=1)
    inside = (left_top >= 0) & (left_top < right_bottom) & (right_bottom <= sizes)
    if not inside.all():
        row = int(np.flatnonzero(~inside.all(axis=1))[0])
        raise BadInput(
            f"{name} must lie inside its image, 0 <= X1 < X2 <= width and 0 <= Y1 < Y2 <= "
            f"height, got {', '.join(f'{value:g}' for value in roi[row].tolist())} in row {row}"
        )
    return corners / np.tile(sizes, 2)


def _load_folder(path: Path) -> Dataset:
    """One subfolder for each class id (`14`, `00014`); anything else is ignored."""
    folders = sorted(
        (f for f in path.iterdir() if f.is_dir() and f.name.isdecimal()), key=lambda f: int(f.name)
    )
    files = [
        (file, int(folder.name))
        for folder in folders
        for file in sorted(folder.iterdir())
        if file.suffix.lower().removeprefix(".") in SUFFIXES
    ]
    if not files:
        raise BadInput(
            f"{path}: expected one .npz, or subfolders named by class id (0..42) with images"
        )
    images = [read_file(file) for file, _ in files]
    labels = np.array([class_id for _, class_id in files], dtype=np.int64)
    return Dataset(images, labels, _gtsrb_tracks([file for file, _ in files], labels), path.name)


def _gtsrb_tracks(files: Sequence[Path], labels: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Tracks from names like GTSRB's `00003_00012.ppm`, track and frame; `triage export` uses them.

    The suffix does not matter. If one file has another name, or another class in its name, tracks
    are unknown.
    """
    tracks = []
    for file, label in zip(files, labels.tolist(), strict=True):
        stem = TRACK_AND_FRAME.fullmatch(file.stem)
        if stem is None or (stem[1] and int(stem[1]) != label):
            return None
        tracks.append(int(stem[2]))
    return np.array(tracks, dtype=np.int64)


def load_gtsrb(root: Path, part: Part) -> Dataset:
    """One part of GTSRB as torchvision stores it under `root`/gtsrb."""
    folder = root / "gtsrb"
    if part == "training":
        return _load_folder(folder / OFFICIAL[part])
    table = _read_table(folder / OFFICIAL[part], "Filename", delimiter=";")
    images = folder / "GTSRB" / "Final_Test" / "Images"
    return table.dataset(images, "GTSRB test")


def _load_table(path: Path) -> Dataset:
    """A table of Kaggle's copy of GTSRB: paths beside it, classes and the signs' boxes."""
    name = f"{path.parent.name} {path.stem}".strip()
    return _read_table(path, "Path", delimiter=",").dataset(path.parent, name)


@dataclass(frozen=True)
class _Table:
    files: Sequence[Path]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float64]

    def dataset(self, folder: Path, name: str) -> Dataset:
        """The images that it lists, below `folder`."""
        images = [read_file(folder / file) for file in self.files]
        tracks = _gtsrb_tracks(self.files, self.labels) if self.files else None
        return Dataset(images, self.labels, tracks, name, self.boxes)


def _read_table(path: Path, column: str, *, delimiter: str) -> _Table:
    """A table that lists images in `column`, with GTSRB's other columns."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter))
        names = [Path(row[column]) for row in rows]
        labels = np.array([int(row["ClassId"]) for row in rows], dtype=np.int64)
        roi = np.array([[float(row[name]) for name in ROI] for row in rows]).reshape(-1, len(ROI))
    except (KeyError, TypeError, ValueError, OverflowError, csv.Error) as error:
        raise BadInput(
            f"{path}: expected a {column} and numbers under ClassId, {', '.join(ROI)}: {error!r}"
        ) from error
    outside = next((name for name in names if name.is_absolute() or ".." in name.parts), None)
    if outside is not None:
        raise BadInput(f"{path}: {column} must stay beside the table, got {str(outside)!r}")
    return _Table(names, labels, _boxes(roi, len(rows), f"{path}: the sign's box"))
