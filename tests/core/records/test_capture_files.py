"""What travels from capture files into the log."""

from core.records.capture_files import FileState, LineCounts


def test_counts_add_up() -> None:
    total = LineCounts(lines=3, stored=2, unreadable=1)
    total.add(LineCounts(lines=2, repeated=1, ground_truth=1))
    assert total == LineCounts(5, 2, 1, 1, 1)


def test_the_state_of_a_file_travels_as_json() -> None:
    state = FileState(100, "ab", LineCounts(lines=3, stored=3))
    assert state.to_json() == {
        "bytes": 100,
        "sha256": "ab",
        "lines": 3,
        "stored": 3,
        "repeated": 0,
        "ground_truth": 0,
        "unreadable": 0,
    }
    assert FileState.from_json(state.to_json()) == state
