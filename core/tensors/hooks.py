"""Records the tensors of one image and one class in a forward and backward pass.

Debugger's hook copies inputs after their module has run, when an in-place ReLU has changed them.
This one copies inputs before their module runs and outputs right after it, so neither an in-place
ReLU nor `out += identity` changes the copies.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core import images
from core.errors import BadInput
from core.explain.bias_gradients import SATURATING, bias_of, check_supported
from core.explain.image_gradient import laid_out
from core.images import LONGEST_SIDE
from core.model.classifier import Classifier, to_tensor
from core.model.fast import detached
from core.records.tensors import (
    GRADIENT,
    IMAGE_GRADIENT,
    PIXELS,
    Array,
    BiasUse,
    Passed,
    Recording,
    parse_regex,
)


class Hook:
    """Records the tensors whose names match an expression.

    Its hooks are on a copy of the classifier with the same weights, so the classifier stays
    untouched and passes of other threads are not recorded. Threads take turns.

    Parameters
    ----------
    include_regex
        Found anywhere in the name, as in Debugger.
    """

    def __init__(self, classifier: Classifier, include_regex: str) -> None:
        self._classifier = detached(classifier)
        self._regex = re.compile(parse_regex(include_regex))
        self._turn = threading.Lock()
        self._pass = _Pass(self._wanted)
        self._network = type(self._classifier.network).__name__
        self._not_covered = _not_covered(self._classifier.network)
        self._parameters = {
            f"{self._network}_{path}": parameter.requires_grad_()
            for path, parameter in self._classifier.network.named_parameters()
            if self._wanted(f"{self._network}_{path}")
            or self._wanted(f"{GRADIENT}{self._network}_{path}")
        }
        self._listen()

    def record(self, image: NDArray[np.uint8], class_id: int | None = None) -> Recording:
        """Record one forward pass, and the backward pass from one class's logit.

        Parameters
        ----------
        image
            (height, width, 3) uint8; reduced to LONGEST_SIDE if larger, as for heat maps.
        class_id
            None: the predicted class.

        Raises
        ------
        BadInput
            There is no such class, or the logits have no gradient.
        """
        known = self._classifier.classes
        if class_id is not None and not 0 <= class_id < known:
            raise BadInput(f"class must lie in 0..{known - 1}, got {class_id}")
        pixels = to_tensor(images.fit(image, LONGEST_SIDE)[None]).to(self._classifier.mean)
        with self._turn, torch.inference_mode(False), torch.enable_grad():
            try:
                return self._run(laid_out(pixels).requires_grad_(), class_id)
            finally:
                self._pass.clear()

    def _run(self, pixels: Tensor, class_id: int | None) -> Recording:
        logits = self._classifier(pixels)[0]
        predicted_id = int(logits.argmax())
        class_id = predicted_id if class_id is None else class_id
        sources = {PIXELS: pixels, **self._parameters}
        if not logits.requires_grad:
            raise BadInput(
                f"the model ({self._network}) gives no gradient of its logits with respect to the "
                "image, so its gradients cannot be recorded"
            )
        gradients = torch.autograd.grad(logits[class_id], list(sources.values()), allow_unused=True)
        self._pass.keep(PIXELS, pixels)
        for name, gradient in zip(sources, gradients, strict=True):
            if gradient is not None:
                self._pass.keep(GRADIENT + name, gradient)
        passed = Passed(
            class_id=class_id,
            logits=tuple(logits.detach().tolist()),
            temperature=self._classifier.manifest.temperature,
            network=self._network,
            include_regex=self._regex.pattern,
            biases=tuple(self._pass.biases),
            not_covered=self._not_covered,
        )
        return Recording(passed, dict(self._pass.tensors), self._of_the_weights())

    def _of_the_weights(self) -> dict[str, Array]:
        found: dict[str, Tensor] = dict(self._parameters)
        for path, module in self._classifier.network.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                for statistic in ("running_mean", "running_var"):
                    if (buffer := getattr(module, statistic)) is not None:
                        found[f"{path}.{statistic}_output_0"] = buffer
        return {name: _copied(tensor) for name, tensor in found.items() if self._wanted(name)}

    def _wanted(self, name: str) -> bool:
        return self._regex.search(name) is not None

    def _listen(self) -> None:
        network = self._classifier.network
        network.register_forward_pre_hook(lambda _, inputs: self._pass.entered(inputs[0]))
        for path, module in network.named_modules():
            name = path or self._network
            module.register_forward_pre_hook(partial(self._pass.before, name))
            module.register_forward_hook(
                partial(self._pass.after, name, self._own_tensors(path, module))
            )

    def _own_tensors(self, path: str, module: nn.Module) -> dict[str, str] | None:
        """role -> name of the tensors that the layer's bias is computed from; None without bias."""
        if isinstance(module, SATURATING):
            return {}  # its output, with a name of its own for each use
        if bias_of(module) is None:
            return None
        norm = isinstance(module, nn.BatchNorm2d)
        statistics = ("running_mean", "running_var") if norm else ()
        found = {role: f"{path}.{role}_output_0" for role in statistics}
        for role in ("weight", "bias") if norm else ("bias",):
            if getattr(module, role) is not None:
                found[role] = f"{self._network}_{path}.{role}"
        return found


class _Pass:
    """The tensors of one pass so far."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self.clear()

    def clear(self) -> None:
        self.tensors: dict[str, Array] = {}
        self.biases: list[BiasUse] = []
        self._seen: Counter[str] = Counter()

    def keep(self, name: str, tensor: Tensor) -> None:
        if self._wanted(name):
            self.tensors[name] = _copied(tensor)

    def entered(self, image: Tensor) -> None:
        image.register_hook(partial(self.keep, IMAGE_GRADIENT))

    def before(self, name: str, module: nn.Module, inputs: tuple[object, ...]) -> None:
        self._number(f"{name}_input", inputs)

    def after(
        self,
        name: str,
        own: dict[str, str] | None,
        module: nn.Module,
        inputs: tuple[object, ...],
        output: object,
    ) -> None:
        use = self._seen[f"{name}_output"]
        self._number(f"{name}_output", (output,))
        if isinstance(output, Tensor) and output.requires_grad:
            gradient = f"{GRADIENT}{name}_output" + (f"_{use}" if use else "")
            bias = None
            if own is not None:
                eps = module.eps if isinstance(module, nn.BatchNorm2d) else 0.0
                bias = BiasUse(name, gradient, own or {"output": f"{name}_output_{use}"}, eps)
            output.register_hook(partial(self._arrived, gradient, bias))

    def _arrived(self, name: str, bias: BiasUse | None, gradient: Tensor) -> None:
        self.keep(name, gradient)
        if bias is not None:
            self.biases.append(bias)

    def _number(self, name: str, values: tuple[object, ...]) -> None:
        for value in values:
            if isinstance(value, Tensor):
                self.keep(f"{name}_{self._seen[name]}", value)
                self._seen[name] += 1
            elif isinstance(value, tuple | list):
                self._number(name, tuple(value))


def _not_covered(network: nn.Module) -> str:
    """Why FullGrad is not exact for the network; empty if it is."""
    try:
        check_supported(network)
    except BadInput as error:
        return str(error)
    return ""


def _copied(tensor: Tensor) -> Array:
    copied: Array = tensor.detach().to("cpu", copy=True).numpy()
    return copied
