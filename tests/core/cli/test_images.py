"""samples, attack, explain."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from core import datasets
from core.attacks import ATTACKS
from core.images import decode
from core.jobs import Progress
from core.model.classifier import Classifier
from core.samples import drawing
from tests.support.command_line import Run
from tests.support.images import blocks, saved


def test_samples_are_drawn(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_samples(out: Path, *, progress: Progress) -> list[Path]:
        progress(1, 1, "drawn")
        return [out / "00" / "0.png"]

    monkeypatch.setattr(drawing, "write_samples", write_samples)
    done = run("samples", "--out", tmp_path)
    assert (done.code, done.out) == (0, f"1 images in {tmp_path}\n")


def test_attack_saves_adversarial_examples(
    run: Run, dataset: Path, tmp_path: Path, classifier: Classifier
) -> None:
    out = tmp_path / "out"
    arguments = (
        "attack",
        "--data",
        dataset,
        "--attack",
        "pgd",
        "--epsilon",
        "8/255",
        "--steps",
        3,
        "--count",
        12,
        "--seed",
        3,
        "--out",
        out,
    )
    summary = run(*arguments, "--json").document()
    assert summary == {
        "attack": "pgd",
        "epsilon": 8 / 255,
        "target": None,
        "seed": 3,
        "images": 12,
        "eligible": 10,
        "successes_before_rounding": 10,
        "successes": 10,
    }
    saved_images = datasets.load(out)
    logits = classifier.predict_logits(saved_images.images)
    assert len(saved_images) == 10
    assert (logits.argmax(axis=1) != saved_images.labels).all()
    manifest = json.loads((out / "manifest.json").read_text())
    assert {name: manifest[name] for name in summary} == summary
    done = run(*arguments)
    assert done.out == (
        f"{ATTACKS['pgd'].info.title}: 10 of 10 eligible images are misclassified once saved "
        "(10 before rounding to 8 bit); "
        f"images in {out}\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["bim", "--steps", 4], ["pgd_l2", "--steps", 4], ["square", "--steps", 30]],
    ids=lambda arguments: arguments[0],
)
def test_attack_takes_the_budget_that_the_attack_proposes(
    run: Run, dataset: Path, tmp_path: Path, arguments: list[object]
) -> None:
    document = run(
        "attack",
        "--data",
        dataset,
        "--count",
        2,
        "--out",
        tmp_path,
        "--json",
        "--attack",
        *arguments,
    ).document()
    assert document["epsilon"] == ATTACKS[arguments[0]].info.default_epsilon


def test_images_to_be_attacked_are_drawn_by_the_seed(
    run: Run, dataset: Path, tmp_path: Path
) -> None:
    """Twelve labels; a permutation by NumPy says which two are attacked."""
    labels = datasets.load(dataset).labels
    for seed in (1, 3):
        out = tmp_path / str(seed)
        command = ("attack", "--data", dataset, "--attack", "fgsm", "--epsilon", "32/255")
        run(*command, "--count", 2, "--seed", seed, "--out", out)
        drawn = np.random.default_rng(seed).permutation(12)[:2]
        manifest = json.loads((out / "manifest.json").read_text())
        assert [each["label"] for each in manifest["pictures"]] == labels[drawn].tolist()
        found = max(each["linf"] for each in manifest["pictures"])
        assert found == pytest.approx(32 / 255)  # not the budget that FGSM proposes, 8/255


def test_attack_aims_at_the_target_in_the_steps_given(
    run: Run, dataset: Path, tmp_path: Path, classifier: Classifier
) -> None:
    command = ("attack", "--data", dataset, "--attack", "pgd", "--epsilon", "16/255")
    run(*command, "--target", 14, "--steps", 9, "--count", 4, "--out", tmp_path)
    found = datasets.load(tmp_path)
    assert set(classifier.predict_logits(found.images).argmax(axis=1)) == {14}
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert 0 < max(each["steps"] for each in manifest["pictures"]) <= 9


def test_the_model_that_is_named_is_taken_before_that_of_the_settings(
    run: Run, dataset: Path, tmp_path: Path, model_dir: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SIGNWATCH_MODEL", str(tmp_path / "none"))
    image = tmp_path / "one.png"
    image.write_bytes(saved(blocks(1), "PNG"))
    for command in (
        ("attack", "--data", dataset, "--attack", "fgsm", "--count", 1, "--out", tmp_path / "a"),
        ("explain", "--image", image, "--out", tmp_path / "b"),
    ):
        done = run(*command)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"error: no model in {tmp_path / 'none'}: model.json is missing\n"
        assert run(*command, "--model", model_dir).code == 0


def test_an_epsilon_that_no_one_reads_is_refused(run: Run, dataset: Path, tmp_path: Path) -> None:
    done = run(
        "attack", "--data", dataset, "--attack", "cw", "--epsilon", "8/255", "--out", tmp_path
    )
    assert done.code == 2
    assert f"error: C&W-L2 takes no epsilon; leave it out, got {8 / 255}\n" in done.err


def test_explain_draws_both_images_on_one_scale(
    run: Run, tmp_path: Path, classifier: Classifier
) -> None:
    one, other, out = tmp_path / "one.png", tmp_path / "other.png", tmp_path / "maps"
    one.write_bytes(saved(blocks(1), "PNG"))
    other.write_bytes(saved(blocks(2), "PNG"))
    arguments = ("explain", "--image", one, "--against", other, "--out", out)
    document = run(*arguments, "--json").document()
    entries = document["explanations"]
    logits = classifier.predict_logits([blocks(1), blocks(2)])
    assert [entry["class_id"] for entry in entries] == logits.argmax(axis=1).tolist()
    assert [entry["image"] for entry in entries] == [str(one), str(other)]
    assert entries[0]["scale"] == entries[1]["scale"]
    for entry in entries:
        assert decode(Path(entry["map"]).read_bytes()).shape == (256, 256, 3)
        assert entry["residual"] < 1e-3
    both = run(*arguments, "--class", 14, "--json").document()["explanations"]
    assert [entry["class_id"] for entry in both] == [14, 14]
    done = run("explain", "--image", one, "--class", 14, "--out", out)
    assert re.fullmatch(
        rf"{re.escape(str(one))}: 14 Stop \d+\.\d%, residual \d\.\de-\d\d -> "
        rf"{re.escape(str(out / '0_one_class14.png'))}\n",
        done.out,
    )
