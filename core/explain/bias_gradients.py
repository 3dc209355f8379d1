"""Every bias in a network, its input, and the gradient that reaches each in a backward pass.

Between two ReLU kinks such a network is affine in its input and in every bias, so a bias is all
that a layer adds on its own. Which layers that holds for is decided here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import BadInput
from core.explain.image_gradient import evaluating
from core.model.classifier import Classifier

INPUT = "input"
BIASED = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)
# Linear between kinks, but constant above the upper one: what it is there acts like a bias.
SATURATING = (nn.ReLU6,)
# No bias of their own: linear, or linear between kinks with value 0 at 0.
UNBIASED = (
    nn.ReLU,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveAvgPool2d,
    nn.Dropout,
    nn.Identity,
    nn.Flatten,
)

COVERED = BIASED + SATURATING + UNBIASED

GradientSink = Callable[[str, Tensor, Tensor], None]


def check_supported(network: nn.Module) -> None:
    """BadInput naming the first layer that is not in COVERED.

    Modules made of modules pass: what they do themselves (addition, concatenation, flattening,
    `F.relu`) is not visible from outside, and anything else shows in the completeness residual.
    """
    for name, module in network.named_modules():
        is_container = isinstance(module, nn.Sequential) or any(True for _ in module.children())
        has_parameters = any(True for _ in module.parameters(recurse=False))
        if not _is_supported(module) and (has_parameters or not is_container):
            raise BadInput(
                f"FullGrad cannot explain layer {name or 'network'} ({type(module).__name__}); "
                f"it is exact for {', '.join(kind.__name__ for kind in COVERED)}, "
                "addition and concatenation"
            )


def _is_supported(module: nn.Module) -> bool:
    if isinstance(module, nn.BatchNorm2d):
        return module.running_mean is not None  # without, an image depends on its batch
    return isinstance(module, COVERED)


def bias_of(layer: nn.Module) -> Tensor | None:
    """What `layer` adds to its output whatever comes in, shaped to broadcast over that output.

    Conv2d (channels, 1, 1), Linear (features); BatchNorm2d in eval mode (channels, 1, 1):
    beta - gamma * mean / sqrt(variance + eps), its value at zero. None where nothing is added.
    """
    if isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None:
        zero = torch.zeros_like(layer.running_mean).view(1, -1, 1, 1)
        at_zero = F.batch_norm(
            zero, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps
        )
        return at_zero[0].detach()
    if isinstance(layer, nn.Conv2d) and layer.bias is not None:
        return layer.bias.detach().view(-1, 1, 1)
    if isinstance(layer, nn.Linear) and layer.bias is not None:
        return layer.bias.detach()
    return None


@contextmanager
def bias_gradients(classifier: Classifier, sink: GradientSink) -> Iterator[None]:
    """Inside, a backward pass of this thread reports the gradient at each bias.

    The classifier is in eval mode inside and is left as found, after an error too. Forward
    passes that other threads run on it meanwhile are not listened to.

    Parameters
    ----------
    classifier
        The model.
    sink
        Called as ``sink(layer, factor, gradient)`` for each bias, in backward order. layer: the
        module's path in the network; factor: its bias as `bias_of` shapes it, or of a saturating
        layer ``(batch, ...)``, what its output is where it does not follow its input and 0
        elsewhere; gradient: ``(batch, ...)`` with respect to the layer's output. A layer used
        several times reports every use. The last is INPUT, whose factor is what enters the
        network, the resized and normalised image ``(batch, 3, side, side)``.
    """
    owner = threading.get_ident()

    def listen(name: str, factor: Tensor, output: Tensor) -> None:
        # A tensor hook sees the gradient of the value as it is now: a later in-place ReLU or
        # `out += identity` does not change that, so nothing needs to be copied.
        if threading.get_ident() == owner and output.requires_grad:
            output.register_hook(partial(sink, name, factor))

    def on_output(name: str, bias: Tensor | None) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda _layer, _inputs, output: listen(
            name, _saturated(output) if bias is None else bias, output
        )

    with ExitStack() as stack:
        stack.enter_context(evaluating(classifier))
        stack.callback(
            classifier.network.register_forward_pre_hook(
                lambda _, inputs: listen(INPUT, inputs[0].detach().clone(), inputs[0])
            ).remove
        )
        for name, layer in classifier.network.named_modules():
            if _adds_something(layer):
                hook = layer.register_forward_hook(on_output(name, bias_of(layer)))
                stack.callback(hook.remove)
        yield


def biased_layers(classifier: Classifier) -> list[str]:
    """The names under which `bias_gradients` reports, in the order of registration."""
    layers = classifier.network.named_modules()
    return [INPUT, *(name for name, layer in layers if _adds_something(layer))]


def _adds_something(layer: nn.Module) -> bool:
    return isinstance(layer, SATURATING) or bias_of(layer) is not None


def _saturated(output: Tensor) -> Tensor:
    """A ReLU6's output where it is 6, else 0; a later in-place layer does not change it."""
    values = output.detach()
    return values * (values >= 6)
