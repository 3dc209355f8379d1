"""Labelled image sets from disk, and the split by track."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchvision.datasets import GTSRB

from core import datasets
from core.datasets import FOLDS, Dataset, load, load_gtsrb, split_by_track
from core.errors import BadInput, NotFound, UnsupportedMedia
from tests.support.expect import raises
from tests.support.images import blocks, noise, saved
from tests.support.layouts import lay_out_gtsrb, lay_out_kaggle, write_npz
from tests.support.requirements import require

ROOT = Path(__file__).parents[2]
GTSRB32 = Path(os.environ.get("SIGNWATCH_GTSRB32", ROOT.parent / "shared" / "gtsrb32"))


def make_dataset(labels: list[int], tracks: list[int] | None = None) -> Dataset:
    images = [blocks(seed) for seed in range(len(labels))]
    known = None if tracks is None else np.array(tracks, dtype=np.int64)
    return Dataset(images, np.array(labels, dtype=np.int64), known, "made up")


# .npz


def test_an_npz_gives_images_labels_and_tracks(tmp_path: Path) -> None:
    images = np.stack([noise(5, 6, seed) for seed in range(4)])
    path = write_npz(
        tmp_path / "signs" / "train.npz",
        images=images,
        tracks=np.array([7, 7, 8, 9], np.uint16),
        labels=np.array([14, 14, 2, 42], dtype=np.uint8),
        roi=np.array([[40, 20, 10, 5, 30, 20], [8, 8, 0, 0, 8, 8]] * 2, np.int16),
    )
    dataset = load(path)
    assert np.array_equal(np.stack(list(dataset.images)), images)
    assert dataset.labels.tolist() == [14, 14, 2, 42]
    assert dataset.labels.dtype == np.int64
    assert dataset.tracks is not None
    assert dataset.tracks.tolist() == [7, 7, 8, 9]
    assert dataset.boxes is not None
    assert dataset.boxes.tolist() == [[0.25, 0.25, 0.75, 1.0], [0, 0, 1, 1]] * 2
    assert dataset.name == "signs"
    assert len(dataset) == 4
    part = dataset.subset(np.array([3, 0])).boxes
    assert part is not None and part.tolist() == [[0, 0, 1, 1], [0.25, 0.25, 0.75, 1.0]]


@pytest.mark.parametrize(
    ("roi", "problem"),
    [
        (
            np.zeros((2, 4), np.int16),
            "must be (2, 6) numbers: width, height, X1, Y1, X2, Y2 in "
            "pixels of the original, got (2, 4) int16",
        ),
        (
            np.array([["a"] * 6] * 2),
            "must be (2, 6) numbers: width, height, X1, Y1, X2, Y2 in "
            "pixels of the original, got (2, 6) <U1",
        ),
        (
            np.array([[8, 8, 1, 1, 7, 7], [8, 8, 1, 1, 9, 7]]),
            "must lie inside its image, 0 <= X1 "
            "< X2 <= width and 0 <= Y1 < Y2 <= height, got 8, 8, 1, 1, 9, 7 in row 1",
        ),
        (
            np.array([[8, 8, 1, 1, 7, 7], [8, 8, 5, 1, 5, 7]]),
            "must lie inside its image, 0 <= X1 "
            "< X2 <= width and 0 <= Y1 < Y2 <= height, got 8, 8, 5, 1, 5, 7 in row 1",
        ),
        (
            np.array([[8, 8, 1, 1, 7, 7], [8, 8, 1, -1, 7, 7]]),
            "must lie inside its image, 0 <= X1 "
            "< X2 <= width and 0 <= Y1 < Y2 <= height, got 8, 8, 1, -1, 7, 7 in row 1",
        ),
        (
            np.array([[8, 8, np.nan, 1, 7, 7]] * 2),
            "must lie inside its image, 0 <= X1 < X2 <= "
            "width and 0 <= Y1 < Y2 <= height, got 8, 8, nan, 1, 7, 7 in row 0",
        ),
    ],
)
def test_boxes_of_signs_that_are_none(tmp_path: Path, roi: Any, problem: str) -> None:
    path = write_npz(
        tmp_path / "train.npz",
        images=noise(4, 4)[None].repeat(2, 0),
        labels=np.array([3, 3]),
        roi=roi,
    )
    with raises(BadInput, f"{path}: `roi` {problem}"):
        load(path)


def test_a_folder_with_one_npz_stands_for_it(tmp_path: Path) -> None:
    write_npz(tmp_path / "train.npz", images=noise(4, 4)[None], labels=np.array([3]))
    dataset = load(tmp_path)
    assert dataset.labels.tolist() == [3]
    assert dataset.tracks is None


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        (
            {"photos": np.zeros((1, 2, 2, 3), np.uint8), "labels": np.array([1])},
            "expected arrays `images` and `labels`, got labels, photos",
        ),
        (
            {"images": np.zeros((1, 2, 2, 3), np.uint8)},
            "expected arrays `images` and `labels`, got images",
        ),
        (
            {"images": np.zeros((1, 2, 2, 3)), "labels": np.array([1])},
            "`images` must be (N, height, width, 3) uint8, got (1, 2, 2, 3) float64",
        ),
        (
            {"images": np.zeros((2, 2, 3), np.uint8), "labels": np.array([1])},
            "`images` must be (N, height, width, 3) uint8, got (2, 2, 3) uint8",
        ),
        (
            {"images": np.zeros((1, 2, 2, 4), np.uint8), "labels": np.array([1])},
            "`images` must be (N, height, width, 3) uint8, got (1, 2, 2, 4) uint8",
        ),
        (
            {"images": np.zeros((2, 2, 2, 3), np.uint8), "labels": np.array([1])},
            "`labels` must be (2,) integers, one an image, got (1,) int64",
        ),
        (
            {"images": np.zeros((1, 2, 2, 3), np.uint8), "labels": np.array([1.5])},
            "`labels` must be (1,) integers, one an image, got (1,) float64",
        ),
        (
            {"images": np.zeros((1, 2, 2, 3), np.uint8), "labels": np.array(["Stop"])},
            "`labels` must be (1,) integers, one an image, got (1,) <U4",
        ),
        (
            {
                "images": np.zeros((2, 2, 2, 3), np.uint8),
                "labels": np.array([1, 2]),
                "tracks": np.array([1]),
            },
            "`tracks` must be (2,) integers, one an image, got (1,) int64",
        ),
    ],
)
def test_an_npz_of_another_make_is_refused(
    tmp_path: Path, arrays: dict[str, Any], problem: str
) -> None:
    path = write_npz(tmp_path / "wrong.npz", **arrays)
    with raises(BadInput, f"{path}: {problem}"):
        load(path)


def test_labels_outside_the_classes_are_refused(tmp_path: Path) -> None:
    images = np.zeros((2, 2, 2, 3), np.uint8)
    path = write_npz(tmp_path / "far" / "x.npz", images=images, labels=np.array([0, 43]))
    with raises(BadInput, "far: labels must lie in 0..42, got 0..43"):
        load(path)


def test_an_npz_without_images_is_refused(tmp_path: Path) -> None:
    path = write_npz(
        tmp_path / "none" / "x.npz",
        images=np.zeros((0, 2, 2, 3), np.uint8),
        labels=np.zeros(0, np.int64),
    )
    with raises(BadInput, "none: expected at least one image, found none"):
        load(path)


def test_files_that_are_no_npz_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    whole = write_npz(tmp_path / "whole.npz", images=noise(64, 64)[None], labels=np.array([3]))
    np.save(tmp_path / "array.npy", np.zeros(3))
    pickled = np.array([{"a": 1}], dtype=object)
    for content, problem in [
        (b"", "No data left in file"),
        (
            b"label,file\n14,a.png\n",
            "This file contains pickled (object) data. If you trust the file you can load it "
            "unsafely using the `allow_pickle=` keyword argument or `pickle.load()`.",
        ),
        (whole.read_bytes()[:500], "File is not a zip file"),
        (
            (tmp_path / "array.npy").read_bytes(),
            "it is a single array, as np.save writes it; use np.savez",
        ),
        (
            write_npz(tmp_path / "pickled.npz", images=pickled, labels=pickled).read_bytes(),
            "Object arrays cannot be loaded when allow_pickle=False",
        ),
    ]:
        path.write_bytes(content)
        with raises(BadInput, f"{path} is not a readable .npz archive: {problem}"):
            load(path)


def test_a_damaged_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, images=noise(64, 64)[None], labels=np.array([3]))
    content = bytearray(path.read_bytes())
    content[2000:2100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path} is not a readable .npz archive: ")


# Folders


def test_a_folder_by_class_id_is_read_in_order(tmp_path: Path) -> None:
    for folder, file, seed in [
        ("14", "b.png", 1),
        ("14", "a.PNG", 2),
        ("00002", "x.png", 3),
        ("7", "y.bmp", 4),
    ]:
        (tmp_path / folder).mkdir(exist_ok=True)
        kind = file[-3:].upper()
        (tmp_path / folder / file).write_bytes(saved(blocks(seed), kind))
    (tmp_path / "14" / "notes.txt").write_text("no image")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "z.png").write_bytes(b"not read")
    (tmp_path / "²").mkdir()
    dataset = load(tmp_path)
    assert dataset.labels.tolist() == [2, 7, 14, 14]
    for image, seed in zip(dataset.images, [3, 4, 2, 1], strict=True):
        assert np.array_equal(image, blocks(seed))
    assert dataset.tracks is None
    assert dataset.name == tmp_path.name


def test_images_of_a_folder_may_differ_in_size(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "a.png").write_bytes(saved(noise(3, 4), "PNG"))
    (tmp_path / "0" / "b.png").write_bytes(saved(noise(7, 5), "PNG"))
    assert [image.shape for image in load(tmp_path).images] == [(3, 4, 3), (7, 5, 3)]


def test_gtsrb_file_names_carry_tracks(tmp_path: Path) -> None:
    folder = tmp_path / "00014"
    folder.mkdir()
    for name in ("00000_00000", "00000_00001", "00012_00000"):
        (folder / f"{name}.ppm").write_bytes(saved(noise(4, 4), "PPM"))
    tracks = load(tmp_path).tracks
    assert tracks is not None
    assert tracks.tolist() == [0, 0, 12]
    (folder / "00003_00007.png").write_bytes(saved(noise(4, 4), "PNG"))  # as `triage export` does
    tracks = load(tmp_path).tracks
    assert tracks is not None
    assert tracks.tolist() == [0, 0, 3, 12]
    (folder / "extra.ppm").write_bytes(saved(noise(4, 4), "PPM"))
    assert load(tmp_path).tracks is None


@pytest.mark.parametrize(
    "name", ["1_2", "00001-00002", "a00001_00002", "00001_00002_00003", "9" * 19 + "_00001"]
)
def test_other_file_names_carry_no_tracks(name: str, tmp_path: Path) -> None:
    (tmp_path / "14").mkdir()
    (tmp_path / "14" / f"{name}.png").write_bytes(saved(noise(4, 4), "PNG"))
    assert load(tmp_path).tracks is None


def test_a_bad_image_in_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "14").mkdir()
    bad = tmp_path / "14" / "a.png"
    bad.write_bytes(b"no image")
    with raises(
        UnsupportedMedia,
        f"{bad}: expected a PNG, JPEG, WebP, BMP or PPM file; this is none of them",
    ):
        load(tmp_path)


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with raises(
        NotFound, f"{missing} does not exist; expected an .npz, or a folder of images by class id"
    ):
        load(missing)
    with raises(
        BadInput,
        f"{tmp_path}: expected one .npz, or subfolders named by class id (0..42) with images",
    ):
        load(tmp_path)


def test_two_archives_in_one_folder_are_not_chosen_between(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_npz(tmp_path / name, images=noise(4, 4)[None], labels=np.array([3]))
    with raises(
        BadInput,
        f"{tmp_path}: expected one .npz, or subfolders named by class id (0..42) with images",
    ):
        load(tmp_path)


# The official layout


@pytest.mark.parametrize(("part", "split"), [("training", "train"), ("test", "test")])
def test_the_official_layout_is_that_of_torchvision(tmp_path: Path, part: Any, split: str) -> None:
    lay_out_gtsrb(tmp_path)
    own, theirs = load_gtsrb(tmp_path, part), GTSRB(str(tmp_path), split=split)
    assert own.labels.tolist() == [label for _, label in theirs]
    for pixels, (image, _) in zip(own.images, theirs, strict=True):
        assert np.array_equal(pixels, np.asarray(image))


def test_the_official_training_part_has_tracks_and_the_test_part_has_none(tmp_path: Path) -> None:
    lay_out_gtsrb(tmp_path)
    training, test = load_gtsrb(tmp_path, "training"), load_gtsrb(tmp_path, "test")
    assert training.tracks is not None
    assert training.tracks.tolist() == [0, 0, 1, 0, 3]
    assert training.labels.tolist() == [0, 0, 0, 1, 2]
    assert test.tracks is None
    assert test.labels.tolist() == [2, 0, 1]
    assert test.name == "GTSRB test"
    assert test.boxes is not None
    assert test.boxes.tolist() == [[1 / 6, 1 / 6, 5 / 6, 5 / 6]] * 3


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ("Roi.X1", "KeyError('Roi.X1')"),
        ("ClassId", "KeyError('ClassId')"),
        ("Filename", "KeyError('Filename')"),
    ],
)
def test_a_test_part_that_lacks_a_column_is_refused(
    tmp_path: Path, column: str, problem: str
) -> None:
    lay_out_gtsrb(tmp_path)
    table = tmp_path / "gtsrb" / "GT-final_test.csv"
    table.write_text(table.read_text().replace(column, "Other"))
    with raises(
        BadInput,
        f"{table}: expected a Filename and numbers under ClassId, Width, Height, Roi.X1, "
        f"Roi.Y1, Roi.X2, Roi.Y2: {problem}",
    ):
        load_gtsrb(tmp_path, "test")


def test_a_folder_in_the_official_layout_is_recognised(tmp_path: Path) -> None:
    lay_out_gtsrb(tmp_path)
    assert load(tmp_path).name == "GTSRB test"
    (tmp_path / "gtsrb" / "GT-final_test.csv").unlink()
    assert load(tmp_path).labels.tolist() == [0, 0, 0, 1, 2]


# Folds


@st.composite
def tracked_labels(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels and tracks of some images: track numbers start anew in every class."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=80))
    labels, tracks = np.array(pairs, dtype=np.int64).T
    return labels, tracks


@given(tracked_labels(), st.integers(0, 5))
def test_no_track_is_split(made: tuple[NDArray[np.int64], NDArray[np.int64]], seed: int) -> None:
    labels, tracks = made
    folds = split_by_track(labels, tracks, seed=seed)
    assert folds.shape == labels.shape
    assert set(folds.tolist()) <= {0, 1, 2}
    where: dict[tuple[int, int], set[int]] = {}
    for label, track, fold in zip(labels.tolist(), tracks.tolist(), folds.tolist(), strict=True):
        where.setdefault((label, track), set()).add(fold)
    assert all(len(folds_of_track) == 1 for folds_of_track in where.values())


@given(tracked_labels(), st.integers(0, 5))
def test_a_class_of_three_tracks_is_in_every_fold(
    made: tuple[NDArray[np.int64], NDArray[np.int64]], seed: int
) -> None:
    labels, tracks = made
    folds = split_by_track(labels, tracks, seed=seed)
    for label in np.unique(labels):
        if len(np.unique(tracks[labels == label])) >= 3:
            assert set(folds[labels == label].tolist()) == {0, 1, 2}


@given(tracked_labels(), st.integers(0, 5))
def test_the_folds_of_a_data_set_are_all_of_it(
    made: tuple[NDArray[np.int64], NDArray[np.int64]], seed: int
) -> None:
    labels, tracks = made
    folds = split_by_track(labels, tracks, seed=seed)
    dataset = Dataset(
        [np.full((1, 1, 3), n, np.uint8) for n in range(len(labels))], labels, tracks, "x"
    )
    for number, name in enumerate(FOLDS[:3]):
        rows = np.flatnonzero(folds == number)
        if len(rows):
            part = dataset.fold(name, seed=seed)
            assert [int(image[0, 0, 0]) for image in part.images] == rows.tolist()
            assert part.labels.tolist() == labels[rows].tolist()
            assert part.tracks is not None
            assert part.tracks.tolist() == tracks[rows].tolist()


def test_shares_are_75_10_15_percent_of_the_tracks() -> None:
    labels = np.zeros(1000, dtype=np.int64)
    folds = split_by_track(labels, np.arange(1000) // 10)
    assert np.bincount(folds).tolist() == [750, 100, 150]


@pytest.mark.parametrize(
    ("class_id", "tracks", "held_out", "calibration"),
    [(0, 20, 3, 2), (7, 20, 3, 2), (7, 17, 3, 2), (7, 16, 2, 2), (7, 14, 2, 1), (7, 3, 1, 1)],
)
def test_a_split_stays_what_models_were_trained_and_measured_on(
    class_id: int, tracks: int, held_out: int, calibration: int
) -> None:
    """Tracks in the order that NumPy deals for seed and class: held-out, calibration, the rest."""
    dealt = np.random.default_rng([3, class_id]).permutation(tracks).tolist()
    folds = split_by_track(np.full(tracks, class_id), np.arange(tracks), seed=3)
    rest = tracks - held_out - calibration
    assert [int(folds[n]) for n in dealt] == [2] * held_out + [1] * calibration + [0] * rest


def test_a_split_depends_on_its_seed_alone() -> None:
    labels, tracks = np.zeros(60, dtype=np.int64), np.arange(60)
    first = split_by_track(labels, tracks, seed=1)
    assert np.array_equal(first, split_by_track(labels, tracks, seed=1))
    assert not np.array_equal(first, split_by_track(labels, tracks, seed=2))
    order = np.random.default_rng(0).permutation(60)
    assert np.array_equal(first[order], split_by_track(labels[order], tracks[order], seed=1))


def test_a_sign_is_a_track_of_a_class() -> None:
    labels, tracks = np.array([3, 3, 7, 7, 3]), np.array([1, 1, 1, 0, 5])
    signs = Dataset([blocks(n) for n in range(5)], labels, tracks, "five").signs()
    assert signs.tolist() == [0, 0, 3, 2, 1]


def test_without_tracks_there_is_only_the_whole() -> None:
    dataset = make_dataset([1, 2])
    assert dataset.fold("all") is dataset
    assert dataset.natural_fold() == "all"
    with raises(BadInput, "made up has no tracks, so it has no held-out part; use `all`"):
        dataset.fold("held-out")
    assert make_dataset([1, 2], [0, 1]).natural_fold() == "held-out"


def test_labels_must_be_as_many_as_images() -> None:
    with raises(BadInput, "made up: expected one label an image, got 1 images and 2 labels"):
        Dataset([blocks()], np.array([1, 2]), None, "made up")


def test_a_sample_is_drawn_without_repetition_and_by_its_seed() -> None:
    dataset = make_dataset(list(range(20)), list(range(20)))
    drawn = dataset.sample(8, seed=3)
    assert len(set(drawn.labels.tolist())) == 8
    assert drawn.labels.tolist() == dataset.sample(8, seed=3).labels.tolist()
    assert drawn.labels.tolist() != dataset.sample(8, seed=4).labels.tolist()
    for image, label in zip(drawn.images, drawn.labels, strict=True):
        assert np.array_equal(image, blocks(int(label)))
    assert drawn.tracks is not None
    assert drawn.tracks.tolist() == drawn.labels.tolist()
    assert sorted(dataset.sample(99, seed=0).labels.tolist()) == list(range(20))


# The real one


def test_gtsrb32_is_read_and_split_by_track() -> None:
    require((GTSRB32 / "train.npz").is_file(), f"there is no train.npz in {GTSRB32}")
    dataset = datasets.load(GTSRB32)
    assert len(dataset) == 39_209
    assert np.asarray(dataset.images).shape == (39_209, 32, 32, 3)
    assert np.bincount(dataset.labels).argmax() == 2
    assert dataset.natural_fold() == "held-out"
    parts = {name: dataset.fold(name) for name in FOLDS[:3]}
    signs = [
        {*zip(part.labels.tolist(), part.tracks.tolist(), strict=True)}
        for part in parts.values()
        if part.tracks is not None
    ]
    assert sum(len(part) for part in parts.values()) == 39_209
    assert [len(one) for one in signs] == [
        len(one - set().union(*signs[:n], *signs[n + 1 :])) for n, one in enumerate(signs)
    ]
    assert all(set(part.labels.tolist()) == set(range(43)) for part in parts.values())


def test_an_even_sample_takes_of_every_class_as_many_as_there_are() -> None:
    dataset = make_dataset([0] * 10 + [1] * 2 + [2] * 4)
    drawn = dataset.sample_evenly(9, seed=0)
    assert np.bincount(drawn.labels).tolist() in ([4, 2, 3], [3, 2, 4])
    assert drawn.labels.tolist() == dataset.sample_evenly(9, seed=0).labels.tolist()
    assert sorted(dataset.sample_evenly(3, seed=1).labels.tolist()) == [0, 1, 2]
    assert len(dataset.sample_evenly(99, seed=0)) == 16
    ten = {
        next(n for n in range(10) if np.array_equal(drawn.images[row], blocks(n)))
        for seed in range(9)
        for drawn in [dataset.sample_evenly(3, seed=seed)]
        for row in np.flatnonzero(drawn.labels == 0)
    }
    assert len(ten) > 3  # by chance, not always the first


# Kaggle's copy of GTSRB


def test_each_part_of_kaggles_layout(tmp_path: Path) -> None:
    lay_out_kaggle(tmp_path)
    training, test = load(tmp_path, "training"), load(tmp_path)
    assert training.labels.tolist() == [0, 0, 0, 1, 2]
    assert training.tracks is not None
    assert training.tracks.tolist() == [0, 0, 1, 0, 3]
    assert training.boxes is not None
    assert training.boxes[2].tolist() == [1 / 6, 1 / 6, 5 / 6, 4 / 6]
    assert training.name == f"{tmp_path.name} Train"
    assert np.array_equal(training.images[2], noise(6, 6, seed=0))
    assert test.labels.tolist() == [2, 0, 1]
    assert test.tracks is None
    assert test.natural_fold() == "all"
    assert load(tmp_path / "Test.csv").labels.tolist() == [2, 0, 1]


def test_kaggles_folder_alone_has_its_tracks(tmp_path: Path) -> None:
    lay_out_kaggle(tmp_path)
    dataset = load(tmp_path / "Train")
    assert dataset.labels.tolist() == [0, 0, 0, 1, 2]
    assert dataset.tracks is not None
    assert dataset.tracks.tolist() == [0, 0, 1, 0, 3]


def test_what_is_there_of_a_layout_is_read(tmp_path: Path) -> None:
    lay_out_kaggle(tmp_path / "kaggle")
    (tmp_path / "kaggle" / "Test.csv").unlink()
    assert len(load(tmp_path / "kaggle")) == 5
    lay_out_gtsrb(tmp_path)
    assert [len(load(tmp_path, part)) for part in ("training", "test")] == [5, 3]
    (tmp_path / "gtsrb" / "GT-final_test.csv").unlink()
    assert len(load(tmp_path, "test")) == 5


def test_a_class_in_a_name_that_is_not_the_folders_leaves_tracks_unknown(tmp_path: Path) -> None:
    lay_out_kaggle(tmp_path)
    moved = tmp_path / "Train" / "1" / "00001_00000_00000.png"
    moved.rename(tmp_path / "Train" / "2" / moved.name)
    assert load(tmp_path / "Train").tracks is None


def test_a_table_that_is_none(tmp_path: Path) -> None:
    table = tmp_path / "Test.csv"
    columns = "Width, Height, Roi.X1, Roi.Y1, Roi.X2, Roi.Y2"
    table.write_text("ClassId,File\n1,a.png\n")
    with raises(
        BadInput, f"{table}: expected a Path and numbers under ClassId, {columns}: KeyError('Path')"
    ):
        load(tmp_path)
    table.write_text("Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path\n")
    with raises(BadInput, f"{tmp_path.name} Test: expected at least one image, found none"):
        load(tmp_path)
    table.write_text(
        "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path\n6,6,1,1,5,5,1,../a.png\n"
    )
    with raises(BadInput, f"{table}: Path must stay beside the table, got '../a.png'"):
        load(tmp_path)
