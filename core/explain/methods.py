"""The methods of explaining, by name. A further method is one line in METHODS."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import BadInput
from core.explain import fullgrad
from core.explain.explanation import Explain
from core.explain.fullgrad_variants import input_x_gradient, simple_fullgrad, smooth_fullgrad
from core.explain.grad_cam import grad_cam
from core.records.explanations import MethodInfo

FULLGRAD_PAPER = "Srinivas and Fleuret 2019, arXiv:1905.00780"
FULLGRAD_CODE = "github.com/idiap/fullgrad-saliency"


@dataclass(frozen=True)
class Method(MethodInfo):
    """One way of explaining, and what is known of it."""

    explain: Explain = field(repr=False, compare=False, kw_only=True)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "fullgrad",
            "FullGrad",
            "Splits the score exactly into what the pixels and every layer's biases contribute, "
            "and shows where they act.",
            "s(|x * grad f|) + sum over layers s(|b * df/dz|), s: to [0, 1]",
            FULLGRAD_PAPER,
            explain=fullgrad.explain,
            sums_to_logit=True,
        ),
        Method(
            "simple_fullgrad",
            "Simple FullGrad",
            "FullGrad with the gradients at the layers alone, without the biases.",
            "s(|x * grad f|) + sum over layers s(|df/dz|), s: to [0, 1]",
            FULLGRAD_CODE,
            explain=simple_fullgrad,
        ),
        Method(
            "smooth_fullgrad",
            "Smooth FullGrad",
            "FullGrad averaged over noisy copies of the image, which evens out what only a few "
            "pixels say.",
            "s(|mean of x * grad f|) + sum over layers s(|mean of b * df/dz|), over x + noise",
            FULLGRAD_CODE,
            explain=smooth_fullgrad,
        ),
        Method(
            "input_x_gradient",
            "Input x gradient",
            "Weighs each pixel by how strongly the score follows it; biases are left out.",
            "|x * grad f|, summed over colours",
            "Shrikumar et al. 2016, arXiv:1605.01713",
            explain=input_x_gradient,
        ),
        Method(
            "grad_cam",
            "Grad-CAM",
            "Shows which places of the last feature maps speak for the class; coarse, as those "
            "maps are small.",
            "relu(sum over channels A * mean of df/dA)",
            "Selvaraju et al. 2017, arXiv:1610.02391",
            explain=grad_cam,
        ),
    )
}


def get_method(name: str) -> Method:
    """The method of that name; BadInput, listing the known ones, if there is none."""
    if name not in METHODS:
        raise BadInput(f"unknown method {name!r}; there are {', '.join(METHODS)}")
    return METHODS[name]
