"""The calls of the blog with SageMaker's own SDK, unmodified, from an environment of its own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from core.samples import SAMPLES
from core.settings import ROOT
from tests.browser.conftest import running_dashboard
from tests.support.requirements import require

pytestmark = pytest.mark.browser
PYTHON = ROOT / ".venv-sagemaker" / "bin" / "python"
SCRIPT = """
import json, sys
from sagemaker import Session
from sagemaker.model_monitor import CronExpressionGenerator, EndpointInput, ModelMonitor
from sagemaker.model_monitor import MonitoringExecution, MonitoringOutput

session = Session()
monitor = ModelMonitor(
    role="arn:aws:iam::000000000000:role/any",
    image_uri="any",
    instance_count=1,
    instance_type="ml.m5.large",
    env={"THRESHOLD": "0.5"},
    sagemaker_session=session,
)
monitor.create_monitoring_schedule(
    monitor_schedule_name="blog",
    endpoint_input=EndpointInput("signwatch", "/opt/ml/processing/input_data"),
    output=MonitoringOutput("/opt/ml/processing/resultdata", "s3://signwatch/results"),
    schedule_cron_expression=CronExpressionGenerator.now(),
    data_analysis_start_time="-PT1H",
    data_analysis_end_time="-PT0H",
)
first, *others = monitor.list_executions()
described = first.describe()
first.wait(logs=False)
first.wait(logs=True)
again = MonitoringExecution.from_processing_arn(session, described["ProcessingJobArn"])
print(json.dumps({
    "others": len(others),
    "status": monitor.describe_schedule()["MonitoringScheduleStatus"],
    "job": described["ProcessingJobStatus"],
    "message": described["ExitMessage"],
    "instances": described["ProcessingResources"]["ClusterConfig"]["InstanceCount"],
    "input": [first.inputs[0].source, first.inputs[0].destination],
    "again": again.output.destination == first.output.destination,
    "statistics": first.statistics().body_dict,
    "violations": first.constraint_violations().body_dict,
    "latest": monitor.latest_monitoring_constraint_violations().body_dict,
    "latest_statistics": monitor.latest_monitoring_statistics().body_dict["dataset"],
}), file=sys.stderr)
monitor.delete_monitoring_schedule()
"""


def test_the_calls_of_the_blog(tmp_path: Path) -> None:
    require(
        (PYTHON.parents[1] / ".done").exists(), "`make sagemaker` did not install SageMaker's SDK"
    )
    with running_dashboard(tmp_path) as dashboard:
        stop = next((SAMPLES / "14").iterdir())
        single = tmp_path / "stop" / "14"
        single.mkdir(parents=True)
        (single / stop.name).write_bytes(stop.read_bytes())
        sent = dashboard.run("replay", "--data", str(single.parent), "--count", "3")
        assert sent.returncode == 0, sent.stderr
        done = subprocess.run(
            [PYTHON, "-c", SCRIPT],
            cwd=tmp_path,
            env=as_the_sdk_reads(dashboard.url, tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stderr.splitlines()[-1])
    description = "Class 14 predicted 100.00% of the time: Exceeded 50.00% threshold"
    violation = {
        "feature_name": "PredictedClass",
        "constraint_check_type": "baseline_drift_check",
        "description": description,
    }
    assert found["violations"] == found["latest"] == {"violations": [violation]}
    assert found["message"] == f"CompletedWithViolations: {description}"
    assert (found["others"], found["status"], found["job"]) == (0, "Scheduled", "Completed")
    assert (found["instances"], found["again"]) == (1, True)
    assert found["input"] == ["s3://signwatch/captures/signwatch", "/opt/ml/processing/input_data"]
    assert found["latest_statistics"] == {"item_count": 3}
    buckets = found["statistics"]["features"][0]["string_statistics"]["distribution"]
    counts = {each["value"]: each["count"] for each in buckets["categorical"]["buckets"]}
    assert {value: count for value, count in counts.items() if count} == {"14": 3}
    assert "Class 14 predicted 100.00%" in done.stdout  # the log of the run, as CloudWatch's


def as_the_sdk_reads(url: str, folder: Path) -> dict[str, str]:
    """The environment that points boto3 to the dashboard, and the SDK's settings to `folder`."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
