"""An S3 server of the tests' own: SeaweedFS, on this machine alone."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.requirements import require
from tests.support.waiting import until

REGION = "us-east-1"
OWNER = ("owner", "another secret")
PORTS = ("master.port", "volume.port", "filer.port", "s3.port")
BESIDE = (
    *("master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc"),
    *("s3.port.iceberg", "s3.port.lance"),
)


def program() -> str | None:
    """SeaweedFS: from its package, or else the machine's."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


class Storage:
    """A server. url: where S3 answers; key, secret: what it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.secret = "signwatch", "s3cr3t's"
        self._ports = dict(
            zip((*PORTS, *BESIDE), _free_ports(len(PORTS) + len(BESIDE)), strict=True)
        )
        self.url = f"http://127.0.0.1:{self._ports['s3.port']}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """AWS's variables that lead to it."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
        }

    def start(self) -> None:
        """Start it over what it has kept, and wait until it answers."""
        identities = [
            _identity("owner", OWNER, ["Admin", "Read", "Write", "List"]),
            _identity("signwatch", (self.key, self.secret), ["Read", "Write", "List"]),
        ]
        keys = self.folder / "keys.json"
        keys.write_text(json.dumps({"identities": identities}))
        given = [f"-{name}={port}" for name, port in self._ports.items()]
        self._process = subprocess.Popen(
            [
                *(str(program()), "server", f"-dir={self.folder}", "-ip=127.0.0.1"),
                *("-ip.bind=127.0.0.1", "-volume.max=200", "-master.volumeSizeLimitMB=64"),
                *("-s3", f"-s3.config={keys}", *given),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers, "an S3 server that answers")

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def bucket(self, name: str) -> str:
        """A new bucket: its address."""
        self.client().create_bucket(Bucket=name)
        return f"s3://{name}"

    def remove(self, bucket: str) -> None:
        """Remove a bucket with all that it holds."""
        client = self.client()
        for key in self.objects(bucket):
            client.delete_object(Bucket=bucket, Key=key)
        client.delete_bucket(Bucket=bucket)

    def client(self) -> Any:
        """A client that may make buckets too."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=OWNER[0],
            aws_secret_access_key=OWNER[1],
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def objects(self, bucket: str) -> list[str]:
        """The keys of a bucket's objects."""
        found = self.client().list_objects_v2(Bucket=bucket)
        return [each["Key"] for each in found.get("Contents", [])]

    def _answers(self) -> bool:
        try:
            # S3 is up before the filer, and both before there is room for an object.
            client = self.client()
            if "ready" not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"")
            client.put_object(Bucket="ready", Key="filled", Body=b"x" * 10_000)
        except (BotoCoreError, ClientError):
            return False
        return True


@contextmanager
def running() -> Iterator[Storage]:
    """A new server without buckets; the test is skipped where there is no SeaweedFS."""
    require(program() is not None, "SeaweedFS is not installed: no weed")
    with tempfile.TemporaryDirectory(prefix="signwatch-s3-") as name:
        storage = Storage(Path(name))
        try:
            storage.start()
            yield storage
        finally:
            storage.stop()


def _identity(name: str, key: tuple[str, str], actions: list[str]) -> dict[str, Any]:
    credentials = [{"accessKey": key[0], "secretKey": key[1]}]
    return {"name": name, "credentials": credentials, "actions": actions}


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        free = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        return [stack.enter_context(each).getsockname()[1] for each in free]
