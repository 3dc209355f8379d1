"""Which requests are recorded, and the figures of a tensor."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.records.tensors import (
    DEFAULT_REGEX,
    ModeKeys,
    Passed,
    SaveConfig,
    SaveConfigMode,
    TensorFacts,
    parse_regex,
    parse_save_config,
)
from tests.support.expect import raises

PREDICT = ModeKeys.PREDICT


def saved(text: str, count: int = 12) -> list[int]:
    config = parse_save_config(text)
    return [step for step in range(count) if config.should_save_step(PREDICT, step)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", []),
        ("save_interval=1", list(range(12))),
        ("save_interval=4", [0, 4, 8]),
        ("save_interval=4;start_step=1", [4, 8]),
        (" save_interval = 4 ;; start_step=1; end_step=8".replace(" = ", "="), [4]),
        ("start_step=0", [0]),  # Debugger's default interval is 100
        ("save_steps=3,7", [3, 7]),
        ("save_steps=3;save_interval=1", [3]),  # the list overrides the interval
        ("save_steps=3," + "9" * 12, [3]),
    ],
)
def test_the_words_of_debugger_choose_the_steps(text: str, steps: list[int]) -> None:
    assert saved(text) == steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("interval=3", "expected save_interval, start_step, end_step, save_steps, got 'interval'"),
        ("save_interval", "save_interval takes whole numbers from 0 on, got ''"),
        ("save_interval=0", "save_interval must be at least 1, got 0"),
        ("save_interval=-1", "save_interval takes whole numbers from 0 on, got '-1'"),
        ("save_interval=2,3", "save_interval takes one number, got '2,3'"),
        ("start_step=5;end_step=5", "end_step must be larger than start_step 5, got 5"),
        ("save_steps=1,x", "save_steps takes whole numbers from 0 on, got 'x'"),
        ("save_steps=" + "9" * 13, f"save_steps takes whole numbers from 0 on, got '{'9' * 13}'"),
    ],
)
def test_what_is_no_save_config_is_refused(text: str, message: str) -> None:
    with raises(BadInput, message):
        parse_save_config(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_save_config, parse_regex):
        try:
            parse(text)
        except BadInput as error:
            assert str(error)


def test_steps_do_not_go_below_zero() -> None:
    with raises(BadInput, "steps count from 0, got -2"):
        SaveConfigMode(save_steps=(-2,))


def test_each_mode_has_its_own_choice() -> None:
    config = SaveConfig({ModeKeys.EVAL: SaveConfigMode(save_interval=1)})
    assert config.should_save_step(ModeKeys.EVAL, 3)
    assert not config.should_save_step(PREDICT, 3)


def test_a_bad_expression_is_named() -> None:
    assert parse_regex(DEFAULT_REGEX) == DEFAULT_REGEX
    with raises(
        BadInput,
        "'bn(' is no regular expression: missing ), unterminated subpattern at position 2",
    ):
        parse_regex("bn(")


def test_figures_of_a_tensor_by_hand() -> None:
    facts = TensorFacts.of("x", np.array([[0, 2, 4], [0, -2, 2]], np.float32))
    assert facts == TensorFacts(
        "x", (2, 3), "float32", -2.0, 1.0, 4.0, pytest.approx(math.sqrt(22 / 6)), 2 / 6
    )
    assert facts.size == 24


def test_a_tensor_without_numbers_has_no_figures() -> None:
    facts = TensorFacts.of("x", np.zeros((0, 3), np.float32))
    assert (facts.shape, facts.size) == ((0, 3), 0)
    assert all(math.isnan(v) for v in (facts.minimum, facts.mean, facts.maximum, facts.zeros))


def test_the_probability_is_calibrated() -> None:
    passed = Passed(1, (0.0, 2.0), 2.0, "ResNet", ".", ())
    assert (passed.logit, passed.predicted_id) == (2.0, 1)
    assert passed.probability == pytest.approx(math.e / (1 + math.e))
