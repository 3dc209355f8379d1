"""Captures and predictions."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import BadInput
from core.records.captures import CaptureMode, CaptureSettings, Predictions, StoredImage
from tests.support.expect import raises
from tests.support.records import NO_PREDICTION, make_capture, make_prediction


def test_the_most_likely_classes_come_first() -> None:
    prediction = make_prediction(14)
    top = prediction.top(2)
    assert top == [(14, 0.75), (0, pytest.approx(0.25 / 42))]  # of equal ones the first
    assert [class_id for class_id, _ in prediction.top()] == [14, 0, 1]


def test_the_mode_tells_which_side_is_kept() -> None:
    kept = [(mode.keeps_input, mode.keeps_output) for mode in CaptureMode]
    assert kept == [(True, False), (False, True), (True, True)]


def test_sampling_is_a_percentage() -> None:
    assert [CaptureSettings(sampling=each).sampling for each in (0, 100)] == [0, 100]
    for sampling in (100.5, -0.5, float("nan")):
        with raises(BadInput, f"sampling percentage must lie in 0..100, got {sampling}"):
            CaptureSettings(sampling=sampling)


def test_an_image_s_file_is_named_after_its_type() -> None:
    types = ["image/png", "image/jpeg", "image/webp", "application/x-npy"]
    suffixes = [StoredImage("ab", each, b"", 1, 1).suffix for each in types]
    assert suffixes == ["png", "jpg", "webp", "png"]


def test_a_capture_has_a_prediction_where_all_of_it_is_known() -> None:
    prediction = make_prediction(14, p_value=0.001, flagged=True)
    capture = make_capture(prediction=prediction)
    assert capture.prediction == prediction
    assert capture.flagged
    for name in NO_PREDICTION:
        assert replace(capture, **{name: None}).prediction is None
    unanswered = make_capture(**NO_PREDICTION)
    assert unanswered.prediction is None
    assert not unanswered.flagged
    assert not make_capture(prediction=make_prediction(flagged=False)).flagged


def test_columns_leave_out_p_values_that_there_are_none_of() -> None:
    columns = Predictions.of([make_prediction(1, p_value=None), make_prediction(2, p_value=0.5)])
    assert columns.class_ids.tolist() == [1, 2]
    assert columns.flagged.tolist() == [False, False]
    assert np.allclose(columns.p_values, [0.5])
