"""The model that an attack steps on: same weights, nothing of the original touched."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from core.model.classifier import Classifier
from core.model.fast_layers import FEW_PLACES, Plain, Unshuffled

SAME = 1e-4  # of the largest logit: what folding may change, single precision changes 1e-6


def detached(classifier: Classifier) -> Classifier:
    """A copy in eval mode on the same weights, without parameter gradients.

    The classifier itself stays untouched, so nothing need be restored after an error, and
    threads that share it do not meet.
    """
    shared: dict[int, object] = {id(buffer): buffer for buffer in classifier.buffers()}
    for parameter in classifier.parameters():
        shared[id(parameter)] = nn.Parameter(parameter.detach(), requires_grad=False)
    return copy.deepcopy(classifier, shared).eval()


def fast_network(classifier: Classifier, pixels: Tensor) -> Classifier:
    """The fast (folded) network of a detached classifier: the same logits and gradients.

    Each batch normalisation is folded into the convolution before it: w' = w gamma / sigma,
    b' = beta + (b - mu) gamma / sigma, sigma = sqrt(var + eps). The first convolution takes blocks
    of pixels (see `Unshuffled`); weights lie channels last, those of small maps plain. The
    normalisation of pixels stays outside: padding adds zeros behind it, and folded in, it would
    have to add the mean. pixels (1, 3, height, width) are a sample to follow the modules with;
    where folding changes their logits, because a convolution is also used otherwise, `classifier`
    comes back as it is.
    """
    faster = copy.deepcopy(classifier)
    outputs, inputs = _followed(faster, pixels)
    for convolution, norm in _adjacent(outputs, inputs):
        conv: Any = faster.get_submodule(convolution)
        batch_norm: Any = faster.get_submodule(norm)
        fused = fuse_conv_bn_eval(conv, batch_norm)
        faster.set_submodule(convolution, fused.requires_grad_(False))
        faster.set_submodule(norm, nn.Identity())
    faster.to(memory_format=torch.channels_last)
    for name, output in outputs:
        conv = faster.get_submodule(name)
        if Unshuffled.serves(conv):
            faster.set_submodule(name, Unshuffled(conv))
        elif output.shape[-2:].numel() < FEW_PLACES and isinstance(conv, nn.Conv2d):
            faster.set_submodule(name, Plain(conv.to(memory_format=torch.contiguous_format)))
    with torch.no_grad():
        before, after = classifier(pixels), faster(pixels)
    same = (before - after).abs().max() <= SAME * before.abs().max()
    return faster if same else classifier


Seen = list[tuple[str, Tensor]]


def _followed(model: nn.Module, pixels: Tensor) -> tuple[Seen, Seen]:
    """Outputs of convolutions and inputs of batch normalisations, in the order of one pass.

    Hooks on `model` are gone afterwards.
    """
    outputs: Seen = []
    inputs: Seen = []

    def after(name: str) -> Callable[..., None]:
        return lambda module, args, output: outputs.append((name, output))

    def before(name: str) -> Callable[..., None]:
        return lambda module, args: inputs.append((name, args[0]))

    hooks: list[Any] = []
    try:
        for name, module in model.named_modules():
            if isinstance(module, nn.Conv2d):
                hooks.append(module.register_forward_hook(after(name)))
            elif isinstance(module, nn.BatchNorm2d):
                hooks.append(module.register_forward_pre_hook(before(name)))
        with torch.no_grad():
            model(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    return outputs, inputs


def _adjacent(outputs: Seen, inputs: Seen) -> list[tuple[str, str]]:
    """Every convolution whose output, as it is, enters a batch normalisation, and that one.

    Both run once in a pass.
    """
    return [
        (convolution, norm)
        for convolution, output in outputs
        for norm, entered in inputs
        if entered is output and _once(convolution, outputs) and _once(norm, inputs)
    ]


def _once(name: str, seen: Seen) -> bool:
    return [each for each, _ in seen].count(name) == 1
