"""When each rule noticed a drill, and its false alarms on the clean traffic before."""

from typing import Any

import numpy as np
import pytest

from core.monitoring.baseline import Baseline
from core.monitoring.rules.in_force import NOTHING, Against
from core.records.drills import Detection
from core.simulation.detection_delay import BEFORE, AttackedTraffic, detections
from tests.support.observing import BASELINE, STOP, attacked, clean, observed

AGAINST = Against(BASELINE)
LINE = 10_000.0


def drill(before: list[int], after: list[int], **options: Any) -> AttackedTraffic:
    return AttackedTraffic(observed([*before, *after], **options), len(before))


def found(traffic: AttackedTraffic, against: Against = AGAINST) -> dict[str, Detection]:
    known = detections(traffic, against, threshold=0.5, false_alarm_every=LINE)
    return {each.rule: each for each in known}


def test_the_detector_notices_half_of_the_traffic_within_a_few_predictions() -> None:
    turned = attacked(200)
    flags = [False] * 300 + [class_id == STOP for class_id in turned]
    known = found(drill(clean(300), turned, flagged=flags))
    flag = known["drift detector, class x flag"]
    assert flag.after is not None
    assert 1 < flag.after <= 15
    assert flag.seconds == flag.after - 1  # one prediction a second
    assert (flag.class_id, flag.false_alarms, flag.decides, flag.why) == (STOP, 0, True, "")
    compared = known["drift detector, class"]
    assert (compared.class_id, compared.decides) == (STOP, False)


@pytest.mark.parametrize("begins", [1, 2, 6, 7])
def test_a_detection_is_counted_and_timed_from_the_first_attacked_prediction(begins: int) -> None:
    """The third 42, of which the baseline has none, raises the alarm: the eighth prediction."""
    seen = observed([0, 1, 42, 3, 42, 5, 6, 42, 1], seconds=1.5)
    never_42 = Against(Baseline.of(43, np.arange(2_000) % 7))
    (detection, *_) = detections(
        AttackedTraffic(seen, begins), never_42, threshold=0.5, false_alarm_every=LINE
    )
    assert (detection.rule, detection.class_id) == ("drift detector, class", 42)
    assert (detection.after, detection.seconds) == (8 - begins, 1.5 * (7 - begins))
    assert detection.false_alarms == 0


def test_an_alarm_at_the_last_clean_prediction_is_a_false_one() -> None:
    seen = observed([0, 1, 42, 3, 42, 5, 6, 42, 1, 2])
    never_42 = Against(Baseline.of(43, np.arange(2_000) % 7))
    (detection, *_) = detections(
        AttackedTraffic(seen, 8), never_42, threshold=0.5, false_alarm_every=LINE
    )
    assert (detection.false_alarms, detection.after) == (1, None)
    assert detection.why == "not within 2 predictions"


def test_false_alarms_of_a_rule_are_its_beginnings_and_windows_begin_with_the_drill() -> None:
    """Class 7 holds more than half of the first 200 predictions, and comes to it twice again."""
    others = [k % 5 for k in range(225)]
    before = [7] * 125 + others[:125] + [7] * 50 + others[125:224] + [7] * 50
    shares = [before[: n + 1].count(7) / (n + 1) > 0.5 for n in range(len(before))]
    assert [n for n in range(200, len(before)) if shares[n] and not shares[n - 1]] == [250, 448]
    share = found(drill([*before, 1], [STOP] * 3))["class share (SageMaker-compatible)"]
    assert share.false_alarms == 3  # with the first window of all
    assert (share.after, share.why) == (None, "not within 3 predictions")


def test_a_window_rule_notices_when_the_window_since_the_beginning_is_in_violation() -> None:
    known = found(drill(clean(300), [STOP] * 400, seconds=0.5))
    share = known["class share (SageMaker-compatible)"]
    before = sum(class_id == STOP for class_id in clean(300))
    (needed,) = [k for k in range(400) if (before + k) / (300 + k) <= 0.5][-1:]
    assert (share.after, share.class_id, share.threshold) == (needed + 1, STOP, 0.5)
    assert share.seconds == needed * 0.5
    assert (share.false_alarms, share.decides) == (0, True)


def test_what_notices_nothing_says_so() -> None:
    known = found(drill(clean(300), clean(100, seed=5)))
    share = known["class share (SageMaker-compatible)"]
    assert (share.after, share.seconds, share.why) == (None, None, "not within 100 predictions")
    assert known["drift detector, class x flag"].why == "not within 100 predictions"


def test_an_alarm_at_clean_traffic_is_a_false_one_and_no_notice_of_the_attack() -> None:
    wrong = [7] * 300
    known = found(drill([*wrong, *clean(300)], [STOP] * 50))
    assert known["drift detector, class"].false_alarms > 0
    assert known["drift detector, class"].class_id == STOP
    simple = known["baseline_drift_check, LInfinity Simple"]
    assert (simple.false_alarms, simple.after, simple.why) == (1, None, BEFORE)


def test_without_a_baseline_rules_say_that_there_was_nothing_to_compare_with() -> None:
    known = found(drill(clean(300), [STOP] * 50), NOTHING)
    assert not any(name.startswith("drift detector") for name in known)
    assert known["baseline_drift_check, LInfinity Simple"].why == (
        "Not computed: there is no baseline to compare with. Create one first"
    )


def test_cameras_that_repeat_themselves_count_once() -> None:
    traffic = drill(clean(300), [STOP] * 100)
    seen = traffic.seen
    one = ["camera"] * len(seen)
    again = AttackedTraffic(
        type(seen)(seen.at, seen.class_ids, np.zeros(len(seen), bool), seen.confidences, one), 300
    )
    assert found(traffic)["drift detector, class"].after is not None
    assert found(again)["drift detector, class"].after is None
