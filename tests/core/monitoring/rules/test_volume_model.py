"""Which distribution counts are found to have, and that its tails are what is promised."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.monitoring.rules.volume_model import Gamma, Lognormal, Spiky, fitted

HOURS = 24 * 28
LEVEL = 5e-4
ALIKE = np.zeros(HOURS, dtype=np.int64)


def drawn(kind: str, rng: np.random.Generator, count: int = HOURS) -> NDArray[np.int64]:
    factor = {
        "poisson": lambda: np.ones(count),
        "gamma": lambda: rng.gamma(4, 1 / 4, count),
        "lognormal": lambda: np.exp(0.8 * rng.normal(size=count)),
        "spiky": lambda: rng.gamma(10, 1 / 10, count) * np.where(rng.random(count) < 0.05, 10, 1),
    }[kind]()
    return rng.poisson(100 * factor)


@pytest.mark.parametrize(
    ("kind", "family"), [("poisson", Gamma), ("gamma", Gamma), ("lognormal", Lognormal)]
)
def test_the_family_is_recognised_and_its_parameter_found(kind: str, family: type) -> None:
    found, _ = fitted(drawn(kind, np.random.default_rng(0)).tolist(), [ALIKE])
    assert isinstance(found.family, family)
    if kind == "poisson":
        assert found.family.dispersion < 0.001
        assert found.means[0] == pytest.approx(100, rel=0.02)
    elif kind == "gamma":
        assert found.family.dispersion == pytest.approx(0.25, rel=0.2)
    else:
        assert found.family.spread == pytest.approx(0.8, rel=0.1)


def test_spikes_are_recognised() -> None:
    found, _ = fitted(drawn("spiky", np.random.default_rng(0)).tolist(), [ALIKE])
    assert isinstance(found.family, Spiky)
    assert found.family.share == pytest.approx(0.05, abs=0.02)
    assert found.family.height == pytest.approx(np.log(10), abs=0.3)
    _, high = found.tails(1_000, 0, LEVEL)
    assert 0.01 < high < 0.05  # half of the spikes are as high


def test_a_known_tail() -> None:
    """Of a lognormal factor with spread 0.5 around 1,000: P(at least 2,000) = P(Z >= 1.386)."""
    counts = np.round(1_000 * np.exp(0.5 * np.random.default_rng(0).normal(size=HOURS)))
    found, _ = fitted(counts.astype(int).tolist(), [ALIKE])
    assert isinstance(found.family, Lognormal)
    assert found.tails(2_000, 0, LEVEL)[1] == pytest.approx(0.083, abs=0.02)
    assert found.tails(500, 0, LEVEL)[0] == pytest.approx(0.083, abs=0.02)


def test_seasons_are_chosen_where_they_pay() -> None:
    hours = np.arange(HOURS) % 24
    rng = np.random.default_rng(0)
    by_hour = rng.poisson(np.where(hours < 12, 1_000, 5))
    found, chosen = fitted(by_hour.tolist(), [ALIKE, hours])
    assert chosen == 1
    assert found.means[3] == pytest.approx(1_000, rel=0.03)
    assert found.sizes[3] == 28
    _, chosen = fitted(drawn("gamma", rng).tolist(), [ALIKE, hours])
    assert chosen == 0


@pytest.mark.parametrize("kind", ["poisson", "gamma", "lognormal", "spiky"])
def test_false_alarms_are_about_as_many_as_promised(kind: str) -> None:
    """At 1 in 100, of 20 histories and 200 counts after each; three standard errors are 0.5 %."""
    rng, alarms, tried = np.random.default_rng(3), 0, 0
    for _ in range(20):
        found, _ = fitted(drawn(kind, rng).tolist(), [ALIKE])
        for count in drawn(kind, rng, 200).tolist():
            alarms += min(found.tails(count, 0, 0.005)) <= 0.005
            tried += 1
    assert 0.003 <= alarms / tried <= 0.02


def test_empty_seasons_and_counts_of_nothing() -> None:
    found, _ = fitted([0] * HOURS, [ALIKE])
    assert found.tails(0, 0, LEVEL) == pytest.approx((1, 1), abs=0.01)
    assert found.tails(3, 0, LEVEL)[1] < LEVEL
