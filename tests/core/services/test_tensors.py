"""Tensors on demand: recorded, explained, compared, as a file."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from core.errors import BadInput, NotFound
from core.records.tensors import ModeKeys
from core.services import Services
from core.tensors.fullgrad import largest_difference
from tests.support.expect import raises
from tests.support.images import blocks
from tests.support.traffic import predicted_as, request


def test_a_capture_is_recorded_on_demand(signwatch: Services) -> None:
    capture_id = request(signwatch, blocks())
    record = signwatch.tensors.record(capture_id)
    assert (record.mode, record.why, record.step) == (ModeKeys.EVAL, "asked for", 0)
    assert record.capture_id == capture_id
    assert record.passed.class_id == signwatch.log.capture(capture_id).capture.class_id
    assert signwatch.tensors.record(capture_id, 7).passed.class_id == 7
    assert signwatch.tensors.trial().steps(mode=ModeKeys.EVAL) == [0, 1]


def test_fullgrad_from_the_record_equals_the_live_one(signwatch: Services) -> None:
    for seed, class_id in [(0, None), (1, 14)]:
        record = signwatch.tensors.record(request(signwatch, blocks(seed)), class_id)
        recorded = signwatch.tensors.explain(record.step)
        (live,) = signwatch.explanations.explain([blocks(seed)], [class_id])
        assert largest_difference(recorded, live) <= 1e-5
        assert recorded.class_id == live.class_id
        assert recorded.logit == pytest.approx(live.logit, abs=1e-5)


def test_what_cannot_be_recorded_is_refused(signwatch: Services) -> None:
    with pytest.raises(NotFound, match=r"^no capture"):
        signwatch.tensors.record("00000000-0000-8000-8000-000000000000")
    capture_id = request(signwatch, predicted_as(signwatch, other_than=14))
    for class_id in (-1, 43, 10**30):
        with raises(BadInput, f"class must lie in 0..42, got {class_id}"):
            signwatch.tensors.record(capture_id, class_id)
    assert signwatch.tensors.records() == []


def test_a_record_as_a_file(signwatch: Services) -> None:
    record = signwatch.tensors.record(request(signwatch, blocks()))
    trial = signwatch.tensors.trial()
    with np.load(io.BytesIO(signwatch.tensors.to_npz(record))) as file:
        facts = json.loads(str(file["record"]))
        assert set(file.files) == {"record", *trial.tensor_names(step=record.step)}
        gradient = trial.tensor("gradient/image").value(record.step)
        np.testing.assert_array_equal(file["gradient/image"], gradient)
    assert facts["capture_id"] == record.capture_id
    assert facts["passed"]["class_id"] == record.passed.class_id
    assert facts["captured_at"] == record.captured_at.isoformat()


def test_facts_match_expression_and_collection(signwatch: Services) -> None:
    tensors = signwatch.tensors
    step = tensors.record(request(signwatch, blocks())).step
    names = [each.name for each in tensors.facts(step, regex="^bn1", collection="statistics")]
    assert names == ["bn1.running_mean_output_0", "bn1.running_var_output_0"]
    assert len(tensors.facts(step)) == len(tensors.trial().tensor_names(step=step))
    with pytest.raises(NotFound, match=r"^no collection 'odd'; there are all, weights, "):
        tensors.facts(step, collection="odd")


def test_the_maps_of_a_record_lie_on_one_image(signwatch: Services) -> None:
    record = signwatch.tensors.record(request(signwatch, blocks(2)))
    capture = signwatch.log.capture(record.capture_id).capture
    maps = signwatch.tensors.maps(record, capture.image_sha256)
    np.testing.assert_array_equal(maps.pixels, blocks(2))
    assert maps.live is not None
    assert maps.recorded.map.shape == maps.live.map.shape == blocks(2).shape[:2]
    assert maps.difference == largest_difference(maps.recorded, maps.live)
    other = replace(record, model_sha256="f" * 64)
    assert signwatch.tensors.maps(other, capture.image_sha256).live is None


def test_values_history_and_size_are_those_of_the_log(signwatch: Services) -> None:
    tensors = signwatch.tensors
    steps = [tensors.record(request(signwatch, blocks(seed))).step for seed in (1, 2)]
    value = tensors.values(steps[1], "fc_output_0")
    assert value.shape == (1, 43)
    history = tensors.history("fc_output_0")
    assert list(history) == steps
    assert history[steps[1]].maximum == value.max()
    assert tensors.size() == sum(record.size for record in tensors.records())
    assert tensors.outcomes() == {"recorded": 2, "dropped": 0, "failed": 0}
