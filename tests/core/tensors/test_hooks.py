"""The hook: names and numbers on small networks, and a classifier that is left as found."""

import copy
import re
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import BadInput
from core.model.classifier import Classifier, build_network, to_tensor
from core.records.tensors import DEFAULT_REGEX
from core.tensors.hooks import Hook
from tests.support.expect import raises
from tests.support.explained import (
    PIXEL,
    Residual,
    linear_network,
    randomise,
    small_network,
    wrap,
    wrap_by_hand,
)
from tests.support.images import blocks

EVERYTHING = "."
# 0.75, 0.5, 0.25 are no levels of 8 bits; these are, and become (1, 3, 0.2) when normalised.
LEVELS = np.array([[[255, 255, 51]]], np.uint8)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_a_linear_network_by_hand() -> None:
    recording = Hook(wrap_by_hand(linear_network()), EVERYTHING).record(LEVELS, 0)
    assert PIXEL.shape == (1, 3, 1, 1)
    found = {name: value.tolist() for name, value in recording.tensors.items()}
    normalised = [[[1.0]], [[3.0]], [[pytest.approx(0.2)]]]
    assert found == {
        "Sequential_input_0": [normalised],
        "0_input_0": [normalised],
        "0_output_0": [[1.0, 3.0, pytest.approx(0.2)]],
        "1_input_0": [[1.0, 3.0, pytest.approx(0.2)]],
        # 2 * 1 - 3 + 4 * 0.2 + 0.5, and the second class is the second value
        "1_output_0": [[pytest.approx(0.3), 3.0]],
        "Sequential_output_0": [[pytest.approx(0.3), 3.0]],
        "gradient/Sequential_output": [[1.0, 0.0]],
        "gradient/1_output": [[1.0, 0.0]],
        "gradient/0_output": [[2.0, -1.0, 4.0]],
        "gradient/image": [[[[2.0]], [[-1.0]], [[4.0]]]],
        "image_pixels": [[[[1.0]], [[1.0]], [[pytest.approx(0.2)]]]],
        "gradient/image_pixels": [[[[4.0]], [[-4.0]], [[4.0]]]],  # divided by (0.5, 0.25, 1)
        "gradient/Sequential_1.weight": [[1.0, 3.0, pytest.approx(0.2)], [0.0, 0.0, 0.0]],
        "gradient/Sequential_1.bias": [1.0, 0.0],
    }
    assert {name: value.tolist() for name, value in recording.parameters.items()} == {
        "Sequential_1.weight": [[2.0, -1.0, 4.0], [0.0, 1.0, 0.0]],
        "Sequential_1.bias": [0.5, 0.0],
    }
    passed = recording.passed
    assert passed.logits == (pytest.approx(0.3), 3.0)
    assert (passed.class_id, passed.predicted_id, passed.network) == (0, 1, "Sequential")
    assert passed.probability == pytest.approx(1 / (1 + np.exp(2.7 / 2)))


def test_without_a_class_it_is_the_predicted_one() -> None:
    recording = Hook(wrap_by_hand(linear_network()), "gradient").record(LEVELS)
    assert recording.passed.class_id == 1
    assert recording.tensors["gradient/1_output"].tolist() == [[0.0, 1.0]]


def test_the_names_that_the_blog_post_selects_of_a_resnet() -> None:
    classifier = wrap(randomise(build_network("resnet18", 7)))
    recording = Hook(classifier, DEFAULT_REGEX).record(blocks())
    assert {
        "ResNet_input_0",
        "gradient/image",
        "image_pixels",
        "gradient/image_pixels",
        "bn1_input_0",
        "bn1_output_0",
        "gradient/bn1_output",
        "layer1.0.bn1_output_0",
        "gradient/layer1.0.bn1_output",
        "layer2.0.downsample_input_0",
        "layer2.0.downsample.1_output_0",
        "gradient/layer2.0.downsample.1_output",
        "fc_output_0",
        "gradient/fc_output",
        "gradient/ResNet_layer1.0.bn1.bias",
        "gradient/ResNet_fc.bias",
    } <= recording.tensors.keys()
    assert {
        "ResNet_layer1.0.bn1.weight",
        "ResNet_layer1.0.bn1.bias",
        "ResNet_fc.bias",
        "layer1.0.bn1.running_mean_output_0",
        "layer1.0.bn1.running_var_output_0",
        "layer2.0.downsample.1.running_mean_output_0",
        "ResNet_layer2.0.downsample.0.weight",
    } <= recording.parameters.keys()
    names = recording.tensors.keys() | recording.parameters.keys()
    assert all(re.search(DEFAULT_REGEX, name) for name in names)
    assert not {"conv1_output_0", "ResNet_conv1.weight", "relu_output_0"} & names


def test_the_blog_posts_sum_gives_the_logit() -> None:
    """Its own formula: input times gradient, and of BatchNorms explicit and implicit biases."""
    classifier = wrap(randomise(build_network("resnet18", 7)))
    recording = Hook(classifier, DEFAULT_REGEX).record(blocks(), 3)
    value = {**recording.tensors, **recording.parameters}
    total = (value["ResNet_input_0"] * value["gradient/image"]).sum(dtype=np.float64)
    total += (value["ResNet_fc.bias"] * value["gradient/fc_output"][0]).sum()
    norms = [n[7:-5] for n in value if n.startswith("ResNet_") and n.endswith(".bias")]
    for norm in norms:
        if norm == "fc":
            continue
        mean, var = (value[f"{norm}.running_{s}_output_0"] for s in ("mean", "var"))
        implicit = -mean * value[f"ResNet_{norm}.weight"] / np.sqrt(var + 1e-5)
        bias = value[f"ResNet_{norm}.bias"] + implicit
        total += (bias[:, None, None] * value[f"gradient/{norm}_output"][0]).sum(dtype=np.float64)
    assert len(norms) == 21
    assert total == pytest.approx(recording.passed.logit, abs=1e-4)


def test_in_place_layers_do_not_reach_the_copies() -> None:
    network = small_network(inplace=True)
    recording = Hook(wrap(network), EVERYTHING).record(blocks(), 0)
    same = copy.deepcopy(network).eval()
    for module in same.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    block: Residual = same[4]
    with torch.no_grad():
        x = wrap(same).normalise(to_tensor(blocks()[None]))
        entered = same[:4](x)
        first = block.bn1(block.conv1(entered))
        second = block.bn2(block.conv2(F.relu(first)))
    expected = {
        "4_input_0": entered,
        "4.bn1_output_0": first,
        "4.relu_input_0": first,
        "4.relu_output_0": F.relu(first),
        "4.bn2_output_0": second,
        "4.relu_input_1": second + entered,
        "4.relu_output_1": F.relu(second + entered),
    }
    for name, tensor in expected.items():
        np.testing.assert_allclose(recording.tensors[name], tensor.numpy(), atol=1e-6)
    assert {"gradient/4.relu_output", "gradient/4.relu_output_1"} <= recording.tensors.keys()


def test_gradients_are_those_of_the_value_that_was_recorded() -> None:
    classifier = wrap(small_network(inplace=True))
    gradient = Hook(classifier, EVERYTHING).record(blocks(), 2).tensors["gradient/4.bn2_output"]

    def logit_with(added: Tensor) -> Tensor:
        plain = copy.deepcopy(classifier.network)
        plain[4].bn2.register_forward_hook(lambda _m, _i, output: output + added)
        logits: Tensor = plain(classifier.normalise(to_tensor(blocks()[None])))
        return logits[0, 2]

    added = torch.zeros(gradient.shape, requires_grad=True)
    (expected,) = torch.autograd.grad(logit_with(added), added)
    np.testing.assert_allclose(gradient, expected.numpy(), atol=1e-6)


def state(classifier: Classifier) -> dict[str, object]:
    return {
        "training": [module.training for module in classifier.modules()],
        "hooks": [
            len(module._forward_hooks) + len(module._forward_pre_hooks)
            for module in classifier.modules()
        ],
        "gradients": [parameter.grad is None for parameter in classifier.parameters()],
        "requires": [parameter.requires_grad for parameter in classifier.parameters()],
        "values": [tensor.sum().item() for tensor in classifier.state_dict().values()],
    }


def test_the_classifier_is_left_as_found_whatever_happens() -> None:
    classifier = wrap(small_network())
    classifier.network[4].bn1.train()
    before = state(classifier)
    hook = Hook(classifier, EVERYTHING)
    hook.record(blocks())
    with raises(BadInput, "class must lie in 0..4, got 5"):
        hook.record(blocks(), 5)
    hook._classifier.network[5].register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hook.record(blocks())
    assert state(classifier) == before


def test_an_error_leaves_nothing_behind_for_the_next_record() -> None:
    hook = Hook(wrap(small_network()), EVERYTHING)
    expected = hook.record(blocks())
    failing = hook._classifier.network[5].register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hook.record(blocks(1))
    failing.remove()
    again = hook.record(blocks())
    assert again.passed == expected.passed
    assert again.tensors.keys() == expected.tensors.keys()
    for name, value in expected.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], value)


def test_forward_passes_of_others_are_not_recorded() -> None:
    classifier = wrap(small_network())
    hook = Hook(classifier, EVERYTHING)
    expected = hook.record(blocks())

    def interrupt(*_: object) -> None:
        other = threading.Thread(target=classifier.predict_logits, args=([blocks(9)],))
        other.start()
        other.join()

    hook._classifier.network[3].register_forward_hook(interrupt)
    recording = hook.record(blocks())
    assert recording.tensors.keys() == expected.tensors.keys()
    for name, value in expected.tensors.items():
        np.testing.assert_array_equal(recording.tensors[name], value)


def test_threads_take_turns() -> None:
    hook = Hook(wrap(small_network()), "image_pixels|_output")
    expected = {seed: hook.record(blocks(seed)) for seed in range(4)}
    found: dict[int, object] = {}

    def run(seed: int) -> None:
        found[seed] = hook.record(blocks(seed))

    threads = [threading.Thread(target=run, args=(seed,)) for seed in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, recording in expected.items():
        for name, value in recording.tensors.items():
            np.testing.assert_array_equal(found[seed].tensors[name], value)  # type: ignore[attr-defined]


def test_images_of_any_size_are_kept_as_sent_up_to_a_limit() -> None:
    hook = Hook(wrap(small_network()), "image|Sequential_input")
    tensors = hook.record(np.full((5, 9, 3), 51, np.uint8)).tensors
    assert tensors["image_pixels"].shape == tensors["gradient/image_pixels"].shape == (1, 3, 5, 9)
    assert tensors["Sequential_input_0"].shape == tensors["gradient/image"].shape == (1, 3, 32, 32)
    np.testing.assert_allclose(tensors["image_pixels"], 0.2)
    large = hook.record(np.zeros((600, 1200, 3), np.uint8)).tensors
    assert large["image_pixels"].shape == (1, 3, 256, 512)


def test_a_network_without_gradients_is_refused() -> None:
    class Detached(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach().flatten(1)[:, :2]

    with raises(
        BadInput,
        "the model (Detached) gives no gradient of its logits with respect to the image, so its "
        "gradients cannot be recorded",
    ):
        Hook(wrap_by_hand(Detached()), ".").record(LEVELS)
