"""Names of layers to read."""

from __future__ import annotations

import re

# What the parts of torchvision's networks are called, in the words of their papers.
PARTS = (
    (r"^input$", "Pixels"),
    (r"^bn1$", "First BatchNorm"),
    (r"^conv1$", "First convolution"),
    (r"^layer(\d+)\.(\d+)\.downsample\.\d+$", "Stage {0}, block {1}: shortcut"),
    (r"^layer(\d+)\.(\d+)\.bn(\d+)$", "Stage {0}, block {1}: BatchNorm {2}"),
    (r"^layer(\d+)\.(\d+)\.conv(\d+)$", "Stage {0}, block {1}: convolution {2}"),
    (r"^features\.(\d+)$", "Feature layer {0}"),
    (r"^classifier\.(\d+)$", "Classifier layer {0}"),
    (r"^(fc|classifier)$", "Last layer"),
)


def readable_layer(path: str) -> str:
    """`layer2.0.bn1` -> `Stage 2, block 1: BatchNorm 1`; an unknown path stays as it is."""
    for pattern, text in PARTS:
        if found := re.match(pattern, path):
            numbers = list(found.groups())
            if path.startswith("layer"):
                numbers[1] = str(int(numbers[1]) + 1)
            return text.format(*numbers)
    return path
