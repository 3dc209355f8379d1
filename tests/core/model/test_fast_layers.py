"""The quicker forms of convolutions give the sums of torch's own."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.model.classifier import Classifier, build_network
from core.model.fast import detached, fast_network
from core.model.fast_layers import Plain, Unshuffled
from tests.support.attacked import CLASSES, make_manifest

sides = st.integers(1, 7)


def with_gradient(function: Callable[[Tensor], Tensor], pixels: Tensor) -> tuple[Tensor, Tensor]:
    """f(x), and the gradient of a sum of f(x) that tells its places apart."""
    leaf = pixels.clone().requires_grad_()
    output = function(leaf)
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    return output.detach(), torch.autograd.grad((output * weights).sum(), leaf)[0]


@settings(max_examples=60)
@given(
    st.integers(1, 4),
    st.tuples(sides, sides),
    st.integers(0, 3),
    st.tuples(st.integers(7, 15), st.integers(7, 15)),
    st.booleans(),
)
def test_blocks_of_pixels_give_the_same_sums(
    channels: int, kernel: tuple[int, int], padding: int, size: tuple[int, int], bias: bool
) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(channels, 5, kernel, stride=2, padding=padding, bias=bias).double()
    pixels = torch.randn(2, channels, *size, dtype=torch.float64)
    assert Unshuffled.serves(convolution)
    form = Unshuffled(convolution)
    for ours, theirs in zip(
        with_gradient(form, pixels), with_gradient(convolution, pixels), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    assert not form.weight.requires_grad


def test_a_hand_made_kernel() -> None:
    # A kernel of 1, 2, 3 in a row, every second place of 1 .. 5: 1+4+9 and 3+8+15.
    convolution = nn.Conv2d(1, 1, (1, 3), stride=2, bias=False)
    convolution.weight.data = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    row = torch.arange(1.0, 6.0).view(1, 1, 1, 5)
    assert Unshuffled(convolution)(row).flatten().tolist() == [14.0, 26.0]


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(5, 4, 3, stride=2),
        nn.Conv2d(3, 4, 3),
        nn.Conv2d(3, 4, 3, stride=(2, 1)),
        nn.Conv2d(3, 4, 3, stride=2, dilation=2),
        nn.Conv2d(3, 6, 3, stride=2, groups=3),
        nn.Conv2d(3, 4, 3, stride=2, padding=1, padding_mode="reflect"),
        nn.ReLU(),
    ],
)
def test_what_it_does_not_serve(other: nn.Module) -> None:
    assert not Unshuffled.serves(other)


def test_a_padding_given_as_a_word() -> None:
    convolution = nn.Conv2d(3, 4, 3, stride=2, padding="valid")
    pixels = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(Unshuffled(convolution)(pixels), convolution(pixels))


# Maps of 6 x 6 and 3 x 3: layers 3 and 4, of five each; two blocks of 24 and 16 pairs, and what
# lies between them.
@pytest.mark.parametrize(("architecture", "plain"), [("resnet18", 10), ("densenet121", 81)])
def test_which_forms_a_network_takes(architecture: str, plain: int) -> None:
    torch.manual_seed(0)
    network = build_network(architecture, CLASSES)
    exact = detached(Classifier(make_manifest(96, CLASSES), network))
    pixels = torch.rand(1, 3, 96, 96)
    faster = fast_network(exact, pixels)
    kinds = [type(module) for module in faster.modules()]
    assert (kinds.count(Unshuffled), kinds.count(Plain)) == (1, plain)
    for ours, theirs in zip(
        with_gradient(faster, pixels), with_gradient(exact, pixels), strict=True
    ):
        assert (ours - theirs).norm() <= 1e-4 * theirs.norm()
