"""Records of tensors in the log: exact, kept once, limited, and gone with their captures."""

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.errors import BadInput, NotFound
from core.records.queries import CaptureFilter
from core.records.tensors import BiasUse, ModeKeys, Passed, Recording, TensorFacts, TensorRecord
from core.store import CaptureLog, TensorsTable, database
from core.store.address import FileAddress
from core.store.retention import Retention
from tests.core.store.conftest import NewAddress
from tests.core.store.test_retention import LATER, aged
from tests.support.expect import raises
from tests.support.records import NOON, make_capture, make_image

WEIGHTS = "ab" * 32
PASSED = Passed(
    1,
    (0.5, 2.0),
    1.5,
    "ResNet",
    "bn|bias",
    (BiasUse("bn", "gradient/bn_output", {"bias": "ResNet_bn.bias"}, 1e-5),),
    "not covered",
)
SMALL = {"a": np.arange(6, dtype=np.float32).reshape(2, 3)}


def make_recording(tensors: dict[str, Any] = SMALL, **parameters: Any) -> Recording:
    return Recording(PASSED, tensors, parameters)


def add(table: TensorsTable, recording: Recording, **changes: Any) -> TensorRecord:
    values: dict[str, Any] = {
        "capture_id": make_capture().capture_id,
        "captured_at": NOON,
        "recorded_at": NOON,
        "mode": ModeKeys.PREDICT,
        "why": "flagged",
        "model_sha256": WEIGHTS,
        "keep": 100,
    }
    return table.add(recording, **values | changes)


@pytest.fixture
def table(log: CaptureLog) -> TensorsTable:
    return TensorsTable(log.database)


def counts(log: CaptureLog) -> tuple[int, ...]:
    return tuple(
        log.database.rows(f"SELECT count(*) FROM log.{name}")[0][0]
        for name in ("tensor_records", "tensors", "tensor_contents")
    )


def test_a_record_comes_back_as_it_was(table: TensorsTable) -> None:
    recording = make_recording(
        {"gradient/x": np.array([[1.5, -0.0, np.nan]], np.float32), "n": np.array(7, np.int64)},
        weight=np.ones((2, 2), np.float32),
    )
    record = add(table, recording, mode=ModeKeys.EVAL, why="asked for")
    assert (record.step, record.mode_step, record.mode) == (0, 0, ModeKeys.EVAL)
    assert record.passed == PASSED
    assert table.records() == [record]
    assert table.record(0) == record
    found = table.values(0)
    assert list(found) == ["gradient/x", "n", "weight"]
    assert found["gradient/x"].tobytes() == recording.tensors["gradient/x"].tobytes()
    assert (found["n"].shape, found["n"].dtype, found["n"].item()) == ((), np.int64, 7)
    assert table.values(0, ["n", "unknown"]).keys() == {"n"}
    assert [each.name for each in table.facts(0)] == ["gradient/x", "n", "weight"]
    assert table.facts(0)[2] == TensorFacts.of("weight", np.ones((2, 2), np.float32))
    assert math.isnan(table.facts(0)[0].mean)


kinds = st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.bool_, np.uint8])
any_array = kinds.flatmap(
    lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))
)


@settings(max_examples=15)
@given(st.dictionaries(st.text(max_size=12), any_array, max_size=6))
def test_any_tensors_come_back_bit_by_bit(
    shared_log: CaptureLog, tensors: dict[str, np.ndarray[Any, Any]]
) -> None:
    table = TensorsTable(shared_log.database)
    tensors = {name.replace("\0", ""): value for name, value in tensors.items()}
    record = add(table, make_recording(tensors))
    found = table.values(record.step)
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)
        assert found[name].tobytes() == value.tobytes()


def test_steps_count_in_the_log_and_in_their_mode(table: TensorsTable) -> None:
    modes = [ModeKeys.PREDICT, ModeKeys.EVAL, ModeKeys.PREDICT]
    records = [add(table, make_recording(), mode=mode) for mode in modes]
    assert [(r.step, r.mode_step) for r in records] == [(0, 0), (1, 0), (2, 1)]
    assert [record.step for record in table.records()] == [2, 1, 0]


def test_equal_contents_are_kept_once(log: CaptureLog, table: TensorsTable) -> None:
    same, weights = np.arange(5, dtype=np.float32), np.ones(4, np.float32)
    recording = make_recording({"a": same, "b": same.copy()}, weight=weights, other=2 * weights)
    for _ in range(3):
        add(table, recording)
    assert counts(log) == (3, 3 * 4, 3 + 2)
    add(table, recording, model_sha256="cd" * 32)
    assert counts(log) == (4, 4 * 4, 4 + 4)
    assert table.values(3)["b"].tolist() == [0, 1, 2, 3, 4]
    assert table.size() > 0


def test_the_size_of_a_record_is_what_it_takes(table: TensorsTable) -> None:
    noise = np.random.default_rng(0).normal(size=50_000).astype(np.float32)
    once = add(table, make_recording({"a": noise}, weight=noise))
    twice = add(table, make_recording({"a": noise, "b": noise}))
    zeros = add(table, make_recording({"a": np.zeros(50_000, np.float32)}))
    assert once.size == twice.size
    assert 0.8 * noise.nbytes < once.size < noise.nbytes
    assert zeros.size < 200
    assert table.size() == once.size + twice.size + zeros.size


def test_the_oldest_go_when_there_are_too_many(log: CaptureLog, table: TensorsTable) -> None:
    for number in range(5):
        add(table, make_recording({"a": np.array(number)}, weight=np.ones(2)), keep=3)
    assert [record.step for record in table.records()] == [4, 3, 2]
    assert counts(log) == (3, 6, 4)
    assert table.values(3)["a"].item() == 3
    add(table, make_recording({}), model_sha256="cd" * 32, keep=1)
    assert counts(log) == (1, 0, 0)  # the weights go with their last record
    with raises(NotFound, "no record of step 4 in the log"):
        table.record(4)


def test_the_space_of_what_goes_is_given_back(tmp_path: Path) -> None:
    log = CaptureLog(FileAddress(tmp_path / "log.duckdb"))
    table, generator = TensorsTable(log.database), np.random.default_rng(0)
    used = []
    for _ in range(4):
        for _ in range(5):
            tensors = {f"t{n}": generator.normal(size=20_000) for n in range(5)}
            add(table, make_recording(tensors), keep=3)
        log.maintain()
        used.append(log.database.bytes_used())
    assert max(used) < 2 * table.size()
    log.close()


def test_records_of_one_capture(table: TensorsTable) -> None:
    capture = make_capture()
    add(table, make_recording())
    own = [add(table, make_recording(), capture_id=capture.capture_id) for _ in range(2)]
    assert table.records(capture.capture_id) == own[::-1]
    assert table.records("no id") == []
    assert table.records(make_capture().capture_id) == []


def test_names_and_figures_by_regular_expression(table: TensorsTable) -> None:
    add(table, make_recording({"bn_output_0": np.ones(2), "gradient/bn_output": np.ones(2)}))
    add(table, make_recording({"fc_output_0": np.ones(3), "bn_output_0": np.zeros(2)}))
    assert table.names([0, 1]) == ["bn_output_0", "fc_output_0", "gradient/bn_output"]
    assert table.names([0, 1], regex="^bn|fc") == ["bn_output_0", "fc_output_0"]
    assert table.names([]) == []
    assert [each.name for each in table.facts(0)] == ["bn_output_0", "gradient/bn_output"]
    assert [each.name for each in table.facts(0, regex="gradient/")] == ["gradient/bn_output"]
    assert {step: f.mean for step, f in table.history("bn_output_0").items()} == {0: 1.0, 1: 0.0}
    assert table.history("unknown") == {}


@pytest.mark.parametrize("regex", ["bn(", "(?!gradient)", "*", "\\"])
def test_a_bad_expression_is_refused(table: TensorsTable, regex: str) -> None:
    add(table, make_recording())
    with pytest.raises(BadInput) as caught:
        table.facts(0, regex=regex)
    assert str(caught.value).startswith(f"{regex!r} is no regular expression (RE2's syntax): ")


@settings(max_examples=30)
@given(st.text(max_size=20))
def test_any_expression_is_read_or_refused(shared_log: CaptureLog, regex: str) -> None:
    table = TensorsTable(shared_log.database)
    try:
        assert isinstance(table.names([0], regex=regex), list)
    except BadInput as error:
        assert str(error)


def test_an_expression_that_backtracks_takes_no_time(table: TensorsTable) -> None:
    add(table, make_recording({"a" * 200: np.ones(1)}))
    assert table.names([0], regex="(a+)+$b") == []


# With the captures


def test_records_go_with_their_captures(log: CaptureLog, table: TensorsTable) -> None:
    old, young = aged(11), aged(9)
    log.append([old, young], [])
    for capture in (old, young):
        tensors = {"a": np.array([capture.inferred_at.day])}
        add(
            table,
            make_recording(tensors, weight=np.ones(2)),
            capture_id=capture.capture_id,
            captured_at=capture.inferred_at,
        )
    removed = Retention(log.database, days=10, gigabytes=0).apply(LATER)
    assert (removed.captures, removed.tensor_records) == (1, 1)
    (left,) = table.records()
    assert left.capture_id == young.capture_id
    assert counts(log) == (1, 2, 2)
    assert table.values(left.step)["weight"].tolist() == [1, 1]


def test_records_go_when_the_log_is_too_large(log: CaptureLog, table: TensorsTable) -> None:
    generator = np.random.default_rng(0)
    captures = [aged(days) for days in (20, 15, 10, 5)]
    log.append(captures, [])
    for capture in captures:
        tensors = {f"t{n}": generator.normal(size=20_000) for n in range(20)}
        add(
            table,
            make_recording(tensors),
            capture_id=capture.capture_id,
            captured_at=capture.inferred_at,
        )
    log.maintain()
    limit = log.database.bytes_used() * 0.65
    removed = Retention(log.database, days=0, gigabytes=limit / 1e9).apply(LATER)
    assert log.database.bytes_used() <= limit
    assert removed.tensor_records == removed.captures == 2
    kept = {item.capture.capture_id for item in log.find(CaptureFilter(), limit=10)}
    assert {record.capture_id for record in table.records()} == kept
    assert kept == {capture.capture_id for capture in captures[2:]}


# Logs of before


def test_a_log_of_before_is_brought_up_to_date(
    new_address: NewAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, image = new_address(tmp_path), make_image()
    capture = make_capture(image)
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", database.MIGRATIONS[:1])
        log = CaptureLog(address)
        log.append([capture], [image])
        log.close()
    log = CaptureLog(address)
    try:
        versions = log.database.rows("SELECT version FROM log.migrations ORDER BY 1")
        assert versions == [(n,) for n in range(1, len(database.MIGRATIONS) + 1)]
        assert log.capture(capture.capture_id).capture.image_sha256 == image.sha256
        record = add(TensorsTable(log.database), make_recording(), captured_at=NOON + timedelta(1))
        assert TensorsTable(log.database).values(record.step)["a"].tolist() == SMALL["a"].tolist()
    finally:
        log.close()
