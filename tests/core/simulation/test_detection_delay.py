"""When each rule noticed a drill, and its false alarms on the clean traffic before."""

import numpy as np

from core.monitoring.rules.in_force import NOTHING, Against
from core.records.drills import Detection
from core.simulation.detection_delay import BEFORE, AttackedTraffic, detections
from tests.support.observing import BASELINE, STOP, attacked, clean, observed

AGAINST = Against(BASELINE)
LINE = 10_000.0


def drill(before: list[int], after: list[int], **flags: object) -> AttackedTraffic:
    return AttackedTraffic(observed([*before, *after], **flags), len(before))


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


def test_a_window_rule_notices_when_the_window_since_the_beginning_is_in_violation() -> None:
    known = found(drill(clean(300), [STOP] * 400))
    share = known["class share (SageMaker-compatible)"]
    before = sum(class_id == STOP for class_id in clean(300))
    (needed,) = [k for k in range(400) if (before + k) / (300 + k) <= 0.5][-1:]
    assert (share.after, share.class_id, share.threshold) == (needed + 1, STOP, 0.5)
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
