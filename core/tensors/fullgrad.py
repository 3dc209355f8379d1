"""FullGrad from the tensors of a record alone, without the model."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import torch
import torch.nn.functional as F

from core.errors import BadInput
from core.explain.bias_gradients import INPUT
from core.explain.fullgrad import explain_recorded
from core.records.explanations import Explanation
from core.records.tensors import IMAGE_GRADIENT, PIXELS, Array, BiasUse, Passed

MOST_NAMED = 5  # missing tensors that an error lists


def explain_record(passed: Passed, values: Mapping[str, Array]) -> Explanation:
    """FullGrad from recorded tensors.

    Parameters
    ----------
    passed
        The facts of the pass.
    values
        The tensors of its record, by name.

    Raises
    ------
    BadInput
        FullGrad does not cover the network, or the record lacks tensors. The message names them,
        and a regular expression that records all that are needed.
    """
    if passed.not_covered:
        raise BadInput(passed.not_covered)
    check_complete(passed, values.keys())
    return explain_recorded(
        values[PIXELS][0],
        np.array(passed.logits, np.float32),
        passed.class_id,
        temperature=passed.temperature,
        recorded=_factors(passed, values),
        needed=[INPUT, *(use.module for use in passed.biases)],
    )


def largest_difference(recorded: Explanation, live: Explanation) -> float:
    """The largest difference of two maps of one size, as a share of the live one's range."""
    spread = float(np.ptp(live.map))
    return float(np.abs(recorded.map - live.map).max()) / (spread or 1.0)


def check_complete(passed: Passed, names: Collection[str]) -> None:
    """Raise BadInput if `names` lack a tensor that FullGrad of this pass needs."""
    needed = [
        PIXELS,
        passed.input,
        IMAGE_GRADIENT,
        *(name for use in passed.biases for name in (use.gradient, *use.tensors.values())),
    ]
    missing = sorted(set(needed) - set(names))
    if missing:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        raise BadInput(
            f"FullGrad needs tensors that were not recorded: {', '.join(missing[:MOST_NAMED])}"
            f"{more}. SIGNWATCH_TENSORS_REGEX='{sufficient_regex(passed)}' records all of them"
        )


def sufficient_regex(passed: Passed) -> str:
    """The include_regex that records what FullGrad of such a pass needs, and little else."""
    uses = passed.biases[::-1]
    norms = [use.module for use in uses if "running_mean" in use.tensors]
    saturating = [use.module for use in uses if "output" in use.tensors]
    adding = [use.module for use in uses if set(use.tensors) == {"bias"}]
    every = [use.module for use in uses]
    parts = ["image", f"^{passed.input}$", f"^gradient/({_any(every)})_output"]
    if adding:
        parts.append(rf"^{passed.network}_({_any(adding)})\.bias$")
    if norms:
        parts.append(rf"^({passed.network}_)?({_any(norms)})\.(weight|bias|running_)")
    if saturating:
        parts.append(f"^({_any(saturating)})_output")
    return "|".join(parts)


def _any(modules: list[str]) -> str:
    return "|".join(re.escape(module) for module in dict.fromkeys(modules))


def _factors(passed: Passed, values: Mapping[str, Array]) -> Iterator[tuple[str, Array, Array]]:
    """(layer, factor, gradient), without the batch's dimension, in backward order."""
    for use in passed.biases:
        gradient = values[use.gradient][0]
        yield use.module, _bias(use, values, gradient), gradient
    yield INPUT, values[passed.input][0], values[IMAGE_GRADIENT][0]


def _bias(use: BiasUse, values: Mapping[str, Array], gradient: Array) -> Array:
    """The layer's bias, shaped to broadcast over its output (core.explain.bias_gradients)."""
    own = {role: values[name] for role, name in use.tensors.items()}
    if "output" in own:
        output = own["output"][0]
        saturated: Array = output * (output >= 6)
        return saturated
    if "running_mean" in own:
        given = {role: torch.tensor(value) for role, value in own.items()}
        at_zero = F.batch_norm(
            torch.zeros_like(given["running_mean"]).view(1, -1, 1, 1),
            given["running_mean"],
            given["running_var"],
            given.get("weight"),
            given.get("bias"),
            eps=use.eps,
        )
        shifted: Array = at_zero[0].numpy()
        return shifted
    bias = own["bias"]
    return bias.reshape(-1, *[1] * (gradient.ndim - 1))
