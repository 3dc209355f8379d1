"""What all methods have in common."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from core.errors import BadInput
from core.explain import fullgrad_variants
from core.explain.methods import METHODS, get_method
from core.records.explanations import DEFAULT_METHOD
from tests.support.expect import raises
from tests.support.explained import (
    CLASSES,
    FailsBackward,
    FailsForward,
    one_layer,
    partly_training,
    plain,
    small_network,
    state_of,
    wrap,
)


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(fullgrad_variants, "SMOOTH_SAMPLES", 3)


def test_the_table_is_known_by_its_names() -> None:
    assert list(METHODS) == [
        "fullgrad",
        "simple_fullgrad",
        "smooth_fullgrad",
        "input_x_gradient",
        "grad_cam",
    ]
    assert DEFAULT_METHOD == "fullgrad"
    for name, method in METHODS.items():
        assert method.name == name
        assert get_method(name) is method
        assert method.title and method.formula and method.source
        assert method.explanation.endswith(".") and method.explanation.count(". ") == 0
    with raises(BadInput, f"unknown method 'magic'; there are {', '.join(METHODS)}"):
        get_method("magic")


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=8)
@given(
    height=st.integers(3, 12),
    width=st.integers(3, 12),
    row=st.integers(0, 4),
    class_id=st.none() | st.integers(0, CLASSES - 1),
)
def test_a_image_has_the_map_it_has_in_a_batch(
    name: str, height: int, width: int, row: int, class_id: int | None
) -> None:
    torch.manual_seed(height * width)
    classifier = wrap(small_network(), input_size=8).double()
    pixels = torch.rand(5, 3, height, width)
    together = METHODS[name].explain(classifier, pixels, class_id)[row]
    (alone,) = METHODS[name].explain(classifier, pixels[row : row + 1], class_id)
    assert alone.map.shape == (height, width)
    assert alone.map.dtype == np.float32
    assert alone.map.min() >= 0
    np.testing.assert_allclose(together.map, alone.map, rtol=1e-5, atol=1e-6 * alone.map.max())
    assert (together.class_id, together.predicted_id) == (alone.class_id, alone.predicted_id)
    assert (alone.residual is None) == (not METHODS[name].sums_to_logit)
    assert bool(alone.contributions) == METHODS[name].sums_to_logit


@pytest.mark.parametrize("name", ["fullgrad", "simple_fullgrad", "grad_cam"])
def test_maps_of_images_smaller_than_the_networks_input_are_averaged(name: str) -> None:
    """The network sees the same; its maps are reduced as Pillow does."""
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES)]
    classifier, small = wrap(nn.Sequential(*layers, *end)), torch.rand(1, 3, 5, 7)
    (fine,) = METHODS[name].explain(classifier, classifier.resize(small), 2)
    (found,) = METHODS[name].explain(classifier, small, 2)
    reduced = Image.fromarray(fine.map).resize((7, 5), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(found.map, reduced, atol=1e-4 * fine.map.max())


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("failing", [None, FailsForward(), FailsBackward()])
def test_the_model_is_left_as_found(name: str, failing: nn.Module | None) -> None:
    classifier = partly_training(failing)
    before = state_of(classifier)
    if failing is None:
        METHODS[name].explain(classifier, torch.rand(2, 3, 16, 16))
    else:
        with pytest.raises(RuntimeError, match=r"^in the middle$"):
            METHODS[name].explain(classifier, torch.rand(2, 3, 16, 16))
    assert state_of(classifier) == before


class Detached(nn.Sequential):
    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)
        return output.detach()


class Ignoring(nn.Sequential):
    """Logits of a parameter, whatever the image shows."""

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(torch.zeros_like(input))
        return output


class Served(nn.Sequential):
    @torch.inference_mode()
    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)
        return output


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [Detached, Ignoring, Served])
def test_models_without_gradients_are_refused(name: str, kind: type[nn.Sequential]) -> None:
    classifier = plain(kind(*one_layer()))
    with raises(
        BadInput,
        f"the model ({kind.__name__}) gives no gradient of its logits with respect to the image, "
        "so it cannot be explained; expected a network of differentiable layers, neither detached "
        "nor quantised nor compiled for serving",
    ):
        METHODS[name].explain(classifier, torch.rand(1, 3, 1, 1))


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=15)
@given(shape=st.lists(st.integers(0, 4), max_size=5), value=st.sampled_from([-1.0, 2.0, np.nan]))
def test_pixels_that_are_none_are_refused_before_time_is_spent(
    name: str, shape: list[int], value: float
) -> None:
    classifier = wrap(small_network(), input_size=8)
    classifier.register_forward_pre_hook(lambda *_: pytest.fail("time was spent"))
    with pytest.raises(BadInput, match=r"^pixels must "):
        METHODS[name].explain(classifier, torch.full(shape, value))
    with pytest.raises(BadInput, match=r"^class must lie in 0\.\.4, got 5$"):
        METHODS[name].explain(classifier, torch.rand(2, 3, 8, 8), torch.tensor([0, 5]))
