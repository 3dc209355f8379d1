"""One line of a capture file: its parts."""

from datetime import UTC, datetime

import pytest

from core.capture.files.lines import (
    GroundTruthLine,
    Side,
    capture_line,
    ground_truth_line,
    moment_of,
    output_key,
    standard_time,
)
from core.errors import BadInput
from tests.support.capture_lines import event_id, ground_truth, record, side
from tests.support.expect import raises


def test_a_captured_request_has_its_parts() -> None:
    line = capture_line(
        record(
            3,
            given=side("a,b", "CSV", "text/csv"),
            answered=side("[[14]]"),
            customAttributes=["source=a"],
            inferenceId="i-1",
        )
    )
    assert line.event_id == event_id(3)
    assert (line.inference_id, line.custom_attributes) == ("i-1", ("source=a",))
    assert line.input == Side("text/csv", "a,b", "CSV")
    assert line.output == Side("application/json", "[[14]]", "JSON")
    assert line.moment.aware == datetime(2022, 2, 14, 17, 0, 3, tzinfo=UTC)


def test_a_batch_transform_has_its_own_output() -> None:
    given = record(answered=side("14", "CSV"), output_name="batchTransformOutput")
    assert output_key(given["captureData"]) == "batchTransformOutput"
    assert capture_line(given).output == Side("application/json", "14", "CSV")


def test_a_request_without_either_side_is_refused() -> None:
    with raises(
        BadInput,
        "captureData holds neither endpointInput nor endpointOutput nor batchTransformOutput",
    ):
        capture_line(record())


@pytest.mark.parametrize(
    ("text", "second", "standard"),
    [
        ("2022-02-14T17:25:49Z", 49, True),
        ("2022-02-14T18:25:49+01:00", 49, False),
        ("2022-02-14T17:25:49", 49, False),
        ("2022-02-14T17:25:49.5Z", 49, False),
    ],
)
def test_times_are_read_in_utc(text: str, second: int, standard: bool) -> None:
    moment = moment_of({"eventMetadata": {"inferenceTime": text}})
    assert moment.aware.replace(microsecond=0) == datetime(2022, 2, 14, 17, 25, second, tzinfo=UTC)
    assert moment.naive == moment.aware.replace(tzinfo=None)
    assert moment.standard == standard


def test_a_time_is_written_in_whole_seconds() -> None:
    assert standard_time(datetime(2022, 2, 14, 17, 25, 49, 999_999)) == "2022-02-14T17:25:49Z"


def test_ground_truth_goes_by_inference_id_where_there_is_one() -> None:
    assert ground_truth_line(ground_truth(1)) == GroundTruthLine(event_id(1), "14", "CSV")
    named = ground_truth(1) | {"eventMetadata": {"eventId": "e", "inferenceId": "i"}}
    assert ground_truth_line(named).reference == "i"
