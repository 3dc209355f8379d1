"""Downloads in ranges."""

import hashlib
import tempfile
from pathlib import Path

import pytest

from core.services import Services
from tests.conftest import TestClient
from tests.support.endpoint import IMAGE, PNG

EXPORT = "/api/captures/export"


@pytest.fixture
def exported(client: TestClient, signwatch: Services) -> bytes:
    for _ in range(3):
        client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    return client.get(EXPORT).content


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files are written that must not stay."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=0-", 0, None),
    ],
)
def test_a_range_of_an_export(
    client: TestClient, exported: bytes, folder: Path, asked: str, first: int, end: int | None
) -> None:
    answer = client.get(EXPORT, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, exported[first:end])
    start, stop, _ = slice(first, end).indices(len(exported))
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(exported)}"
    assert answer.headers["etag"] == f'"{hashlib.sha256(exported).hexdigest()}"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert list(folder.iterdir()) == []


def test_what_is_asked_for_in_parts_is_the_same_whole(client: TestClient, exported: bytes) -> None:
    half = len(exported) // 2
    begun = client.get(EXPORT, headers={"Range": f"bytes=0-{half - 1}"})
    rest = {"Range": f"bytes={half}-", "If-Range": begun.headers["etag"]}
    assert begun.content + client.get(EXPORT, headers=rest).content == exported
    client.post("/invocations", content=IMAGE, headers=PNG).raise_for_status()
    answer = client.get(EXPORT, headers=rest)
    assert answer.status_code == 200  # it is another export now, and comes as a whole
    assert len(answer.content) > len(exported)


def test_several_ranges_come_one_after_the_other(client: TestClient, exported: bytes) -> None:
    answer = client.get(EXPORT, headers={"Range": "bytes=0-1, 10-11"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert exported[:2] in answer.content and exported[10:12] in answer.content


def test_a_range_behind_the_end_is_refused(client: TestClient, exported: bytes) -> None:
    answer = client.get(EXPORT, headers={"Range": f"bytes={len(exported)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(exported)}"


@pytest.mark.parametrize(
    "asked", ["items=0-1", "bytes=", "bytes=-", "bytes=a-b", "bytes=0", "bytes=0-1," * 40, "0-1"]
)
def test_a_range_that_is_none_is_left_out_of_account(
    client: TestClient, exported: bytes, asked: str
) -> None:
    answer = client.get(EXPORT, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, exported)
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_head_is_the_answer_without_its_body(client: TestClient, exported: bytes) -> None:
    whole = client.head(EXPORT)
    assert (whole.status_code, whole.content) == (200, b"")
    assert whole.headers["accept-ranges"] == "bytes"
    assert "content-length" not in whole.headers
    part = client.head(EXPORT, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")


def test_verdicts_and_violations_come_in_ranges_too(client: TestClient) -> None:
    run = client.post("/api/monitor/run", json={}).json()["execution_id"]
    for path in (
        "/api/triage/export",
        f"/signwatch/executions/{run}/constraint_violations.json",
    ):
        whole = client.get(path)
        assert whole.headers["etag"] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
        assert int(whole.headers["content-length"]) == len(whole.content)
        part = client.get(path, headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, whole.content[:4])


def test_a_file_that_cannot_be_written_is_named(
    client: TestClient, exported: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.endpoint.download.os.fdopen", full)
    answer = client.get(EXPORT, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.json()["message"]) == (
        503,
        "ranges are cut from a file that could not be written ([Errno 28] No space left on "
        "device); ask for the whole",
    )
    assert list(folder.iterdir()) == []
