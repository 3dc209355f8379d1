"""The lines of capture files -> a batch for the log. No line stops another."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from core.capture.files.documents import decode
from core.capture.files.inputs import Inputs, read_input, standard_content_type
from core.capture.files.lines import (
    CaptureLine,
    Side,
    capture_line,
    ground_truth_line,
    moment_of,
    standard_time,
)
from core.capture.files.outputs import Answer, read_output
from core.capture.files.paths import LAYOUT, Place, parse_path
from core.capture.files.records import (
    envelope_of,
    ground_truth_envelope,
    standard_ground_truth,
    standard_record,
)
from core.capture.files.segments import MAX_LINE, Segment
from core.capture.provenance import parse_provenance
from core.capture.writer import capture_id
from core.errors import BadInput
from core.invocations import JSON, RequestLimits
from core.records.capture_files import Batch, CaptureRow, GroundTruthRow, UnreadableRow
from core.records.captures import Provenance

BOM = b"\xef\xbb\xbf"
SHOWN = 10_000  # characters of an unreadable line that are kept
NO_INPUT = Inputs((), True)
NO_ANSWER = Answer(None)
NO_PROVENANCE = Provenance()


class Reading:
    """What was read so far. Places in `batch.captures` and `batch.ground_truth` belong to lines,
    lines to files: `capture_owners[i]`, `truth_owners[i]` -> line, `paths[line]`.
    """

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self.batch = Batch()
        self.paths: list[str] = []
        self.capture_owners: list[int] = []
        self.truth_owners: list[int] = []
        self.unreadable: Counter[str] = Counter()

    def read(self, segment: Segment) -> None:
        """Read all lines of a segment; BadInput for a path that is none of a capture file."""
        place = parse_path(segment.path)
        if segment.skipped:
            size = len(segment.content) + segment.skipped
            self._give_up(place, segment.path, segment.line, segment.content, _too_long(size))
            return
        for number, line in enumerate(segment.content.split(b"\n"), start=segment.line):
            text = line.removeprefix(BOM) if number == 1 else line
            if text and not text.isspace():
                self._line(place, segment.path, number, text)

    def _line(self, place: Place, path: str, number: int, line: bytes) -> None:
        record = None
        try:
            if len(line) > MAX_LINE:
                raise BadInput(_too_long(len(line)))
            record = decode(line)
            if "groundTruthData" in record:
                self._ground_truth(place, path, record)
            else:
                self._capture(place, path, record)
        except BadInput as error:
            self._give_up(place, path, number, line, str(error), record)
        except RecursionError:
            self._give_up(place, path, number, line, "JSON that is nested too deeply")

    def _capture(self, place: Place, path: str, record: dict[str, Any]) -> None:
        line = capture_line(record)
        if place.endpoint is None or place.variant is None:
            raise BadInput(f"a captured request needs its endpoint; expected {LAYOUT}")
        answers = read_output(line.output) if line.output else None
        inputs = read_input(line.input, self._limits) if line.input else NO_INPUT
        if answers and len(inputs.images) not in (0, len(answers.images)):
            inputs = Inputs((), False)  # which image belongs to which answer is not known
        envelope = _envelope(record, line, inputs, answers is not None and answers.standard)
        predicted = answers.images if answers else (NO_ANSWER,) * max(1, len(inputs.images))
        attributes = line.custom_attributes
        origin = parse_provenance(";".join(attributes)) if attributes else NO_PROVENANCE
        given = line.input if line.input and not inputs.standard else None
        answered = line.output if answers and not answers.standard else None
        for position, answer in enumerate(predicted):
            first = position == 0
            image = inputs.images[position] if inputs.images else None
            if image:
                self.batch.images[image.sha256] = image
            self.batch.captures.append(
                CaptureRow(
                    capture_id(
                        place.endpoint, place.variant, line.event_id, position, line.moment.aware
                    ),
                    line.event_id,
                    position,
                    place.endpoint,
                    place.variant,
                    line.moment.naive,
                    line.input.content_type if line.input else None,
                    line.output.content_type if line.output else None,
                    line.inference_id,
                    list(attributes) or None,
                    image.sha256 if image else None,
                    answer.class_id,
                    answer.confidence,
                    answer.probabilities,
                    origin.source,
                    origin.label,
                    origin.attack,
                    origin.target,
                    origin.clean_sha256,
                    given.data if given and first else None,
                    given.encoding if given and first else None,
                    answered.data if answered and first else None,
                    answered.encoding if answered and first else None,
                    envelope if first else None,
                )
            )
            self.capture_owners.append(len(self.paths))
        self.paths.append(path)

    def _ground_truth(self, place: Place, path: str, record: dict[str, Any]) -> None:
        line = ground_truth_line(record)
        answers = read_output(Side(None, line.data, line.encoding)).images
        classes = [answer.class_id for answer in answers if answer.class_id is not None]
        standard = standard_ground_truth(line.reference, line.data, line.encoding)
        envelope = ground_truth_envelope(record, standard)
        hour = place.hour.replace(tzinfo=None)
        for position, class_id in enumerate(classes):
            self.batch.ground_truth.append(
                GroundTruthRow(
                    line.reference,
                    position,
                    class_id,
                    line.data if position == 0 else "",
                    line.encoding,
                    path,
                    hour,
                    envelope if position == 0 else None,
                )
            )
            self.truth_owners.append(len(self.paths))
        self.paths.append(path)

    def _give_up(
        self,
        place: Place,
        path: str,
        number: int,
        line: bytes,
        reason: str,
        record: dict[str, Any] | None = None,
    ) -> None:
        self.batch.unreadable.append(
            UnreadableRow(
                path,
                number,
                place.endpoint,
                place.variant,
                _time_of(place, record),
                reason,
                line[: 4 * SHOWN].decode(errors="replace")[:SHOWN],
            )
        )
        self.unreadable[path] += 1


def _envelope(
    record: dict[str, Any], line: CaptureLine, inputs: Inputs, standard_answer: bool
) -> str | None:
    """What the fields of its captures would not hold of a record."""
    given, answered = line.input, line.output
    if given and inputs.standard:
        content_type = standard_content_type(inputs.images, given.content_type)
        given = given._replace(content_type=content_type)
    if answered and standard_answer:
        answered = answered._replace(content_type=JSON)
    standard = standard_record(
        line.event_id,
        standard_time(line.moment.naive),
        line.custom_attributes,
        line.inference_id,
        given,
        answered,
    )
    return envelope_of(record, standard)


def _time_of(place: Place, record: dict[str, Any] | None) -> datetime | None:
    """When the prediction was made that cannot be read; None where it was none."""
    if place.endpoint is None or (record is not None and "groundTruthData" in record):
        return None
    try:
        return moment_of(record or {}).naive
    except BadInput:
        return place.hour.replace(tzinfo=None)


def _too_long(size: int) -> str:
    return f"the line has {size:,} bytes; at most {MAX_LINE:,} are read"
