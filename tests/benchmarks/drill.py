"""Drills on the running program: the alarm at each strength, and the alert on a local webhook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from core.records.drills import STOP, STRENGTHS, DrillReport
from core.settings import ROOT
from tests.benchmarks.monitor import CLASS_GOALS
from tests.benchmarks.rows import Row, Rows, drawn
from tests.benchmarks.servers import ours
from tests.support.webhook import Webhook, webhook

OFTEN = 8


def rows() -> Rows:
    """One drill after the other on one dashboard, with a baseline of the sample signs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        webhook() as hook,
        ours(Path(folder), SIGNWATCH_ALERTS=hook.url),
    ):
        command(folder, "baseline", "create", "--data", signs(Path(folder)))
        for share in STRENGTHS:
            yield from _rows(folder, hook, share)


def signs(folder: Path) -> str:
    """The sample signs, each so often that they are 2,064."""
    path, once = folder / "signs.npz", drawn()
    np.savez(
        path, images=np.tile(once.images, (OFTEN, 1, 1, 1)), labels=np.tile(once.labels, OFTEN)
    )
    return str(path)


def _rows(folder: str, hook: Webhook, share: float) -> Rows:
    before = len(hook.titles)
    printed = command(folder, "replay", "--drill", "--share", str(share), "--json")
    report = DrillReport.from_json(json.loads(printed))
    name = f"drill, {share:.0%} to Stop"
    alarm = report.alarm
    print(
        f"{name}: {report.sentence} {len(report.alerts)} channels; lasting: {report.lasting!r}; "
        f"{(report.ended_at - report.began_at).total_seconds():.0f} s"
    )
    for each in report.detections:
        print(f"  {each.rule}: {each.after or each.why}, {each.false_alarms} false alarms")
    needed = float("inf") if alarm is None else float(alarm.after)
    yield Row(f"{name}: predictions until the alarm", needed, CLASS_GOALS[share], False)
    named = alarm is not None and alarm.class_id == STOP
    yield Row(f"{name}: the alarm names Stop", float(named), 1, True)
    sent = [title for title in hook.titles[before:] if "(drill): Class 14 (Stop)" in title]
    delivered = any(each.delivered for each in report.alerts) and len(sent) > 0
    yield Row(f"{name}: the alert reached the webhook", float(delivered), 1, True)


def command(folder: str, *arguments: str) -> str:
    """`python -m core ...` beside the dashboard; what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGNWATCH_")}
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env=environment | {"SIGNWATCH_LOCAL": folder},
    )
    if done.returncode > 1:
        raise RuntimeError(done.stderr)
    return done.stdout
