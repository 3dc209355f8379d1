"""The day itself: a server with everything switched on, its traffic, and what the log has of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path

import httpx

from core import client, datasets
from core.capture.files.remote import remote_frames
from core.images import encode_png
from core.records.window import now
from core.settings import ROOT
from tests.benchmarks.servers import Server, ours
from tests.soak.clients import send
from tests.soak.readings import read
from tests.soak.report import Hour
from tests.soak.traffic import Request, a_day
from tests.support.webhook import webhook

SCHEDULE = {
    "MonitoringScheduleName": "every-hour",
    "MonitoringScheduleConfig": {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        "MonitoringJobDefinition": {
            "MonitoringInputs": [
                {"EndpointInput": {"EndpointName": "signwatch", "LocalPath": "/any"}}
            ]
        },
    },
}
TARGET = {"X-Amz-Target": "SageMaker.CreateMonitoringSchedule"}


def hours(folder: Path, requests: int, seed: int) -> Iterator[Hour]:
    """Serve a log in `folder` and send it a day of traffic; each hour as it ends."""
    images = [encode_png(image) for image in datasets.load(ROOT / "data" / "samples").images]
    with (
        webhook() as hook,
        ours(
            folder,
            SIGNWATCH_ALERTS=hook.url.replace("http://", "json://"),
            SIGNWATCH_RETENTION_DAYS="1",
            SIGNWATCH_RETENTION_GIGABYTES="1",
        ) as server,
    ):
        begun = now()
        for number, part in groupby(a_day(images, requests, seed), key=lambda each: each.hour):
            yield _hour(server, folder, part)
            if number == 0:
                _watch(server, begun)


def _hour(server: Server, folder: Path, requests: Iterable[Request]) -> Hour:
    since, url = now(), f"http://127.0.0.1:{server.port}"
    sent = send(server.port, requests)
    client.post(url, "/api/monitor/run", {"since": since.isoformat(), "until": now().isoformat()})
    return Hour(sent, _captures(url, since), read(server.group, folder))


def _watch(server: Server, begun: datetime) -> None:
    """From the first hour's traffic a baseline, so that the detector runs; and a schedule."""
    url = f"http://127.0.0.1:{server.port}"
    window = {"since": begun.isoformat(), "until": now().isoformat()}
    client.post(url, "/api/baselines", window)
    httpx.post(url, json=SCHEDULE, headers=TARGET).raise_for_status()


def _captures(url: str, since: datetime) -> Counter[str]:
    """Inference id -> requests in the log since then."""
    found: Counter[str] = Counter()
    for frame in remote_frames(url, {"since": since.isoformat()}):
        if frame.captures:
            for line in frame.content.splitlines():
                found[json.loads(line)["eventMetadata"]["inferenceId"]] += 1
    return found
