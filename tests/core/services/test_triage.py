"""Triage."""

import io
import json
import zipfile

from core.capture.provenance import RequestFacts
from core.images import encode_png
from core.records.analysts import LOCAL, Analyst
from core.records.queries import CaptureFilter
from core.records.triage import Status
from core.records.verdicts import GivenVerdict, Verdict
from core.services import Services
from tests.support.images import blocks, image_files
from tests.support.records import make_capture, make_image, make_prediction


def test_only_what_was_decided_is_exported(signwatch: Services) -> None:
    answer = signwatch.inference.invoke(image_files(0, 1), RequestFacts())
    first = answer.capture_ids[0] or ""
    right = (answer.predictions[0].class_id + 1) % 43
    decided = signwatch.log.capture(first).capture
    signwatch.triage.decide([decided], GivenVerdict(Verdict.MODEL_WRONG, right), by=LOCAL)
    with zipfile.ZipFile(io.BytesIO(signwatch.triage.export())) as archive:
        image = f"{right:02d}/00000_00000.png"
        assert archive.namelist()[0] == image
        assert archive.read(image) == encode_png(blocks(0))
        (line,) = archive.read("manifest.jsonl").splitlines()
        assert json.loads(line)["decision"]["verdict"] == "model wrong"


def flagged(signwatch: Services, count: int) -> list[str]:
    """Ids of flagged captures with p-values of 0.001, 0.002, ..."""
    image = make_image()
    made = [
        make_capture(image, prediction=make_prediction(p_value=0.001 * (n + 1), flagged=True))
        for n in range(count)
    ]
    signwatch.log.append(made, [image])
    return [each.capture_id for each in made]


def test_what_others_have_in_work_is_not_ones_own(signwatch: Services) -> None:
    flagged(signwatch, 3)
    mine, second = (signwatch.triage.session(Analyst("Ada")) for _ in range(2))
    taken = [session.next() for session in (mine, second)]
    assert None not in taken
    ids = [each.capture_id for each in taken if each]
    assert len(set(ids)) == 2
    elsewhere = signwatch.triage.in_work_elsewhere(mine.holder)
    assert [(each.capture_id, each.holder) for each in elsewhere] == [(ids[1], second.holder)]
    standing = signwatch.triage.standing(ids)
    assert {standing[each].status for each in ids} == {Status.IN_WORK}


def test_what_another_model_has_predicted(signwatch: Services) -> None:
    own = signwatch.model.sha256
    found = [
        signwatch.triage.by_another_model(make_capture(model_sha256=sha256))
        for sha256 in (own, "f" * 64, None)
    ]
    assert found == [False, True, False]


def test_the_outcome_is_that_of_the_level_in_force(signwatch: Services) -> None:
    ids = flagged(signwatch, 4)
    captures = [signwatch.log.capture(each).capture for each in ids]
    right, wrong = GivenVerdict(Verdict.ADVERSARIAL, 1), GivenVerdict(Verdict.FALSE_POSITIVE)
    assert signwatch.triage.decide(captures[:3], right, by=LOCAL).decisions
    signwatch.triage.decide(captures[3:], wrong, by=LOCAL)
    outcome = signwatch.triage.outcome(worth=0.75)
    assert outcome.alpha == 0.01
    assert (outcome.precision.right, outcome.precision.reviewed) == (3, 4)
    assert signwatch.triage.count_decided() == 4
    done = signwatch.triage.done(CaptureFilter(capture_ids=(ids[3],)), limit=9)
    assert [each.decision.verdict for each in done if each.decision] == [Verdict.FALSE_POSITIVE]
