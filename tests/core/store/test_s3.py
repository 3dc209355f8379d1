"""Credentials as AWS's tools find them; and a log whose files lie on an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BadInput, Unavailable
from core.records.queries import CaptureFilter
from core.store import CaptureLog
from core.store.address import LakeAddress
from core.store.s3 import options
from tests.support import s3
from tests.support.postgres import Server, postgres, unchecked
from tests.support.records import make_capture, make_image
from tests.support.s3 import Storage

__all__ = ["postgres", "unchecked"]

KEY = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "it's"}


def test_nothing_named_nothing_used() -> None:
    assert options({}) == {}
    assert options({"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://s3:8333"}) == {}


def test_variables() -> None:
    environment = KEY | {"AWS_SESSION_TOKEN": "for an hour", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert options(environment) == {
        "KEY_ID": "key",
        "SECRET": "it's",
        "SESSION_TOKEN": "for an hour",
        "REGION": "eu-west-1",
    }
    assert options(environment | {"AWS_REGION": "us-west-2"})["REGION"] == "us-west-2"


@pytest.mark.parametrize(
    ("url", "endpoint", "encrypted"),
    [
        ("http://127.0.0.1:8333", "127.0.0.1:8333", "false"),
        ("https://s3.example.org/", "s3.example.org", "true"),
        ("https://example.org/s3", "example.org/s3", "true"),
    ],
)
def test_another_server(url: str, endpoint: str, encrypted: str) -> None:
    expected = {"ENDPOINT": endpoint, "URL_STYLE": "path", "USE_SSL": encrypted}
    assert options(KEY | {"AWS_ENDPOINT_URL": url}).items() >= expected.items()
    named = options(KEY | {"AWS_ENDPOINT_URL": "http://other:1", "AWS_ENDPOINT_URL_S3": url})
    assert named.items() >= expected.items()


@pytest.mark.parametrize("url", ["s3.example.org", "ftp://s3.example.org", "https://"])
def test_an_endpoint_that_is_no_address(url: str) -> None:
    with pytest.raises(BadInput, match="AWS_ENDPOINT_URL: expected http"):
        options(KEY | {"AWS_ENDPOINT_URL": url})


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    environment = {"AWS_SHARED_CREDENTIALS_FILE": str(file)}
    assert options(environment) == {}
    file.write_text("[default]\naws_access_key_id = a%b\naws_secret_access_key = 1\n")
    assert options(environment) == {"KEY_ID": "a%b", "SECRET": "1"}
    file.write_text("[default]\naws_access_key_id=c\naws_secret_access_key=2\n[other]\n")
    assert options(environment) == {"KEY_ID": "c", "SECRET": "2"}
    assert options(environment | {"AWS_PROFILE": "other"}) == {}
    assert options(environment | {"AWS_PROFILE": "none"}) == {}
    assert options(environment | KEY)["KEY_ID"] == "key"


@pytest.mark.parametrize("content", [b"no section", b"\xff\xfe", b"[default]\n[default]\n"])
def test_a_file_of_something_else(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "credentials"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"holds no AWS credentials .*\[default\]"):
        options({"AWS_SHARED_CREDENTIALS_FILE": str(file)})


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    with s3.running() as running:
        yield running


@pytest.fixture
def credentials(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credentials file, named by the environment, with the key that the server takes."""
    file = tmp_path / "credentials"
    for name, value in storage.environment.items():
        if "KEY" not in name:
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    write(file, storage.key, storage.secret)
    return file


def write(file: Path, key: str, secret: str) -> None:
    file.write_text(f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n")


@pytest.fixture
def log(
    storage: Storage, postgres: Server, credentials: Path, request: pytest.FixtureRequest
) -> Iterator[CaptureLog]:
    """A log whose files lie in a bucket of its own."""
    bucket = storage.bucket(f"bucket-{abs(hash(request.node.name)) % 10**9}")
    log = CaptureLog(LakeAddress(postgres.new_database(), f"{bucket}/log"))
    yield log
    log.close()


def append(log: CaptureLog, requests: int) -> None:
    images = [make_image(seed) for seed in range(requests)]
    log.append([make_capture(image) for image in images], images)


def count(log: CaptureLog) -> int:
    return len(log.find(CaptureFilter(), limit=1_000))


def files(storage: Storage, log: CaptureLog) -> list[str]:
    return storage.objects(bucket_of(log))


def bucket_of(log: CaptureLog) -> str:
    return log.database.address.data.split("/")[2]


@pytest.mark.usefixtures("unchecked")
def test_files_lie_in_the_bucket_and_are_read_again(storage: Storage, log: CaptureLog) -> None:
    append(log, 3)
    assert count(log) == 3
    log.database.maintain()
    assert {each.split("/")[0] for each in files(storage, log)} == {"log"}
    append(log, 2)
    again = CaptureLog(log.database.address)
    assert count(again) == 5
    again.close()


@pytest.mark.usefixtures("unchecked")
def test_a_key_that_expires_loses_nothing_and_is_renewed_without_a_restart(
    storage: Storage, log: CaptureLog, credentials: Path
) -> None:
    append(log, 2)
    write(credentials, "expired", storage.secret)
    append(log, 3)  # small commits wait in the catalog
    with pytest.raises(Unavailable, match=r"does not answer: .*(403|Forbidden|InvalidAccessKeyId)"):
        log.database.maintain()
    assert count(log) == 5
    write(credentials, storage.key, storage.secret)
    log.database.maintain()
    assert files(storage, log) != []
    assert count(log) == 5


@pytest.mark.usefixtures("unchecked")
def test_a_bucket_that_is_lost_is_named_and_what_waits_is_kept(
    storage: Storage, log: CaptureLog
) -> None:
    append(log, 2)
    bucket = bucket_of(log)
    storage.remove(bucket)
    with pytest.raises(Unavailable, match=r"does not answer: .*(403|404)"):
        log.database.maintain()
    storage.bucket(bucket)
    log.database.maintain()
    assert count(log) == 2
