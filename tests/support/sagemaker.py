"""Model Monitor's calls through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from core.capture.provenance import RequestFacts
from core.images import ImageFile
from core.services import Services
from tests.support.images import blocks

JOB = {
    "MonitoringInputs": [{"EndpointInput": {"EndpointName": "cars", "LocalPath": "/in"}}],
    "MonitoringOutputConfig": {
        "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://b", "LocalPath": "/o"}}]
    },
    "MonitoringResources": {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    },
    "MonitoringAppSpecification": {"ImageUri": "any"},
    "RoleArn": "arn:aws:iam::000000000000:role/any",
}


def traffic(signwatch: Services, endpoint: str, count: int) -> int:
    """The class that all of it is predicted as."""
    image = ImageFile.from_pixels(blocks(1))
    for _ in range(count):
        answer = signwatch.inference.invoke([image], RequestFacts(endpoint=endpoint))
    return answer.predictions[0].class_id


def schedule(sagemaker: Any, name: str, **changes: Any) -> Any:
    times = {"ScheduleExpression": "NOW"} | changes.pop("times", {})
    return sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "ScheduleConfig": times,
            "MonitoringJobDefinition": JOB | changes,
        },
    )


def refusal(status: int, code: str, message: str, call: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    response = caught.value.response
    assert response["Error"] == {"Code": code, "Message": message}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
