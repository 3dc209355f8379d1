"""Attack results in a folder and in a ZIP."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core import datasets
from core.attacks.export import write_results, zip_results
from core.records.attacks import AttackedImage, AttackPlan
from tests.support.images import blocks
from tests.support.records import make_prediction


def make_result(
    label: int,
    *,
    success: bool,
    psnr: float = 30.0,
    seed: int = 0,
    exactly: bool | None = None,
    eligible: bool | None = None,
) -> AttackedImage:
    """exactly: success before rounding; eligible: both are `success` unless given."""
    return AttackedImage(
        plan=AttackPlan("pgd", 14, 0.03, 40, 7),
        clean=blocks(seed),
        adversarial=blocks(seed + 100),
        label=label,
        eligible=success if eligible is None else eligible,
        success_before_rounding=success if exactly is None else exactly,
        success=success,
        steps=4,
        linf=0.03,
        l2=1.5,
        psnr=psnr,
        before=make_prediction(label),
        after=make_prediction(14),
    )


def test_successful_images_are_a_data_set_by_true_class(tmp_path: Path) -> None:
    results = [
        make_result(3, success=True, seed=1),
        make_result(5, success=False, seed=2, psnr=float("inf")),
        make_result(14, success=True, seed=3),
    ]
    out = tmp_path / "new" / "out"
    summary = write_results(results, out, attack="pgd", epsilon=0.03, target=None, seed=7)
    assert summary == {
        "attack": "pgd",
        "epsilon": 0.03,
        "target": None,
        "seed": 7,
        "images": 3,
        "eligible": 2,
        "successes_before_rounding": 2,
        "successes": 2,
    }
    dataset = datasets.load(out)
    assert dataset.labels.tolist() == [3, 14]
    assert np.array_equal(dataset.images[0], blocks(101))
    assert np.array_equal(dataset.images[1], blocks(103))
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*.*"))
    assert files == ["03/00000.png", "14/00002.png", "manifest.json"]


def test_the_manifest_lists_every_image_in_strict_json(tmp_path: Path) -> None:
    results = [
        make_result(3, success=True),
        make_result(5, success=False, psnr=float("inf")),
    ]
    summary = write_results(results, tmp_path, attack="fgsm")

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} is not JSON")

    manifest = json.loads((tmp_path / "manifest.json").read_text(), parse_constant=refuse)
    measured = {"linf": 0.03, "l2": 1.5, "steps": 4}
    assert manifest == summary | {
        "pictures": [
            {
                "file": "03/00000.png",
                "label": 3,
                "eligible": True,
                "psnr": 30.0,
                "success_before_rounding": True,
                "success": True,
                **measured,
            },
            {
                "file": None,
                "label": 5,
                "eligible": False,
                "psnr": None,
                "success_before_rounding": False,
                "success": False,
                **measured,
            },
        ]
    }


def test_images_are_counted_as_what_they_are(tmp_path: Path) -> None:
    results = [
        make_result(3, success=False, eligible=False),
        make_result(4, success=False, exactly=True, eligible=True),
        make_result(5, success=True),
        make_result(6, success=False, eligible=True),
        make_result(7, success=False, exactly=True, eligible=True),
    ]
    summary = write_results(results, tmp_path)
    assert summary == {
        "images": 5,
        "eligible": 4,
        "successes_before_rounding": 3,
        "successes": 1,
    }
    with zipfile.ZipFile(io.BytesIO(zip_results(results))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.namelist() == ["05/00002.png", "manifest.json"]
    keys = ("file", "label", "eligible", "success_before_rounding", "success")
    assert [tuple(entry[key] for key in keys) for entry in manifest["pictures"]] == [
        (None, 3, False, False, False),
        (None, 4, True, True, False),
        ("05/00002.png", 5, True, True, True),
        (None, 6, True, False, False),
        (None, 7, True, True, False),
    ]
    settings = {"attack": "pgd", "target": 14, "epsilon": 0.03, "steps_at_most": 40, "seed": 7}
    assert manifest.items() >= (summary | settings | {"goes_on_when_misread": False}).items()


def test_a_zip_holds_what_a_folder_holds(tmp_path: Path) -> None:
    results = [make_result(3, success=True, seed=1), make_result(5, success=False, seed=2)]
    write_results(
        results,
        tmp_path,
        attack="pgd",
        target=14,
        epsilon=0.03,
        steps_at_most=40,
        seed=7,
        goes_on_when_misread=False,
    )
    with zipfile.ZipFile(io.BytesIO(zip_results(results))) as archive:
        assert sorted(archive.namelist()) == ["03/00000.png", "manifest.json"]
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_is_written_beside_the_folder(tmp_path: Path, count: int) -> None:
    out = tmp_path / "out"
    write_results([make_result(1, success=True)] * count, out, attack="fgsm")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(list((out / "01").iterdir())) == count
