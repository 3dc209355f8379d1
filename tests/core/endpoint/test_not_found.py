"""What is not there, in the words of those who ask."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def s3(server: str) -> Iterator[Any]:
    client = boto3.client(
        "s3",
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    yield client
    client.close()


@pytest.mark.parametrize(
    ("bucket", "key", "code"),
    [
        ("signwatch", "executions/none/constraint_violations.json", "NoSuchKey"),
        ("signwatch", "any<key>", "NoSuchKey"),
        ("models", "any", "NoSuchBucket"),
    ],
)
def test_s3_gets_its_own_errors(s3: Any, bucket: str, key: str, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        s3.get_object(Bucket=bucket, Key=key)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ClientError) as raised:
        s3.head_object(Bucket=bucket, Key=key)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
