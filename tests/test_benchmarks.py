"""The benchmarks' rows, rounds and verdict, on made-up numbers."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.endpoint import captured_once
from tests.benchmarks.load import Load
from tests.benchmarks.monitor import SEEDS, lower_bound
from tests.benchmarks.rounds import interleaved, interleaved_seconds
from tests.benchmarks.rows import Row, Rows, measured


@pytest.mark.parametrize(
    ("figure", "at_least", "holds"),
    [
        (2.0, True, True),
        (1.999, True, False),
        (2.0, False, True),
        (2.001, False, False),
        (math.nan, True, False),
        (math.nan, False, False),
        (math.inf, False, False),
    ],
)
def test_a_row_holds_on_its_side_of_the_goal(figure: float, at_least: bool, holds: bool) -> None:
    row = Row("rate", figure, 2.0, at_least)
    assert row.holds is holds
    assert str(row).endswith(
        f"{'>=' if at_least else '<='} 2        {'holds' if holds else 'short'}"
    )


def test_rounds_give_their_median_and_quartiles() -> None:
    row = Row.of_rounds("rate", [9.0, 1.0, 3.0, 2.0, 100.0], 3.0, True)
    assert (row.figure, row.spread, row.holds) == (3.0, (2.0, 9.0), True)
    assert str(row).split() == ["rate", "3", "[2,", "9]", ">=", "3", "holds"]


def test_what_was_not_measured_is_short() -> None:
    row = Row.unmeasured("rate", "no such\nserver")
    assert not row.holds
    assert str(row).split(maxsplit=1)[0] == "rate"
    assert str(row).endswith("not measured            short (no such server)")


def _one_row() -> Rows:
    yield Row("first", 1, 1, True)


def _breaks() -> Rows:
    yield Row("first", 1, 1, True)
    raise FileNotFoundError("expected .venv-peers")


def _nothing() -> Rows:
    return iter(())


def test_rows_that_an_error_ends_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(measured("all", _one_row)) == [Row("first", 1, 1, True)]
    first, last = measured("peers", _breaks)
    assert first.holds
    assert not last.holds
    assert (last.name, last.why) == ("peers", "FileNotFoundError: expected .venv-peers")
    assert "in _breaks" in capsys.readouterr().err
    (none,) = measured("empty", _nothing)
    assert (none.holds, none.why) == (False, "there are no rows")


def test_rounds_take_turns_after_one_that_warms_up() -> None:
    calls: list[str] = []

    def way(name: str, results: Iterator[int]) -> int:
        calls.append(name)
        return next(results)

    ones, tens = iter(range(10)), iter(range(10, 20))
    found = interleaved({"a": lambda: way("a", ones), "b": lambda: way("b", tens)}, rounds=3)
    assert found == {"a": [1, 2, 3], "b": [11, 12, 13]}
    assert "".join(calls) == "ba" + "ab" + "ba" + "ab"


def test_seconds_are_those_of_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def work(taken: float) -> None:
        clock[0] += taken

    monkeypatch.setattr("tests.benchmarks.rounds.perf_counter", lambda: clock[0])
    taken = interleaved_seconds({"a": lambda: work(0.25), "b": lambda: work(2.0)}, rounds=2)
    assert {name: each.tolist() for name, each in taken.items()} == {
        "a": [0.25] * 2,
        "b": [2.0] * 2,
    }


@pytest.mark.parametrize(
    ("answered", "captured", "share"),
    [
        ("abc", "cab", 1.0),
        ("abc", "ab", 2 / 3),  # lost
        ("abc", "abcc", 2 / 4),  # stored twice
        ("abc", "abcd", 3 / 4),  # nobody asked
        ("aab", "ab", 1 / 3),  # one id for two answers
        ("", "", 0.0),
    ],
)
def test_every_answer_is_captured_once(answered: str, captured: str, share: float) -> None:
    assert captured_once([*answered], [*captured]) == share


def test_a_rate_is_answers_by_seconds() -> None:
    assert Load(4.0, (0.5, 0.5, 1.0), (b"",) * 3).rate == 0.75


def test_a_lower_bound_lies_below_the_mean_by_its_error() -> None:
    """Half of 200 at 90, half at 110: deviation 10 with 199 degrees of freedom, t = 1.6525."""
    lengths = [90, 110] * (SEEDS // 2)
    error = math.sqrt(200 / 199) * 10 / math.sqrt(200)
    assert lower_bound(lengths) == pytest.approx(100 - 1.653 * error)


def test_the_verdict_counts_every_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = {
        "good": {"one": _one_row},
        "bad": {"peers": _breaks, "empty": _nothing, "one": _one_row},
    }
    monkeypatch.setattr(bench, "PARTS", parts)
    assert bench.main(["good"]) == 0
    assert bench.main(["bad"]) == 1
    assert bench.main([]) == 1
    assert bench.main(["ugly"]) == 2
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[:2]] == ["first", "good:"]
    assert [line.split()[0] for line in printed[2:7]] == [
        "first",
        "peers",
        "empty",
        "first",
        "bad:",
    ]


def test_a_part_that_takes_too_long_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 15.0 * 60, 0.0, 15.1 * 60))
    monkeypatch.setattr("tests.benchmarks.__main__.monotonic", lambda: next(clock))
    assert [list(bench.part("one", {}))[-1].holds for _ in range(2)] == [True, False]


def test_a_round_without_a_figure_makes_its_row_short() -> None:
    assert not Row.of_rounds("rate", np.array([1.0, math.nan, 2.0]), 1, True).holds
