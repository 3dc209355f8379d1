"""Passes for callers without gradients."""

from __future__ import annotations

import pytest
import torch

from core.explain.fullgrad import explain
from core.model.classifier import Classifier, build_network
from tests.support.explained import CLASSES, assert_same, randomise, wrap


@pytest.fixture(scope="module")
def resnet() -> Classifier:
    torch.manual_seed(0)
    return wrap(randomise(build_network("resnet18", CLASSES)))


def test_callers_without_gradients_are_served(resnet: Classifier) -> None:
    pixels = torch.rand(1, 3, 32, 32)
    (expected,) = explain(resnet, pixels)
    for surrounding in (torch.no_grad, torch.inference_mode):
        with surrounding():
            (explanation,) = explain(resnet, pixels.clone())
        assert_same(explanation, expected, 1e-6)
