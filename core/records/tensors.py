"""Records of tensors, and which requests get one, in the terms of SageMaker Debugger.

A record holds the tensors of one image, run through the network for one class; it is one step of
the trial (core.tensors.trial). Names are Debugger's, with the network's type, say ResNet:

    layer1.0.bn1_input_0, layer1.0.bn1_output_0       input and output of a module
    ResNet_layer1.0.bn1.weight, ResNet_fc.bias        parameters
    layer1.0.bn1.running_mean_output_0, .running_var  BatchNorm's statistics
    gradient/layer1.0.bn1_output, gradient/ResNet_fc.bias   of the logit of the class
    gradient/image                                          of the logit, by ResNet_input_0

Further runs of a module count on: relu_input_1, relu_output_1, gradient/relu_output_1. Beyond
Debugger, image_pixels is the image before resizing and normalising, in [0, 1], with
gradient/image_pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

# The blog post on Debugger records these tensors of a ResNet: enough for FullGrad.
DEFAULT_REGEX = ".*bn|.*bias|.*downsample|.*ResNet_input|.*image|.*fc_output"
PIXELS, IMAGE_GRADIENT = "image_pixels", "gradient/image"
GRADIENT = "gradient/"

Array = NDArray[Any]

# name -> a regular expression of tensor names; Debugger's where it has a collection of that name.
COLLECTIONS: Mapping[str, str] = {
    "all": "",
    "weights": r"^(?!gradient).*weight",
    "biases": r"^(?!gradient).*bias",
    "gradients": r"^gradient",
    "inputs": r"^(?!gradient).*_input_\d+$",
    "outputs": r"^(?!gradient)(?!.*\.running_).*_output_\d+$",
    "statistics": r"\.running_(mean|var)_output_\d+$",
}


class ModeKeys(StrEnum):
    """Why an image went through the network; GLOBAL stands for all of them."""

    TRAIN = "TRAIN"
    EVAL = "EVAL"
    PREDICT = "PREDICT"
    GLOBAL = "GLOBAL"


@dataclass(frozen=True)
class SaveConfigMode:
    """Which steps are saved: every save_interval-th in [start_step, end_step).

    end_step None: no end; save_steps: if not empty, exactly these.
    """

    save_interval: int = 100
    start_step: int = 0
    end_step: int | None = None
    save_steps: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.save_interval < 1:
            raise BadInput(f"save_interval must be at least 1, got {self.save_interval}")
        for step in (self.start_step, *self.save_steps):
            if step < 0:
                raise BadInput(f"steps count from 0, got {step}")
        if self.end_step is not None and self.end_step <= self.start_step:
            raise BadInput(
                f"end_step must be larger than start_step {self.start_step}, got {self.end_step}"
            )

    def should_save_step(self, step: int) -> bool:
        """Whether the request of that number, from 0, is recorded."""
        if self.save_steps:
            return step in self.save_steps
        within = self.start_step <= step and (self.end_step is None or step < self.end_step)
        return within and step % self.save_interval == 0


@dataclass(frozen=True)
class SaveConfig:
    """What is recorded automatically, by mode; a mode without an entry records nothing."""

    mode_save_configs: Mapping[ModeKeys, SaveConfigMode] = field(default_factory=dict)

    def should_save_step(self, mode: ModeKeys, step: int) -> bool:
        """Whether that step of that mode is recorded."""
        chosen = self.mode_save_configs.get(mode)
        return chosen is not None and chosen.should_save_step(step)


@dataclass(frozen=True)
class BiasUse:
    """One use of a layer with a bias, as FullGrad counts it.

    module: its path in the network; gradient: the name of the gradient of its output; tensors:
    role -> name of the tensors that its bias is computed from: `bias`; of a BatchNorm
    `running_mean`, `running_var` and, if it has them, `weight` and `bias`; of a ReLU6 its
    `output`; eps: of a BatchNorm, else 0.
    """

    module: str
    gradient: str
    tensors: Mapping[str, str]
    eps: float = 0.0


@dataclass(frozen=True)
class Passed:
    """The facts of one forward and backward pass, beside its tensors.

    class_id: the class of the logit that gradients are of; logits: of all classes, not tempered;
    temperature: of the calibrated probabilities; network: the name of its type; biases: every use
    of a layer with a bias, in backward order; not_covered: why FullGrad is not exact for the
    network, empty if it is.
    """

    class_id: int
    logits: tuple[float, ...]
    temperature: float
    network: str
    include_regex: str
    biases: tuple[BiasUse, ...]
    not_covered: str = ""

    @property
    def input(self) -> str:
        """The name of the network's input."""
        return f"{self.network}_input_0"

    @property
    def logit(self) -> float:
        """Of the class explained."""
        return self.logits[self.class_id]

    @property
    def predicted_id(self) -> int:
        """The class with the largest logit."""
        return int(np.argmax(self.logits))

    @property
    def probability(self) -> float:
        """Calibrated, of the class explained."""
        powers = np.exp((np.array(self.logits) - max(self.logits)) / self.temperature)
        return float(powers[self.class_id] / powers.sum())


@dataclass(frozen=True, eq=False)
class Recording:
    """A pass with its tensors: those of the image, and those of the weights."""

    passed: Passed
    tensors: Mapping[str, Array]
    parameters: Mapping[str, Array]


@dataclass(frozen=True)
class TensorRecord:
    """One recorded image, beside its tensors.

    step: its number in the log; mode_step: its number within the mode; why: the reason, in words;
    model_sha256: of the recorded weights; captured_at: the time of the capture; size: bytes of its
    tensors in the log, without those of the weights.
    """

    step: int
    mode: ModeKeys
    mode_step: int
    capture_id: str
    captured_at: datetime
    recorded_at: datetime
    why: str
    model_sha256: str
    size: int
    passed: Passed


@dataclass(frozen=True)
class TensorFacts:
    """Shape and figures of one tensor; nan if it is empty; zeros: share in [0, 1]."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    minimum: float
    mean: float
    maximum: float
    std: float
    zeros: float

    @property
    def size(self) -> int:
        """Bytes, not compressed."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    @staticmethod
    def of(name: str, array: Array) -> TensorFacts:
        """The figures of `array`, computed in double precision."""
        if not array.size:
            nan = float("nan")
            return TensorFacts(name, array.shape, str(array.dtype), nan, nan, nan, nan, nan)
        with np.errstate(all="ignore"):  # infinite and huge values give inf or nan
            return TensorFacts(
                name,
                array.shape,
                str(array.dtype),
                float(array.min()),
                float(array.mean(dtype=np.float64)),
                float(array.max()),
                float(array.std(dtype=np.float64)),
                float(np.count_nonzero(array == 0) / array.size),
            )


def parse_regex(text: str) -> str:
    """`text`, if it is a regular expression; else raises BadInput with the position."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadInput(f"{text!r} is no regular expression: {error}") from error
    return text


def parse_save_config(text: str) -> SaveConfig:
    """Parse SIGNWATCH_TENSORS_SAVE: which requests (mode PREDICT) are recorded.

    Parameters
    ----------
    text
        `save_interval=100;start_step=0;end_step=5000` or `save_steps=3,7`; each part is optional.
        Empty: nothing is recorded automatically.

    Raises
    ------
    BadInput
        A name or a number is not valid.

    Examples
    --------
    >>> config = parse_save_config("save_interval=3;end_step=7")
    >>> [step for step in range(10) if config.should_save_step(ModeKeys.PREDICT, step)]
    [0, 3, 6]
    """
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, _, value = part.partition("=")
        if name not in SaveConfigMode.__dataclass_fields__:
            raise BadInput(
                f"expected {', '.join(SaveConfigMode.__dataclass_fields__)}, got {name!r}"
            )
        numbers = tuple(_whole(name, number) for number in value.split(","))
        if name != "save_steps" and len(numbers) > 1:
            raise BadInput(f"{name} takes one number, got {value!r}")
        values[name] = numbers if name == "save_steps" else numbers[0]
    if not values:
        return SaveConfig()
    return SaveConfig({ModeKeys.PREDICT: SaveConfigMode(**values)})


def _whole(name: str, text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 12:
        raise BadInput(f"{name} takes whole numbers from 0 on, got {text!r}")
    return int(text)
