"""captures import and export: beside a dashboard and without one; imported traffic monitored."""

from collections import Counter
from pathlib import Path

import httpx
import pytest

from core import client, services
from core.errors import Unavailable
from core.records.queries import CaptureFilter
from core.services import Services
from tests.support.capture_lines import FILE, ground_truth, predicted, read_tree, write_lines
from tests.support.command_line import Run, last_line
from tests.support.expect import raises

HOUR = ("--since", "2022-02-14T17:00:00Z", "--until", "2022-02-14T18:00:00Z")
STOPS = 322


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    """The blog's evaluation: 400 answers, 322 of them Stop."""
    records = [predicted(k, 14 if k < STOPS else k % 7) for k in range(400)]
    write_lines(tmp_path / "blog", FILE, records)
    return tmp_path / "blog"


def imported(lines: int, **changes: int) -> dict:
    return {
        "files": 1,
        "lines": lines,
        "stored": lines,
        "repeated": 0,
        "ground_truth": 0,
        "unreadable": 0,
        "left_out": [],
        "problems": [],
    } | changes


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a dashboard"])
def test_the_blogs_evaluation(
    run: Run, blog: Path, tmp_path: Path, beside: bool, request: pytest.FixtureRequest
) -> None:
    if beside:
        request.getfixturevalue("dashboard")
    done = run("captures", "import", blog, "--json")
    assert (done.code, done.document()) == (0, imported(400))
    assert run("captures", "import", blog, "--json").document() == imported(
        400, stored=0, repeated=400
    )
    watched = run("monitor", "run", "--endpoint", "DEMO-endpoint", *HOUR, "--json")
    assert watched.code == 1
    execution = watched.document()
    assert execution["message"] == (
        "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
    )
    others = Counter(str(k % 7) for k in range(STOPS, 400))
    assert execution["counts"] == {"14": STOPS} | others
    assert (execution["total"], execution["shares"]["14"]) == (400, 0.805)
    out = run("captures", "export", "--out", tmp_path / "out", "--json")
    assert out.document() == {"files": 1, "lines": 400, "ground_truth": 0}
    assert read_tree(tmp_path / "out") == read_tree(blog)


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a dashboard"])
def test_unreadable_lines_break_completeness(
    run: Run, blog: Path, beside: bool, request: pytest.FixtureRequest
) -> None:
    if beside:
        request.getfixturevalue("dashboard")
    bad = predicted(500, 14)
    bad["captureData"]["endpointOutput"]["data"] = "cat"
    write_lines(blog, FILE.replace("uuid", "more"), [b"{", bad])
    done = run("captures", "import", blog)
    assert done.out == (
        "402 lines of 2 files: 400 stored, 0 known already, 0 of ground truth, 2 unreadable\n"
    )
    assert done.err.replace("\r", "\n").rstrip("\n").split("\n")[-1] == (
        f"{FILE.replace('uuid', 'more')}:2: expected a class, a whole number of 0 to "
        "2,147,483,647, got 'cat'"
    )
    execution = run("monitor", "run", "--endpoint", "DEMO-endpoint", *HOUR, "--json").document()
    assert (execution["total"], execution["unreadable"]) == (402, 2)
    kinds = [violation["constraint_check_type"] for violation in execution["violations"]]
    assert kinds == ["baseline_drift_check", "completeness_check"]
    other = run("monitor", "run", "--endpoint", "other", *HOUR, "--json").document()
    assert (other["total"], other["unreadable"]) == (0, 0)


def test_an_import_beside_a_dashboard_goes_into_its_log(
    run: Run, blog: Path, dashboard: str
) -> None:
    write_lines(blog, "truth/2022/02/14/17/a.jsonl", [ground_truth(0)])
    done = run("captures", "import", blog, "--json")
    assert done.document() == imported(401, files=2, stored=400, ground_truth=1)
    assert services.current().log.count(CaptureFilter()) == 400
    states = httpx.get(f"{dashboard}/api/captures/imports").json()["files"]
    assert {path: state["lines"] for path, state in states.items()} == {
        FILE: 400,
        "truth/2022/02/14/17/a.jsonl": 1,
    }


def test_an_export_can_be_bounded(run: Run, blog: Path, tmp_path: Path) -> None:
    write_lines(blog, "b/v/2022/02/14/17/x.jsonl", [predicted(k, 2) for k in range(500, 510)])
    run("captures", "import", blog)
    done = run(
        "captures",
        "export",
        "--out",
        tmp_path / "out",
        "--endpoint",
        "b",
        "--since",
        "2022-02-14T17:08:21Z",
        "--until",
        "2022-02-14T17:08:24Z",
    )
    assert done.out == (
        f"3 requests and 0 lines of ground truth in 1 files under {tmp_path / 'out'}\n"
    )
    assert read_tree(tmp_path / "out") == [predicted(k, 2) for k in (501, 502, 503)]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--since", "x"], "error: expected a time like 2026-02-14T17:00:00Z, got 'x'"),
        (
            ["--since", "2022-01-01", "--until", "2022-01-01"],
            "error: the window must begin before it ends, got 2022-01-01 00:00:00+00:00 to "
            "2022-01-01 00:00:00+00:00",
        ),
        (
            ["--endpoint", "a_b"],
            "error: endpoint name must be 1 to 63 letters, digits and inner hyphens, got 'a_b'",
        ),
    ],
)
def test_bad_options_of_an_export(
    run: Run, tmp_path: Path, options: list[str], problem: str
) -> None:
    done = run("captures", "export", "--out", tmp_path / "out", *options)
    assert (done.code, done.out, last_line(done.err)) == (2, "", problem)


def test_an_export_writes_over_nothing(run: Run, tmp_path: Path) -> None:
    write_lines(tmp_path / "out", FILE, [predicted(0, 14)])
    done = run("captures", "export", "--out", tmp_path / "out")
    problem = f"expected a folder without capture files, got {tmp_path / 'out'} with {FILE}"
    assert (done.code, done.out, last_line(done.err)) == (
        2,
        "",
        f"error: {problem}; choose another one",
    )
    assert read_tree(tmp_path / "out") == [predicted(0, 14)]


def test_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    done = run("captures", "import", tmp_path / "no")
    assert (done.code, last_line(done.err)) == (
        2,
        "error: expected a folder with {endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl, got "
        f"{tmp_path / 'no'}",
    )


# The routes


def test_the_routes_refuse_what_they_cannot_read(dashboard: str, signwatch: Services) -> None:
    answer = httpx.post(f"{dashboard}/api/captures/import", content=b"{}\n")
    assert (answer.status_code, answer.json()["error"]) == (400, "BadInput")
    answer = httpx.get(f"{dashboard}/api/captures/export?since=x")
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "expected a time like 2026-02-14T17:00:00Z, got 'x'",
    )
    signwatch.log.close()
    for path in ("imports", "export"):
        assert httpx.get(f"{dashboard}/api/captures/{path}").status_code == 503
    with raises(Unavailable, "the capture log is closed; start the dashboard again"):
        list(client.stream(dashboard, "/api/captures/export", {}))
