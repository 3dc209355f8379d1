"""How suspicious is one prediction: flagged at the level asked for, with reasons in words."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.labels import all_labels
from core.model.suspicion.calibration import Calibration, Scorer, Values
from core.model.suspicion.features import Outputs, joined
from core.model.suspicion.mahalanobis import Cloud
from core.model.suspicion.scores import judge, unrelated
from core.records.captures import Suspicion

CLASSES = 43
CLEAN = 399
# One feature, in which a class lies at its number; the distances of clean images are 0 to 0.4.
SCORER = Scorer(
    1.0,
    {"stage": Cloud(np.arange(CLASSES, dtype=np.float32)[:, None], np.ones((1, 1), np.float32))},
    np.zeros(1),
    np.ones(1),
)
REFERENCES = {
    "features": np.linspace(0, 0.4, CLEAN),
    "inconsistency": np.linspace(0, 0.4, CLEAN),
    "margin": np.linspace(3, 9, CLEAN),
    "change": np.linspace(-1, 1, CLEAN),
}


def calibration(combined: Values, references: dict[str, Values] = REFERENCES) -> Calibration:
    """Clean images that are each a sign of their own."""
    return Calibration("0" * 64, SCORER, references, combined, np.arange(len(combined)))


KNOWN = calibration(np.linspace(0, 10, CLEAN))
RULE = "top three from unrelated sign groups, each below 50 %"


def logits(first: int, second: int, gap: float) -> NDArray[np.float32]:
    """(1, classes), with that margin."""
    row = np.full((1, CLASSES), -50.0, dtype=np.float32)
    row[0, first], row[0, second] = gap, 0
    return row


def outputs(
    gap: float = 6.0,
    *,
    median: float = 6.0,
    resampled: float = 6.0,
    other: int = 2,
    off: float = 0.5,
) -> Outputs:
    """A Stop sign ahead of 50 km/h by `gap`, its copies by `median` and `resampled`."""
    return Outputs(
        logits(14, 2, gap),
        (logits(14, other, median), logits(14, other, resampled)),
        {"stage": np.array([[14 + off]], dtype=np.float32)},
    )


def spread(shares: dict[int, float]) -> NDArray[np.float32]:
    probabilities = np.zeros(CLASSES, dtype=np.float32)
    for class_id, share in shares.items():
        probabilities[class_id] = share
    return probabilities


SURE = spread({14: 0.9, 2: 0.1})[None]


def reasons(image: Outputs, alpha: float = 0.01) -> tuple[str, ...]:
    (suspicion,) = judge(image, SURE, KNOWN, alpha)
    assert suspicion.flagged == (suspicion.p_value <= alpha)
    return suspicion.reasons


def test_an_ordinary_image_is_not_flagged() -> None:
    (suspicion,) = judge(outputs(), SURE, KNOWN, 0.01)
    assert suspicion.p_value > 0.1
    assert (suspicion.flagged, suspicion.reasons) == (False, ())


def test_far_from_its_class_in_the_features() -> None:
    assert reasons(outputs(off=3.0)) == (
        "unlike Stop signs in the features: further than any clean image",
    )


def test_undecided() -> None:
    assert "undecided between 14 Stop and 2 Speed limit 50 km/h: closer than any clean image" in (
        reasons(outputs(0.5, median=0.5, resampled=0.5))
    )


def test_too_certain() -> None:
    assert reasons(outputs(20.0, median=20.0, resampled=20.0)) == (
        "more certain of 14 Stop than any clean image",
    )


def test_flips_under_a_transform() -> None:
    (first, second) = reasons(outputs(median=-6.0))
    assert (
        first == "loses its lead under a median filter and resampling: by more than any clean image"
    )
    assert second == "flips to 2 Speed limit 50 km/h under a median filter"
    assert "flips to 9 No overtaking under resampling" in reasons(outputs(resampled=-6.0, other=9))


def test_less_sure_under_transforms() -> None:
    found = reasons(outputs(3.5, median=0.5, resampled=3.5))
    assert "less sure under a median filter and resampling: by more than any clean image" in found


def test_steadier_than_clean_images() -> None:
    assert reasons(outputs(median=9.5, resampled=9.5)) == (
        "steadier under a median filter and resampling than any clean image",
    )


def test_every_image_of_a_batch_has_its_own_reasons() -> None:
    images = [outputs(), outputs(off=3.0), outputs(20.0, median=20.0, resampled=20.0)]
    together = judge(joined(images), np.concatenate([SURE] * 3), KNOWN, 0.01)
    assert [each.reasons for each in together] == [
        (),
        ("unlike Stop signs in the features: further than any clean image",),
        ("more certain of 14 Stop than any clean image",),
    ]


def test_a_share_is_never_rounded_up_to_all() -> None:
    many = calibration(
        np.linspace(0, 10, CLEAN),
        REFERENCES | {"margin": np.append(np.linspace(3, 9, 3999), 100.0)},
    )
    (suspicion,) = judge(outputs(20.0, median=20.0, resampled=20.0), SURE, many, 0.01)
    assert suspicion.reasons == ("more certain of 14 Stop than more than 99.9% of clean images",)


def test_where_nothing_is_odd_by_itself_the_oddest_is_named() -> None:
    """Scores that are each slightly raised combine to one beyond all clean images."""
    weak = calibration(np.zeros(CLEAN))
    (suspicion,) = judge(outputs(off=0.6), SURE, weak, 0.01)
    assert suspicion.reasons == (
        "unlike Stop signs in the features: further than 90.0% of clean images",
    )


def test_the_level_itself_is_flagged() -> None:
    (suspicion,) = judge(outputs(off=3.0), SURE, KNOWN, 1 / (CLEAN + 1))
    assert (suspicion.p_value, suspicion.flagged) == (1 / 400, True)
    assert not judge(outputs(off=3.0), SURE, KNOWN, 0.0024)[0].flagged
    assert not judge(outputs(off=3.0), SURE, KNOWN, 0.0)[0].flagged


def test_the_trust_rule_flags_beside_the_p_value() -> None:
    torn = spread({14: 0.4, 2: 0.3, 25: 0.2})[None]
    (suspicion,) = judge(outputs(), torn, KNOWN, 0.01)
    assert suspicion.p_value > 0.1
    assert (suspicion.flagged, suspicion.reasons) == (True, (RULE,))
    (both,) = judge(outputs(off=3.0), torn, KNOWN, 0.01)
    assert len(both.reasons) == 2
    assert both.reasons[1] == RULE


def test_without_a_calibration_the_trust_rule_flags_alone() -> None:
    torn = spread({14: 0.4, 2: 0.3, 25: 0.2})[None]
    assert judge(outputs(off=3.0), SURE, None, 1.0) == [Suspicion(None, False)]
    assert judge(outputs(), torn, None, 0.01) == [Suspicion(None, True, (RULE,))]


# The trust rule


@pytest.mark.parametrize(
    ("shares", "answer"),
    [
        ({14: 0.4, 2: 0.3, 25: 0.2}, True),
        ({14: 0.49, 2: 0.3, 25: 0.2}, True),
        ({14: 0.5, 2: 0.3, 25: 0.2}, False),  # the first is not below 50 %
        ({1: 0.4, 2: 0.3, 25: 0.2}, False),  # two speed limits
        ({14: 0.4, 13: 0.3, 25: 0.2}, False),  # two signs of a shape of their own
        ({14: 0.4, 2: 0.3, 25: 0.16, 1: 0.14}, True),  # the fourth does not count
    ],
)
def test_the_trust_rule(shares: dict[int, float], answer: bool) -> None:
    assert unrelated(spread(shares)) is answer


def test_the_trust_rule_knows_the_groups() -> None:
    groups = {label.class_id: label.group for label in all_labels()}
    draw = np.random.default_rng(0)
    for _ in range(200):
        three = draw.choice(CLASSES, 3, replace=False).tolist()
        shares = dict(zip(three, (0.4, 0.3, 0.2), strict=True))
        assert unrelated(spread(shares)) == (len({groups[k] for k in three}) == 3)
