"""replay."""

import re
from pathlib import Path

from core import services
from core.records.queries import CaptureFilter
from tests.support.command_line import Run


def test_replay_sends_to_the_running_dashboard(run: Run, dashboard: str, dataset: Path) -> None:
    done = run("replay", "--data", dataset, "--count", 7)
    assert done.code == 0
    kept = services.current().log.find(CaptureFilter(), limit=99)
    assert len(kept) == 7
    first, second = done.out.splitlines()
    assert re.match(r"7 requests in \d+\.\d s, 0 attacked; most predicted: \d+ ", first)
    found = re.fullmatch(r"python -m core monitor run --since (\S+) --until (\S+)", second)
    assert found is not None
    since, until = found.groups()
    times = [item.capture.inferred_at.isoformat() for item in kept]
    assert all(since <= moment <= until for moment in times)


def test_replay_for_programs(run: Run, server: str, dataset: Path) -> None:
    done = run(
        "replay",
        "--url",
        server,
        "--data",
        dataset,
        "--count",
        4,
        "--attack",
        "fgsm",
        "--share",
        0.5,
        "--json",
    )
    report = done.document()
    kept = [item.capture for item in services.current().log.find(CaptureFilter(), limit=99)]
    assert (report["sent"], report["attacked"]) == (4, 2)
    assert sum(report["counts"].values()) == 4
    assert sorted(str(capture.provenance.attack) for capture in kept) == [
        "None",
        "None",
        "fgsm",
        "fgsm",
    ]
