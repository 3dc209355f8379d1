"""A calibration that no longer fits the traffic is noticed and said."""

import numpy as np
import pytest

from core.model.suspicion.drift import FEWEST, LATEST, drift
from core.records.captures import Provenance
from core.services import Services
from core.store import PValuesTable
from tests.support.records import make_capture, make_image, make_prediction

EVEN = (np.arange(1_000) + 0.5) / 1_000


def test_uniform_p_values_above_the_level_are_as_they_should_be() -> None:
    assert drift(0.01 + 0.99 * EVEN, 0.01) is None
    assert drift(0.2 + 0.8 * EVEN, 0.2) is None


def test_traffic_that_looks_odd_is_said() -> None:
    assert drift(0.01 + 0.99 * EVEN**2, 0.01) == (
        "Suspicion's calibration no longer fits the traffic: of the latest 1,000 unflagged "
        "predictions, 50% have a p-value up to 0.26, where 25% are expected"
    )


def test_traffic_that_looks_too_ordinary_is_said() -> None:
    said = drift(EVEN**0.4, 0.0)
    assert said is not None
    assert "are expected" in said


def test_of_few_predictions_nothing_is_said() -> None:
    assert drift(np.full(FEWEST - 1, 0.02), 0.01) is None
    assert drift(np.full(FEWEST, 0.02), 0.01) is not None
    assert drift(np.full(FEWEST, 1.0), 1.0) is None


def test_only_unflagged_predictions_of_these_weights_count(signwatch: Services) -> None:
    image = make_image()
    own = signwatch.model.sha256
    captures = [
        make_capture(image, prediction=make_prediction(p_value=0.5), model_sha256=own),
        make_capture(image, prediction=make_prediction(p_value=0.25), model_sha256=own),
        make_capture(
            image, prediction=make_prediction(p_value=0.001, flagged=True), model_sha256=own
        ),
        make_capture(image, prediction=make_prediction(p_value=0.75), model_sha256="f" * 64),
        make_capture(
            image,
            prediction=make_prediction(p_value=0.6),
            model_sha256=own,
            provenance=Provenance("drill/4/1"),
        ),
        make_capture(
            image,
            prediction=make_prediction(p_value=0.7),
            model_sha256=own,
            provenance=Provenance("lab", attack="pgd"),
        ),
        make_capture(image, suspicion=None, model_sha256=own),
        make_capture(image, prediction=make_prediction(p_value=None), model_sha256=own),
    ]
    signwatch.log.append(captures, [image])
    table = PValuesTable(signwatch.log.database)
    assert sorted(table.unflagged(own, LATEST)) == [0.25, 0.5]
    assert len(table.unflagged(own, 1)) == 1
    assert signwatch.model.calibration_drift() is None


def test_it_is_noticed_in_the_log(signwatch: Services) -> None:
    own = signwatch.model.sha256
    image = make_image()
    odd = make_prediction(p_value=0.02)
    captures = [make_capture(image, prediction=odd, model_sha256=own) for _ in range(FEWEST)]
    signwatch.log.append(captures, [image])
    said = signwatch.model.calibration_drift()
    assert said is not None
    assert said.startswith("Suspicion's calibration no longer fits the traffic: of the latest 200 ")


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.5])
def test_random_p_values_of_clean_traffic_are_left_alone(alpha: float) -> None:
    draw = np.random.default_rng(0).uniform(alpha, 1, (50, FEWEST))
    assert all(drift(each, alpha) is None for each in draw)
