"""What is not there, in the words of those who ask."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("bucket", "key", "code"),
    [
        ("signwatch", "executions/none/constraint_violations.json", "NoSuchKey"),
        ("signwatch", "executions/none/statistics.json", "NoSuchKey"),
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
