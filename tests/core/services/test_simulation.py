"""An adversarial image among sample signs, sent to the endpoint."""

import numpy as np

from core.records.attacks import AttackPlan
from core.records.captures import Provenance
from core.records.queries import CaptureFilter
from core.services import Services
from tests.support.images import blocks


def test_mixed_traffic_is_captured_with_its_provenance(signwatch: Services) -> None:
    (result,) = signwatch.lab.attack(AttackPlan("fgsm", epsilon=8 / 255), [blocks(3)], None)
    reported: list[tuple[int, int, str]] = []
    report = signwatch.simulation.send_mixed(
        result, 5, 2, lambda *progress: reported.append(progress)
    )
    assert (report.sent, report.attacked) == (5, 2)
    assert reported == [(n, 5, "sent") for n in range(1, 6)]
    sent = [item.capture for item in signwatch.log.find(CaptureFilter(), limit=9)]
    assert len(sent) == 5
    assert {each.provenance.source for each in sent} == {"lab"}
    (made,) = {each.provenance for each in sent if each.provenance.attack}
    assert made == Provenance("lab", result.label, "fgsm", None, made.clean_sha256)
    clean = signwatch.captures.image(made.clean_sha256)
    assert np.array_equal(clean.pixels, result.clean)
