"""triage export."""

import json
from pathlib import Path
from typing import Any

import pytest

from core import client, datasets
from core.labels import class_name
from core.records.analysts import LOCAL
from core.records.queries import CaptureFilter
from core.records.verdicts import GivenVerdict, Verdict
from core.services import Services
from tests.support.command_line import Outcome, Run, put
from tests.support.records import make_image


def asked(environment: pytest.MonkeyPatch, name: str) -> list[str]:
    """The paths that `core.client` is asked for by its function of that name."""
    paths: list[str] = []
    ask = getattr(client, name)

    def note(url: str, path: str, *options: Any) -> Any:
        paths.append(path)
        return ask(url, path, *options)

    environment.setattr(client, name, note)
    return paths


def decide_one(signwatch: Services) -> str:
    put(signwatch, [14])
    (item,) = signwatch.log.find(CaptureFilter(), limit=9)
    signwatch.triage.decide([item.capture], GivenVerdict(Verdict.MODEL_WRONG, 1), by=LOCAL)
    return item.capture.capture_id


def test_triage_export_writes_a_data_set(run: Run, signwatch: Services, tmp_path: Path) -> None:
    capture_id, out = decide_one(signwatch), tmp_path / "out"
    done = run("triage", "export", "--out", out)
    written = f"1 images, manifest.jsonl, annotations.json and audit.jsonl in {out}\n"
    assert done == Outcome(0, written, "")
    assert (out / "01" / "00000_00000.png").read_bytes() == make_image().content
    assert json.loads((out / "manifest.jsonl").read_text())["capture_id"] == capture_id
    assert class_name(datasets.load(out).labels[0]) == "1 Speed limit 30 km/h"


def test_triage_export_asks_the_running_dashboard(
    run: Run, dashboard: str, signwatch: Services, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    _, out = decide_one(signwatch), tmp_path / "out"
    paths = asked(environment, "download")
    done = run("triage", "export", "--out", out)
    written = f"1 images, manifest.jsonl, annotations.json and audit.jsonl in {out}\n"
    assert done == Outcome(0, written, "")
    assert (out / "01" / "00000_00000.png").read_bytes() == make_image().content
    assert paths == ["/api/triage/export"]
