"""The classifier: one function from pixels to logits, saved, loaded and imported."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from core.errors import BadInput, NotFound, SignwatchError
from core.labels import all_labels
from core.model import classifier as classifiers
from core.model.classifier import (
    Classifier,
    build_network,
    import_weights,
    load,
    to_images,
    to_tensor,
)
from core.model.manifest import Manifest, file_sha256
from tests.support.expect import raises
from tests.support.images import blocks, noise

LABELS = tuple(label.name for label in all_labels())


def toy(*, side: int = 2, temperature: float = 1.0) -> Classifier:
    """logits = (red, green, blue) mean of the normalised pixels."""
    manifest = Manifest(
        "toy", side, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0), ("r", "g", "b"), temperature
    )
    return Classifier(manifest, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))


def uniform(*colour: int, height: int = 2, width: int = 2) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


# Pixels


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 5))
def test_images_survive_the_way_through_tensors(seed: int, height: int, width: int) -> None:
    images = noise(height, width, seed)[None]
    tensor = to_tensor(images)
    assert tensor.shape == (1, 3, height, width)
    assert tensor.dtype == torch.float32
    assert tensor.min() >= 0
    assert tensor.max() <= 1
    assert np.array_equal(to_images(tensor), images)


def test_channels_come_first_and_levels_are_divided_by_255() -> None:
    tensor = to_tensor(np.array([[[[255, 51, 0]]]], dtype=np.uint8))
    assert tensor.flatten().tolist() == pytest.approx([1.0, 0.2, 0.0])


def test_a_tensor_shares_no_memory_with_its_image() -> None:
    image = uniform(10, 20, 30, height=1, width=1)[None]
    tensor = to_tensor(image)
    image[:] = 0
    assert tensor.mul(255).round().flatten().tolist() == [10, 20, 30]


def test_read_only_images_are_taken() -> None:
    image = noise(1, 1)[None]
    image.flags.writeable = False
    assert to_tensor(image).shape == (1, 3, 1, 1)


def test_pixels_outside_the_range_are_clipped() -> None:
    assert to_images(torch.tensor([-1.0, 0.5, 2.0]).view(1, 3, 1, 1)).tolist() == [
        [[[0, 128, 255]]]
    ]


# The one function


def test_normalisation_is_inside() -> None:
    logits = toy()(to_tensor(uniform(255, 255, 255)[None]))
    assert logits.tolist() == [[1.0, 3.0, 1.0]]
    assert toy().normalise(torch.full((1, 3, 1, 1), 0.5)).flatten().tolist() == [0.0, 1.0, 0.5]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 3), (2, 9), (64, 48), (2, 2)])
def test_resizing_is_inside(height: int, width: int) -> None:
    classifier = toy()
    resized = classifier.resize(to_tensor(uniform(255, 51, 0, height=height, width=width)[None]))
    assert resized.shape == (1, 3, 2, 2)
    assert torch.allclose(resized, torch.tensor([1.0, 0.2, 0.0]).view(1, 3, 1, 1), atol=1e-6)


def test_a_image_of_the_right_size_is_not_touched() -> None:
    pixels = to_tensor(noise(2, 2)[None])
    assert toy().resize(pixels) is pixels


def test_resizing_is_linear() -> None:
    classifier = toy(side=5)
    one, other = (
        torch.rand(1, 3, 17, 9, generator=torch.Generator().manual_seed(n)) for n in (0, 1)
    )
    together = classifier.resize(0.25 * one + 0.75 * other)
    apart = 0.25 * classifier.resize(one) + 0.75 * classifier.resize(other)
    assert torch.allclose(together, apart, atol=1e-6)


def test_reducing_takes_the_mean_and_not_a_sample() -> None:
    """Narrow white stripes between the places that a sample would look at."""
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = 255
    resized = toy(side=8).resize(to_tensor(stripes[None]))
    inside = resized[..., 1:-1, 1:-1]
    assert torch.allclose(inside, torch.full_like(inside, 0.25), atol=0.01)


def test_images_of_different_sizes_are_predicted_together(classifier: Classifier) -> None:
    images = [noise(32, 32), noise(3, 3), noise(100, 20), noise(1, 1)]
    together = classifier.predict_logits(images)
    assert together.shape == (4, 43)
    assert together.dtype == np.float32
    for image, logits in zip(images, together, strict=True):
        alone = classifier.predict_logits([image])[0]
        assert alone == pytest.approx(logits, abs=2e-3)


def test_serving_and_attacks_see_the_same_function(classifier: Classifier) -> None:
    images = np.stack([blocks(seed) for seed in range(6)])
    with torch.no_grad():
        direct = classifier(to_tensor(images)).numpy()
    assert classifier.predict_logits(list(images)) == pytest.approx(direct, abs=2e-3)


def test_many_images_are_predicted_in_batches(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [blocks(seed) for seed in range(7)]
    whole = classifier.predict_logits(images)
    monkeypatch.setattr(classifiers, "BATCH", 3)
    assert classifier.predict_logits(images) == pytest.approx(whole, abs=2e-3)


def test_probabilities_are_tempered() -> None:
    logits = np.array([[2.0, 0.0, 1.0]], dtype=np.float32)
    exponentials = np.exp(np.array([1.0, 0.0, 0.5]))
    expected = exponentials / exponentials.sum()
    assert toy(temperature=2.0).tempered(logits)[0] == pytest.approx(expected, abs=1e-6)


@given(st.floats(0.05, 20), st.integers(0, 2**32))
def test_temperature_changes_no_prediction(temperature: float, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (1, 3)).astype(np.float32)
    tempered = toy(temperature=temperature).tempered(logits)
    assert tempered.sum() == pytest.approx(1, abs=1e-5)
    assert tempered[0].argsort().tolist() == logits[0].argsort().tolist() or (
        np.diff(np.sort(tempered[0])).min() < 1e-6
    )


def test_a_new_classifier_is_in_eval_mode(classifier: Classifier) -> None:
    assert not any(module.training for module in classifier.modules())
    assert classifier.classes == 43
    assert toy().classes == 3


# Saved and loaded


def test_a_saved_classifier_comes_back(classifier: Classifier, tmp_path: Path) -> None:
    manifest = replace(
        classifier.manifest,
        temperature=1.25,
        recipe={"epochs": 3},
        figures={"held_out": {"ece": 0.5}},
    )
    own = Classifier(manifest, classifier.network)
    kept = own.save(tmp_path / "new" / "model")
    assert kept is own
    again = load(tmp_path / "new" / "model")
    assert again.manifest == own.manifest
    assert again.manifest.sha256 == file_sha256(tmp_path / "new" / "model" / "model.safetensors")
    images = [blocks(0), blocks(1)]
    assert np.array_equal(again.predict_logits(images), classifier.predict_logits(images))
    assert not again.training


def test_channels_last_weights_can_be_saved(tmp_path: Path) -> None:
    network = build_network("resnet18", 43).to(memory_format=torch.channels_last)
    manifest = Manifest("resnet18", 32, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), LABELS)
    own = Classifier(manifest, network).save(tmp_path)
    assert np.allclose(
        load(tmp_path).predict_logits([blocks()]), own.predict_logits([blocks()]), atol=1e-4
    )


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with raises(NotFound, f"no model in {tmp_path}: model.json is missing"):
        load(tmp_path)
    Manifest("resnet18", 32, (0.0,) * 3, (1.0,) * 3, LABELS).write(tmp_path)
    with raises(NotFound, f"no model in {tmp_path}: model.safetensors is missing"):
        load(tmp_path)


def test_weights_that_the_manifest_does_not_describe_are_refused(
    classifier: Classifier, tmp_path: Path
) -> None:
    Classifier(classifier.manifest, classifier.network).save(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    with raises(
        BadInput, f"{weights} is not the file that {tmp_path}/model.json describes (SHA-256)"
    ):
        load(tmp_path)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    save_file({"fc.weight": torch.zeros(2, 2)}, weights)
    manifest = Manifest("resnet18", 32, (0.0,) * 3, (1.0,) * 3, LABELS, 1.0, file_sha256(weights))
    manifest.write(tmp_path)
    with pytest.raises(BadInput) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(
        f"{weights} does not fit resnet18: Error(s) in loading state_dict for ResNet: Missing "
        'key(s) in state_dict: "conv1.weight", '
    )
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_an_architecture_that_torchvision_lacks_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        build_network("resnet19", 43)
    known = ", ".join(torchvision.models.list_models(module=torchvision.models))
    assert "resnet18" in known
    assert str(caught.value) == f"unknown architecture 'resnet19'; torchvision has {known}"


# Imported


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_a_plain_state_dict_is_imported(
    classifier: Classifier, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"weights{suffix}"
    state = {name: value.contiguous() for name, value in classifier.network.state_dict().items()}
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    imported = import_weights(path, "resnet18", 32)
    assert imported.manifest == Manifest(
        "resnet18",
        32,
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
        LABELS,
        recipe={"imported_from": path.name},
    )
    for name, value in imported.network.state_dict().items():
        assert torch.equal(value, state[name])


def test_the_blogs_normalisation_is_inside_an_imported_model(
    classifier: Classifier, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    torch.save(classifier.network.state_dict(), path)
    imported = import_weights(path, "resnet18", 32)
    steps = torchvision.transforms.Compose(
        [
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    with torch.no_grad():
        theirs = classifier.network(steps(blocks(3))[None]).numpy()
    assert imported.predict_logits([blocks(3)]) == pytest.approx(theirs, abs=2e-3)


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("code was run",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is no file of plain tensors as torch.save writes it"),
        (b"no weights", "it is no file of plain tensors as torch.save writes it"),
        (pickle.dumps(Bomb(), 2), "it is no file of plain tensors as torch.save writes it"),
        ("bomb", "it is no file of plain tensors as torch.save writes it"),
        ("module", "it is no file of plain tensors as torch.save writes it"),
        ("list", "it holds something other than named tensors"),
        ("numbers", "it holds something other than named tensors"),
    ],
)
def test_checkpoints_of_another_make_are_refused_and_not_run(
    tmp_path: Path, content: bytes | str, problem: str
) -> None:
    path = tmp_path / "weights.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        made = {"bomb": Bomb(), "module": nn.Linear(1, 1), "list": [1], "numbers": {"a": 1}}
        torch.save(made[content], path)
    with raises(BadInput, f"{path} is not a state dict of resnet18 with 43 classes: {problem}"):
        import_weights(path, "resnet18", 32)


def test_a_safetensors_file_of_another_make_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"no weights")
    with pytest.raises(SignwatchError) as caught:
        import_weights(path, "resnet18", 32)
    assert type(caught.value) is BadInput
    assert str(caught.value).startswith(
        f"{path} is not a state dict of resnet18 with 43 classes: Error while deserializing header"
    )


def test_weights_for_other_classes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(build_network("resnet18", 10).state_dict(), path)
    with pytest.raises(BadInput) as caught:
        import_weights(path, "resnet18", 32)
    assert str(caught.value).startswith(
        f"{path} is not a state dict of resnet18 with 43 classes: Error(s) in loading state_dict "
        "for ResNet: size mismatch for fc.weight: copying a param with shape torch.Size([10, 512])"
    )


@pytest.mark.parametrize("size", [(900, 700), (30, 20_000), (20_000, 30), (2000, 333)])
@pytest.mark.parametrize("side", [32, 96])
def test_a_large_image_is_prepared_piece_by_piece_to_the_same_numbers(
    size: tuple[int, int], side: int
) -> None:
    manifest = Manifest("", side, (0.0,) * 3, (1.0,) * 3, LABELS)
    classifier = Classifier(manifest, nn.Identity())
    image = noise(*size)
    whole = classifier.resize(to_tensor(image[None]))
    assert torch.equal(classifier.prepare(image), whole)


def test_a_prepared_image_takes_little_memory_while_it_is_resized(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def counted(images: np.ndarray) -> torch.Tensor:
        seen.append(images.shape[1] * images.shape[2])
        return to_tensor(images)

    monkeypatch.setattr("core.model.classifier.to_tensor", counted)
    Classifier(Manifest("", 32, (0.0,) * 3, (1.0,) * 3, LABELS), nn.Identity()).prepare(
        noise(1500, 1000)
    )
    assert sum(seen) == 1_500_000
    assert max(seen) <= 1 << 19
