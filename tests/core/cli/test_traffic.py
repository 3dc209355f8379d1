"""replay."""

import hashlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core import services
from core.errors import Cancelled
from core.images import encode_png
from core.records.attacks import AttackPlan
from core.records.queries import CaptureFilter
from core.simulation import sending
from tests.core.test_client import closed_port
from tests.support.command_line import Run, last_line
from tests.support.images import blocks
from tests.support.layouts import write_npz


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


def test_replay_attacks_four_of_five_unless_a_share_is_given(
    run: Run, server: str, dataset: Path
) -> None:
    command = ("replay", "--url", server, "--data", dataset, "--count", 5, "--attack", "fgsm")
    assert run(*command, "--json").document()["attacked"] == 4


def test_replay_sends_the_held_out_tracks_unless_a_fold_is_given(
    run: Run, server: str, tmp_path: Path
) -> None:
    """Of twelve tracks two are held out: those that NumPy deals first."""
    images = np.stack([blocks(seed) for seed in range(12)])
    data = write_npz(
        tmp_path / "data.npz",
        images=images,
        labels=np.zeros(12, np.int64),
        tracks=np.arange(12),
    )
    run("replay", "--url", server, "--data", data, "--count", 2)
    sent = {
        item.capture.image_sha256 for item in services.current().log.find(CaptureFilter(), limit=99)
    }
    held_out = np.random.default_rng([0, 0]).permutation(12)[:2]
    assert sent == {hashlib.sha256(encode_png(images[row])).hexdigest() for row in held_out}


def test_replay_plans_what_is_asked_for(
    run: Run, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, dict[str, Any]]] = []

    def from_dataset(drawn: object, count: int, **options: Any) -> None:
        asked.append((count, options))
        raise Cancelled("enough")

    monkeypatch.setattr("core.cli.traffic.from_dataset", from_dataset)
    clean = ("replay", "--data", dataset, "--count", 3, "--seed", 5)
    run(*clean)
    attack = ("--attack", "pgd", "--target", 14, "--epsilon", "16/255", "--steps", 9)
    run(*clean, *attack, "--share", 0.25)
    (count, without), (_, attacked) = asked
    assert (count, without["seed"], without["attack"]) == (3, 5, None)
    assert (attacked["seed"], attacked["attack"].share) == (5, 0.25)
    assert attacked["attack"].plan == AttackPlan("pgd", 14, 16 / 255, 9, 5)


def test_replay_sends_at_the_rate_that_is_given(
    run: Run, server: str, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that stands still: one request every two seconds."""
    pauses: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=pauses.append)
    monkeypatch.setattr(sending, "time", clock)
    command = ("replay", "--url", server, "--data", dataset, "--count", 3)
    assert run(*command).code == 0
    assert pauses == []
    assert run(*command, "--rate", 0.5).code == 0
    assert pauses == [0, 2, 4]


def test_the_dashboard_that_is_named_is_taken_before_the_one_that_is_found(
    run: Run, dashboard: str, dataset: Path
) -> None:
    named = f"http://127.0.0.1:{closed_port()}"
    refused = "[Errno 111] Connection refused"
    for command, problem in (
        (("--data", dataset), f"{named} does not answer ({refused}); is it running?"),
        (("--drill",), f"the running dashboard does not answer: {refused}"),
    ):
        done = run("replay", "--url", named, *command)
        assert (done.code, done.out) == (2, "")
        assert last_line(done.err) == f"error: {problem}"
    assert services.current().log.count(CaptureFilter()) == 0
