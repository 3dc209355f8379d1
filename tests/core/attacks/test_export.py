"""What `attack` and `explain` leave in a folder."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core import datasets
from core.attacks.export import write_explanations, write_results, zip_results
from core.explain.heat_maps import common_scale, overlay
from core.images import decode, fit
from core.records.attacks import AttackedImage, AttackPlan
from core.records.explanations import Explanation
from tests.support.images import blocks, noise
from tests.support.records import make_prediction


def make_result(label: int, *, success: bool, psnr: float = 30.0, seed: int = 0) -> AttackedImage:
    return AttackedImage(
        plan=AttackPlan("pgd", 14, 0.03, 40, 7),
        clean=blocks(seed),
        adversarial=blocks(seed + 100),
        label=label,
        eligible=success,
        success_before_rounding=success,
        success=success,
        steps=4,
        linf=0.03,
        l2=1.5,
        psnr=psnr,
        before=make_prediction(label),
        after=make_prediction(14),
    )


def make_explanation(largest: float, class_id: int = 14) -> Explanation:
    saliency = np.linspace(0, largest, 64, dtype=np.float32).reshape(8, 8)
    return Explanation(saliency, class_id, 3.0, 0.75, 7, {"input": 3.0}, 1e-7)


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


def test_the_manifest_tells_of_every_image_in_strict_json(tmp_path: Path) -> None:
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


def test_maps_are_drawn_on_one_scale(tmp_path: Path) -> None:
    first, second = noise(8, 8), noise(600, 700)
    explanations = [make_explanation(1.0), make_explanation(4.0, class_id=2)]
    out = tmp_path / "maps"
    written = write_explanations(
        [Path("a/sign.png"), Path("b/sign.jpg")], [first, second], explanations, out
    )
    assert [entry["map"] for entry in written] == [
        str(out / "0_sign_class14.png"),
        str(out / "1_sign_class02.png"),
    ]
    scale = common_scale([each.map for each in explanations])
    for entry, pixels, each in zip(written, [first, second], explanations, strict=True):
        drawn = decode(Path(entry["map"]).read_bytes())
        assert np.array_equal(drawn, overlay(fit(pixels, 512), each.map, largest=scale))
    assert written[0] == {
        "image": "a/sign.png",
        "map": str(out / "0_sign_class14.png"),
        "class_id": 14,
        "probability": 0.75,
        "predicted_class": 7,
        "logit": 3.0,
        "residual": 1e-7,
        "scale": scale,
    }
    assert json.loads(json.dumps(written)) == written


def test_a_map_without_mass_can_be_drawn(tmp_path: Path) -> None:
    (entry,) = write_explanations([Path("a.png")], [noise(8, 8)], [make_explanation(0.0)], tmp_path)
    assert entry["scale"] == 0
    assert decode(Path(entry["map"]).read_bytes()).shape == (256, 256, 3)


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_is_written_beside_the_folder(tmp_path: Path, count: int) -> None:
    out = tmp_path / "out"
    write_results([make_result(1, success=True)] * count, out, attack="fgsm")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(list((out / "01").iterdir())) == count
