"""Frames: what travels between processes arrives, and nothing else is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.capture.files.exporter import Frame
from core.capture.files.segments import Segment, read_frames, write_frame
from core.errors import BadInput
from tests.support.expect import raises

paths = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), max_size=20)
numbers = st.integers(0, 2**62 - 1)
segments = st.builds(Segment, paths, numbers, numbers, paths, st.binary(), numbers)
frames = st.builds(Frame, paths, st.binary(), numbers, numbers)


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[k : k + size] for k in range(0, len(content), size)]


@given(st.lists(segments, max_size=3), st.integers(1, 50))
def test_segments_arrive(sent: list[Segment], size: int) -> None:
    stream = cut(b"".join(each.to_frame() for each in sent), size)
    assert [Segment.from_frame(*frame) for frame in read_frames(stream)] == sent


@given(st.lists(frames, max_size=3), st.integers(1, 50))
def test_exported_frames_arrive(sent: list[Frame], size: int) -> None:
    stream = cut(b"".join(each.to_bytes() for each in sent), size)
    assert [Frame.from_frame(*frame) for frame in read_frames(stream)] == sent


EXPECTED = 'expected a frame, a line {"bytes": 0..64000000, ...} before its content, got '


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"{}", "the stream of frames breaks off in a header; start again"),
        (write_frame({}, b"abc")[:-1], "the stream of frames breaks off; start again"),
        (b"{}\n", f"{EXPECTED}b'{{}}'"),
        (b"[]\n", f"{EXPECTED}b'[]'"),
        (b"\xff\n", f"{EXPECTED}b'\\xff'"),
        (b'{"bytes": -1}\n', EXPECTED + "b'{\"bytes\": -1}'"),
        (b'{"bytes": 64000001}\n', EXPECTED + "b'{\"bytes\": 64000001}'"),
        (b'{"bytes": true}\n', EXPECTED + "b'{\"bytes\": true}'"),
        (
            b"{\n",
            "no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (b"[" * 90_000 + b"\n", "JSON that is nested too deeply"),
        (b"x" * 100_001, "expected a frame's header of at most 100,000 bytes"),
    ],
)
def test_other_streams_are_refused(stream: bytes, problem: str) -> None:
    with raises(BadInput, problem):
        list(read_frames([stream]))


@pytest.mark.parametrize(
    "change",
    [
        {"path": 7},
        {"path": None},
        {"path": "\ud800"},
        {"sha256": []},
        {"offset": -1},
        {"line": 1.5},
        {"offset": 2**62},
        {"skipped": True},
    ],
)
def test_a_segment_has_all_of_its_fields(change: dict) -> None:
    header = {"path": "p", "offset": 0, "line": 1, "sha256": "a", "skipped": 0} | change
    with raises(
        BadInput,
        f"expected a segment with path, sha256, offset, line and skipped, got {header}",
    ):
        Segment.from_frame(header, b"")


@pytest.mark.parametrize("header", [{}, {"path": "p", "captures": "x", "total": 1}])
def test_an_exported_frame_has_all_of_its_fields(header: dict) -> None:
    with raises(BadInput, f"expected a frame with path, captures and total, got {header}"):
        Frame.from_frame(header, b"")
