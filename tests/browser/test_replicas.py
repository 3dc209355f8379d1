"""Three replicas behind nginx, their log in PostgreSQL and on an S3 server; each part is killed."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from core.store import CaptureLog
from core.store.address import LakeAddress
from tests.browser.conftest import NewPage
from tests.support import s3
from tests.support.postgres import Server, postgres, unchecked
from tests.support.replicas import NAMES, Balancer, Replica, Senders
from tests.support.requirements import require
from tests.support.s3 import Storage
from tests.support.waiting import until

__all__ = ["postgres", "unchecked"]

BUCKET = "captures"


@dataclass(frozen=True)
class Cluster:
    """url: of the load balancer; storage: where the files lie; log: as another process has it."""

    url: str
    replicas: list[Replica]
    storage: Storage
    postgres: Server
    log: CaptureLog

    def captured(self) -> Counter[str]:
        """The log's inference ids."""
        rows = self.log.database.rows("SELECT inference_id FROM log.captures")
        return Counter(name for (name,) in rows)


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, postgres: Server, unchecked: None
) -> Iterator[Cluster]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    require(nginx, "there is no nginx on this machine")
    folder = tmp_path_factory.mktemp("cluster")
    with s3.running() as storage, ExitStack() as ended, pytest.MonkeyPatch.context() as patch:
        data = f"{storage.bucket(BUCKET)}/log"
        conninfo = postgres.new_database()
        settings = storage.environment | {
            "SIGNWATCH_STORE": f"ducklake:postgres:{conninfo}",
            "SIGNWATCH_STORE_DATA": data,
        }
        for name, value in storage.environment.items():
            patch.setenv(name, value)
        replicas = [Replica(folder / name, settings) for name in NAMES]
        for replica in replicas:
            ended.callback(replica.kill)
            replica.start()
        for replica in replicas:
            replica.ready()
        balancer = Balancer(folder / "nginx", replicas)
        process = balancer.start()
        ended.callback(process.wait)
        ended.callback(process.terminate)
        log = CaptureLog(LakeAddress(conninfo, data))
        ended.callback(log.close)
        yield Cluster(balancer.url, replicas, storage, postgres, log)


def assert_kept(cluster: Cluster, senders: Senders) -> None:
    """Each answered request is in the log, and none twice; all replicas live."""
    for replica in cluster.replicas:
        replica.assert_runs()
    captured = cluster.captured()
    assert senders.answered - captured.keys() == set()
    assert {name: times for name, times in captured.items() if times > 1} == {}


def test_a_new_version_is_rolled_out_without_a_failed_request(cluster: Cluster) -> None:
    with Senders(cluster.url, "rolled") as senders:
        for replica in cluster.replicas:
            senders.wait_for(20)
            replica.end(signal.SIGTERM)
            senders.wait_for(20)
            replica.start()
            replica.ready()
    assert set(senders.statuses) == {200}
    assert_kept(cluster, senders)


def test_replicas_that_are_killed_cost_no_request(cluster: Cluster) -> None:
    with Senders(cluster.url, "killed") as senders:
        for replica in cluster.replicas:
            senders.wait_for(20)
            replica.end(signal.SIGKILL)
            senders.wait_for(20)
            replica.start()
            replica.ready()
    assert set(senders.statuses) == {200}
    assert_kept(cluster, senders)


def test_while_the_catalog_is_away_requests_are_refused_and_afterwards_answered(
    cluster: Cluster,
) -> None:
    with Senders(cluster.url, "catalog") as senders:
        senders.wait_for(20)
        cluster.postgres.stop()
        until(lambda: senders.statuses[503] >= 8, "requests that are refused")
        cluster.postgres.start()
        senders.wait_for(60)
    assert set(senders.statuses) == {200, 503}
    assert_kept(cluster, senders)


def test_while_the_bucket_is_away_requests_are_answered(cluster: Cluster) -> None:
    with Senders(cluster.url, "bucket") as senders:
        senders.wait_for(20)
        cluster.storage.stop()
        senders.wait_for(60)
        cluster.storage.start()
        senders.wait_for(20)
    assert set(senders.statuses) == {200}
    cluster.log.database.maintain()
    assert cluster.storage.objects(BUCKET) != []
    assert_kept(cluster, senders)


def test_every_replica_shows_every_capture(cluster: Cluster, new_page: NewPage) -> None:
    with Senders(cluster.url, "shown") as senders:
        senders.wait_for(30)
    total = sum(cluster.captured().values())
    for url in (*(replica.url for replica in cluster.replicas), cluster.url):
        page = new_page()
        page.goto(f"{url}/captures")
        expect(page.get_by_text(f"{total:,} match")).to_be_visible()
