"""The trial: names, steps and numbers as Debugger's, and errors that say what there is."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput, NotFound
from core.records.tensors import ModeKeys, Passed, Recording
from core.settings import Settings
from core.store import CaptureLog, TensorsTable
from core.tensors.trial import StepUnavailable, TensorTrial, TensorUnavailable, open_trial
from tests.support.expect import raises
from tests.support.records import NOON, make_capture

PREDICT, EVAL, TRAIN = ModeKeys.PREDICT, ModeKeys.EVAL, ModeKeys.TRAIN
PASSED = Passed(0, (1.0,), 1.0, "ResNet", ".", ())


def fill(table: TensorsTable) -> None:
    """Steps 0 (PREDICT 0), 1 (EVAL 0), 2 (PREDICT 1); `fc_output_0` in 1 and 2 only."""
    for step, mode in enumerate([PREDICT, EVAL, PREDICT]):
        tensors = {
            "bn1_input_0": np.full((1, 2), step, np.float32),
            "bn1_output_0": np.full((1, 2), 10 * step, np.float32),
            "gradient/bn1_output": np.full((1, 2), -step, np.float32),
            **({"fc_output_0": np.full((1, 3), step, np.float32)} if step else {}),
        }
        weights = {
            "ResNet_bn1.weight": np.ones(2, np.float32),
            "ResNet_bn1.bias": np.zeros(2, np.float32),
            "bn1.running_mean_output_0": np.ones(2, np.float32),
        }
        table.add(
            Recording(PASSED, tensors, weights),
            capture_id=make_capture().capture_id,
            captured_at=NOON,
            recorded_at=NOON,
            mode=mode,
            why="",
            model_sha256="",
            keep=9,
        )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(local=tmp_path)


@pytest.fixture
def trial(settings: Settings) -> Iterator[TensorTrial]:
    log = CaptureLog(settings.store_path)
    fill(TensorsTable(log.database))
    log.close()
    with open_trial(settings) as trial:
        yield trial


def test_steps_of_the_log_and_of_each_mode(trial: TensorTrial) -> None:
    assert trial.steps() == [0, 1, 2]
    assert trial.steps(mode=PREDICT) == [0, 1]
    assert trial.steps(mode=EVAL) == [0]
    assert trial.steps(mode=TRAIN) == []
    assert trial.modes() == [EVAL, PREDICT]
    assert trial.record(1, PREDICT).step == 2


def test_names(trial: TensorTrial) -> None:
    everything = [
        "ResNet_bn1.bias",
        "ResNet_bn1.weight",
        "bn1.running_mean_output_0",
        "bn1_input_0",
        "bn1_output_0",
        "fc_output_0",
        "gradient/bn1_output",
    ]
    assert trial.tensor_names() == everything
    assert trial.tensor_names(step=0) == [name for name in everything if name != "fc_output_0"]
    assert trial.tensor_names(step=1, mode=PREDICT) == everything
    assert trial.tensor_names(mode=TRAIN) == []
    assert trial.tensor_names(regex=".*bn1_output") == ["bn1_output_0", "gradient/bn1_output"]
    assert trial.tensor_names(regex=["fc", "bias"]) == ["ResNet_bn1.bias", "fc_output_0"]
    assert trial.tensor_names(regex="fc", collection="biases") == ["ResNet_bn1.bias", "fc_output_0"]
    assert trial.tensor_names(regex="fc", step=0) == []


@pytest.mark.parametrize(
    ("collection", "names"),
    [
        ("weights", ["ResNet_bn1.weight"]),
        ("biases", ["ResNet_bn1.bias"]),
        ("gradients", ["gradient/bn1_output"]),
        ("inputs", ["bn1_input_0"]),
        ("outputs", ["bn1_output_0", "fc_output_0"]),
        ("statistics", ["bn1.running_mean_output_0"]),
    ],
)
def test_collections(trial: TensorTrial, collection: str, names: list[str]) -> None:
    assert collection in trial.collections()
    assert trial.tensor_names(collection=collection) == names


def test_numbers_and_shapes(trial: TensorTrial) -> None:
    tensor = trial.tensor("bn1_output_0")
    assert tensor.name == "bn1_output_0"
    assert tensor.steps() == [0, 1, 2]
    assert tensor.value(2).tolist() == [[20, 20]]
    assert tensor.value(1, mode=PREDICT).tolist() == [[20, 20]]
    assert tensor.value(0, mode=EVAL).tolist() == [[10, 10]]
    assert {step: value.max() for step, value in tensor.values(mode=PREDICT).items()} == {
        0: 0,
        1: 20,
    }
    assert tensor.shape(0) == (1, 2)
    assert tensor.facts(2).mean == 20
    assert trial.tensor("fc_output_0").steps(mode=PREDICT) == [1]
    assert trial.tensor("ResNet_bn1.weight").value(1).tolist() == [1, 1]


def test_what_is_not_there_is_named(trial: TensorTrial) -> None:
    assert trial.has_tensor("bn1_output_0")
    assert not trial.has_tensor("bn9_output_0")
    with raises(
        TensorUnavailable,
        "tensor 'bn9_output_0' was not recorded; similar are bn1_output_0, fc_output_0, "
        "bn1_input_0. SIGNWATCH_TENSORS_REGEX decides what is recorded",
    ):
        trial.tensor("bn9_output_0")
    with raises(
        TensorUnavailable,
        "tensor '?' was not recorded; no name is similar. SIGNWATCH_TENSORS_REGEX decides "
        "what is recorded",
    ):
        trial.tensor("?")
    with raises(
        TensorUnavailable,
        "tensor 'fc_output_0' was not recorded in step 0 of mode GLOBAL; steps that have it: 1, 2",
    ):
        trial.tensor("fc_output_0").value(0)
    with raises(StepUnavailable, "step 7 of mode PREDICT was not recorded; there are 0, 1"):
        trial.tensor("bn1_output_0").shape(7, mode=PREDICT)
    with raises(StepUnavailable, "step 0 of mode TRAIN was not recorded; there are none"):
        trial.tensor_names(step=0, mode=TRAIN)
    with raises(
        NotFound,
        "no collection 'losses'; there are all, weights, biases, gradients, inputs, outputs, "
        "statistics",
    ):
        trial.tensor_names(collection="losses")
    with pytest.raises(BadInput, match=r"^'bn\(' is no regular expression \(RE2's syntax\)"):
        trial.tensor_names(regex="bn(")


def test_errors_are_of_our_family() -> None:
    assert issubclass(TensorUnavailable, NotFound)
    assert issubclass(StepUnavailable, NotFound)


def test_of_many_steps_the_last_ones_are_named(settings: Settings) -> None:
    log = CaptureLog(settings.store_path)
    for _ in range(3):
        fill(TensorsTable(log.database))
    with raises(
        StepUnavailable,
        "step 9 of mode GLOBAL was not recorded; there are 9, the last ones 4, 5, 6, 7, 8",
    ):
        TensorTrial(TensorsTable(log.database)).record(9)
    log.close()
