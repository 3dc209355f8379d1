"""Baselines: what is counted, and what is refused."""

import numpy as np
import pytest

from core.errors import BadInput
from core.monitoring.baseline import MAX_SAMPLE, Baseline, Scores
from core.monitoring.drift.bins import ClassBins
from tests.support.expect import raises


def test_a_baseline_of_predictions() -> None:
    baseline = Baseline.of(
        43,
        np.array([14, 14, 2]),
        flagged=np.array([True, False, False]),
        confidences=np.array([0.5, 1.0]),
        p_values=np.array([0.01, 0.5, 0.9]),
    )
    assert baseline.counts == {2: 1, 14: 2}
    assert baseline.flagged == {14: 1}
    assert baseline.total == 3
    assert baseline.confidence is not None and baseline.suspicion is not None
    assert (baseline.confidence.present, baseline.confidence.missing) == (2, 1)
    assert (baseline.suspicion.present, baseline.suspicion.missing) == (3, 0)


def test_what_predictions_do_not_carry_is_none() -> None:
    baseline = Baseline.of(43, np.array([1]), confidences=np.array([]))
    assert (baseline.flagged, baseline.confidence, baseline.suspicion) == (None, None, None)


def test_an_empty_baseline_holds_nothing() -> None:
    assert Baseline.of(43, np.array([], dtype=np.int64)).total == 0


def test_counts_stand_in_the_order_of_the_detectors_bins() -> None:
    ids, flagged = np.array([0, 2, 2, 2]), np.array([False, True, False, False])
    baseline = Baseline.of(3, ids, flagged=flagged)
    for by_flag in (False, True):
        bins = ClassBins(3, by_flag)
        counted = np.bincount(bins.of(ids, flagged), minlength=bins.count)
        assert baseline.bin_counts(by_flag=by_flag) == counted.tolist()
    with raises(BadInput, "the baseline carries no flags, so classes cannot be split by them"):
        Baseline(3, {0: 1}).bin_counts(by_flag=True)


def test_statistics_of_scores_by_hand() -> None:
    scores = Scores.of(np.array([1.0, 0.0, 0.5, 0.5]), missing=2)
    assert scores == Scores(
        present=4,
        missing=2,
        mean=0.5,
        std=pytest.approx(np.sqrt(0.125)),
        min=0.0,
        max=1.0,
        counts=(1, 0, 0, 0, 0, 2, 0, 0, 0, 1),
        sample=(0.0, 0.5, 0.5, 1.0),
    )
    assert scores is not None and scores.quantile(0.5) == 0.5


def test_a_large_sample_is_thinned_from_end_to_end() -> None:
    scores = Scores.of(np.arange(1_000_001) / 1e6)
    assert scores is not None
    assert len(scores.sample) == MAX_SAMPLE
    assert (scores.sample[0], scores.sample[-1]) == (0.0, 1.0)
    assert scores.quantile(0.9) == pytest.approx(0.9, abs=1e-3)


def test_one_score_and_equal_scores() -> None:
    scores = Scores.of(np.array([0.7]))
    assert scores is not None
    assert (scores.std, scores.min, scores.max, sum(scores.counts)) == (0.0, 0.7, 0.7, 1)


def test_bad_input() -> None:
    with raises(BadInput, "scores of a baseline must be finite numbers"):
        Scores.of(np.array([0.5, np.nan]))
    with raises(
        BadInput,
        "the baseline has predictions of class 43, and its label set has classes 0..42: it belongs "
        "to another label set. Create it anew",
    ):
        Baseline(43, {43: 1})
    with raises(BadInput, "counts of a baseline must be at least 0"):
        Baseline(43, {1: -1})
    with raises(BadInput, "the baseline has 3 flagged predictions of class 1, of 2 in all"):
        Baseline(43, {1: 2}, {1: 3})
    Baseline(43, {1: 1}).check_label_set(43)
    with raises(
        BadInput,
        "the baseline is of 43 classes and the model tells 10 apart: it belongs to another label "
        "set. Create a baseline for this model",
    ):
        Baseline(43, {1: 1}).check_label_set(10)


def test_the_accuracy_of_labelled_data_is_kept() -> None:
    ids = np.array([0, 1, 1, 1])
    assert Baseline.of(3, ids, right=3).accuracy == 0.75
    assert (Baseline.of(3, ids).accuracy, Baseline(3, {}, right=0).accuracy) == (None, None)
    with raises(BadInput, "the baseline has 5 predictions that were right, of 4 in all"):
        Baseline.of(3, ids, right=5)
