"""Baselines made from captures or files, kept, chosen, and refused where they do not fit."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import BadInput, NotFound, TooLarge
from core.monitoring.baseline import Baseline
from core.monitoring.baselines import Baselines, baseline_of, files_of
from core.monitoring.formats.constraints import Constraints, write_constraints
from core.monitoring.formats.statistics import write_statistics
from core.monitoring.rules.in_force import NOTHING, Against
from core.records.baselines import BaselineFiles
from core.records.captures import Predictions, Provenance
from core.records.window import Window
from core.services import Services
from tests.support.expect import raises
from tests.support.records import NOON, make_capture, make_prediction

AROUND_NOON = Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
STRETCH = "2026-02-14 11:00:00 to 2026-02-14 13:00:00 UTC"
FEW = Baseline(43, {1: 3, 14: 1})
FILES = files_of(FEW)


@pytest.fixture
def baselines(signwatch: Services) -> Baselines:
    return signwatch.monitoring.baselines


def put(signwatch: Services, *class_ids: int, **changes: object) -> None:
    captures = [make_capture(prediction=make_prediction(k), **changes) for k in class_ids]
    signwatch.log.append(captures, [])


def test_before_the_first_one_there_is_none(baselines: Baselines) -> None:
    assert (baselines.all(), baselines.in_force_id(), baselines.in_force()) == ([], None, None)


def test_a_stretch_of_captures_becomes_a_baseline(
    baselines: Baselines, signwatch: Services
) -> None:
    put(signwatch, 1, 1, 1, 14)
    put(signwatch, 9, provenance=Provenance(attack="pgd"))
    stored = baselines.create(AROUND_NOON)
    assert (stored.origin, stored.predictions) == (f"captures {STRETCH}", 4)
    found = baselines.in_force()
    assert found is not None
    assert found.stored == stored
    assert (found.baseline.classes, found.baseline.counts) == (43, {1: 3, 14: 1})
    assert found.baseline.flagged == {}
    assert found.baseline.confidence is not None
    assert found.baseline.confidence.mean == pytest.approx(0.75)
    assert found.constraints == Constraints.suggested(found.baseline)


def test_a_draft_says_what_it_holds_and_is_kept_as_it_was_made(
    baselines: Baselines, signwatch: Services
) -> None:
    put(signwatch, 1, 1, 1, 14)
    draft = baselines.draft(AROUND_NOON)
    assert baselines.all() == []
    assert (draft.origin, draft.predictions, draft.counts) == (
        f"captures {STRETCH}",
        4,
        {1: 3, 14: 1},
    )
    assert (draft.flagged, draft.left_out, draft.alarms) == (0, 0, 0)
    assert draft.unseen == [k for k in range(43) if k not in (1, 14)]
    assert (draft.fewer_than(3), draft.fewer_than(4)) == ([14], [1, 14])
    put(signwatch, 9)
    assert baselines.keep(draft).predictions == 4
    assert baselines.files(baselines.all()[0].baseline_id) == draft.files


def test_of_one_endpoint(baselines: Baselines, signwatch: Services) -> None:
    put(signwatch, 1, endpoint="cars")
    put(signwatch, 2, 2)
    stored = baselines.create(replace(AROUND_NOON, endpoint="cars"))
    assert (stored.origin, stored.predictions) == (f"captures {STRETCH}, endpoint cars", 1)


def test_as_programs_ask_for_it(baselines: Baselines, signwatch: Services) -> None:
    put(signwatch, 1, endpoint="cars")
    put(signwatch, 2, 2)
    put(signwatch, 3, inferred_at=AROUND_NOON.end)
    stretch = {"since": "2026-02-14T11:00:00Z", "until": "2026-02-14T14:00:00+01:00"}
    stored = baselines.add_with(stretch | {"endpoint": "cars"})
    assert (stored.origin, stored.predictions) == (f"captures {STRETCH}, endpoint cars", 1)
    stored = baselines.add_with(stretch)
    assert (stored.origin, stored.predictions) == (f"captures {STRETCH}", 3)
    stored = baselines.add_with(vars(FILES) | {"origin": "elsewhere"})
    assert (stored.origin, stored.predictions) == ("elsewhere", 4)
    assert baselines.to_json()["in_force"] == stored.baseline_id
    with raises(
        BadInput,
        "the stretch must begin before it ends, got 2026-02-14 11:00:00+00:00 to "
        "2026-02-14 11:00:00+00:00",
    ):
        baselines.add_with(stretch | {"until": stretch["since"]})


def test_an_empty_stretch_makes_none(baselines: Baselines, signwatch: Services) -> None:
    put(signwatch, 9, provenance=Provenance(attack="pgd"))
    with raises(
        BadInput,
        f"no prediction between {STRETCH} to make a baseline from (known attacks are left out). "
        "Send traffic to the endpoint or choose another stretch",
    ):
        baselines.create(AROUND_NOON)
    assert baselines.all() == []


def test_predictions_of_another_label_set_make_none(
    baselines: Baselines, signwatch: Services
) -> None:
    image = make_capture(class_id=57, confidence=None, probabilities=None, suspicion=None)
    signwatch.log.append([image], [])
    with raises(
        BadInput,
        "the baseline has predictions of class 57, and its label set has classes 0..42: it "
        "belongs to another label set. Create it anew",
    ):
        baselines.create(AROUND_NOON)


def test_files_go_in_and_come_out_as_they_were(baselines: Baselines) -> None:
    stored = baselines.add(FILES, origin="imported from\nmorning")
    assert (stored.origin, stored.predictions) == ("imported frommorning", 4)
    assert baselines.files(stored.baseline_id) == FILES
    found = baselines.in_force()
    assert found is not None
    assert found.baseline == FEW


def test_another_one_can_be_chosen(baselines: Baselines) -> None:
    first, second = (baselines.add(FILES, origin=text) for text in ("first", "second"))
    assert baselines.all() == [second, first]
    baselines.choose(first.baseline_id)
    assert baselines.in_force_id() == first.baseline_id
    with raises(NotFound, "no baseline nowhere in the log"):
        baselines.choose("nowhere")


def test_baselines_that_do_not_fit_are_refused_and_not_kept(baselines: Baselines) -> None:
    other = "the baseline is of 10 classes and the model tells 43 apart: it belongs to another "
    cases = {
        other + "label set. Create a baseline for this model": files_of(Baseline(10, {1: 1})),
        "the baseline holds no prediction. Create it from some traffic": files_of(Baseline(43, {})),
        "constraints.json has no feature PredictedClass; create it from a baseline": replace(
            FILES, constraints=write_constraints(Constraints(()))
        ),
        "constraints.json is no JSON: Expecting value: line 1 column 1 (char 0)": replace(
            FILES, constraints="?"
        ),
        "statistics.json must be text in UTF-8: surrogates not allowed": replace(
            FILES, statistics='"\ud800"'
        ),
    }
    for message, files in cases.items():
        with raises(BadInput, message):
            baselines.add(files, origin="somewhere")
    with pytest.raises(TooLarge):
        baselines.add(BaselineFiles(" " * 5_000_001, FILES.constraints), origin="somewhere")
    assert (baselines.all(), baselines.in_force_id()) == ([], None)


def test_a_baseline_of_the_model_before_is_refused_when_it_is_used(
    baselines: Baselines, signwatch: Services
) -> None:
    baselines.add(FILES, origin="before")
    later = Baselines(baselines._table, 10)
    stored = later.all()[0]
    message = (
        "the baseline is of 43 classes and the model tells 10 apart: it belongs to another label "
        "set. Create a baseline for this model"
    )
    with raises(BadInput, message):
        later.in_force()
    with raises(BadInput, message):
        later.choose(stored.baseline_id)
    assert later.against() == Against(baseline_id=stored.baseline_id, problem=message)


def test_what_executions_compare_with(baselines: Baselines) -> None:
    assert baselines.against() is NOTHING
    stored = baselines.add(FILES, origin="somewhere")
    assert baselines.against() == Against(FEW, Constraints.suggested(FEW), stored.baseline_id)


def test_what_a_model_predicts_becomes_a_baseline() -> None:
    flagged = make_prediction(2, 0.5, p_value=0.001, flagged=True)
    made = baseline_of(Predictions.of([make_prediction(14), flagged]), 43)
    assert (made.counts, made.flagged) == ({2: 1, 14: 1}, {2: 1})
    assert made.suspicion is not None
    assert (made.suspicion.min, made.suspicion.max) == (0.001, 0.5)
    assert json.loads(write_statistics(made))["dataset"] == {"item_count": 2}


# Frames of one sign count once


def cameras(signwatch: Services, *signs: int, frames: int = 30, **changes: object) -> None:
    """A camera that shows each sign in so many frames, and a source of its own for each."""
    captures = [
        make_capture(
            prediction=make_prediction(class_id),
            inferred_at=NOON + timedelta(seconds=number) + frame * timedelta(milliseconds=20),
            provenance=Provenance(source=f"camera {number}"),
            **changes,
        )
        for number, class_id in enumerate(signs)
        for frame in range(frames)
    ]
    signwatch.log.append(captures, [])


def test_thirty_frames_of_a_sign_are_one_observation(
    baselines: Baselines, signwatch: Services
) -> None:
    cameras(signwatch, 1, 1, 14, endpoint="cars")
    stored = baselines.create(replace(AROUND_NOON, endpoint="cars"))
    assert stored.predictions == 90
    made = baselines.baseline(stored.baseline_id)
    assert (made.counts, made.endpoint) == ({1: 60, 14: 30}, "cars")
    assert made.observations is not None
    (row,) = made.observations.by_class
    assert {k: n for k, n in enumerate(row) if n} == {1: 2, 14: 1}
    assert made.observations.by_flag == ((*row, *[0] * 44),)


def test_one_of_an_earlier_version_is_counted_anew_where_its_captures_are(
    baselines: Baselines, signwatch: Services
) -> None:
    cameras(signwatch, 1, 1, 14)
    new = baselines.create(AROUND_NOON)
    made = baselines.baseline(new.baseline_id)
    old = baselines.add(files_of(replace(made, observations=None)), origin=f"captures {STRETCH}")
    assert baselines.baseline(old.baseline_id) == made
    other = baselines.add(files_of(FEW), origin=f"captures {STRETCH}")
    assert baselines.baseline(other.baseline_id) == FEW  # its captures are not those any more
    imported = baselines.add(files_of(FEW), origin="imported from morning")
    assert baselines.baseline(imported.baseline_id) == FEW


def test_a_baseline_says_how_often_it_would_have_alarmed_on_itself(
    baselines: Baselines, signwatch: Services
) -> None:
    cameras(signwatch, *[k % 10 for k in range(300)], *[20] * 60, frames=1)
    stored = baselines.create(AROUND_NOON)
    assert stored.origin == f"captures {STRETCH}, 4 alarms within"


def test_what_edits_constraints_leaves_what_is_counted(
    baselines: Baselines, signwatch: Services
) -> None:
    first = baselines.add(FILES, origin="a test")
    found = baselines.in_force()
    assert found is not None
    second = baselines.edit(replace(found.settings, comparison=0.3))
    third = baselines.add(files_of(Baseline(43, {1: 4})), origin="a test")
    ids = [baselines.statistics_id(each.baseline_id) for each in (first, second, third)]
    assert ids[0] == ids[1] != ids[2]
    with raises(NotFound, "no baseline nowhere in the log"):
        baselines.statistics_id("nowhere")
