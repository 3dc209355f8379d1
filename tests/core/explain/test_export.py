"""Explanations in a folder."""

import json
from pathlib import Path

import numpy as np

from core.explain.export import write_explanations
from core.explain.heat_maps import common_scale, overlay
from core.images import decode, fit
from core.records.explanations import Explanation
from tests.support.images import noise


def make_explanation(largest: float, class_id: int = 14) -> Explanation:
    saliency = np.linspace(0, largest, 64, dtype=np.float32).reshape(8, 8)
    return Explanation(saliency, class_id, 3.0, 0.75, 7, {"input": 3.0}, 1e-7)


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
