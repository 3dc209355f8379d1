"""Clients of the endpoint."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from starlette.testclient import TestClient

from core.services import Services
from tests.support.door import program
from tests.support.endpoint import IMAGE, PNG, Refusals


def behind(**options: Any) -> TestClient:
    """A client on this machine before the door of `program`."""
    local: dict[str, Any] = {"base_url": "http://localhost:8501", "client": ("127.0.0.1", 50_000)}
    return TestClient(program(**options), **local)


def aws_client(service: str, server: str) -> Iterator[Any]:
    """A client of boto3 for one service, closed afterwards."""
    client = boto3.client(
        service,
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    yield client
    client.close()


@pytest.fixture
def sagemaker(server: str) -> Iterator[Any]:
    yield from aws_client("sagemaker", server)


@pytest.fixture
def logs(server: str) -> Iterator[Any]:
    yield from aws_client("logs", server)


@pytest.fixture
def s3(server: str) -> Iterator[Any]:
    yield from aws_client("s3", server)


@pytest.fixture
def refusals(client: TestClient, signwatch: Services) -> Refusals:
    """With one capture in the log already, so that a lost one would show too."""
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    return Refusals(client, signwatch)
