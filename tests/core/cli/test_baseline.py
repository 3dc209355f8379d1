"""baseline create, export, import: with a dashboard and without one; and over HTTP."""

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from core import services
from core.model.predictor import Predictor
from core.services import Services
from tests.support.command_line import AROUND_NOON, Run, put
from tests.support.images import blocks
from tests.support.layouts import write_npz

HTTP_NOON = {"since": "2026-02-14T11:00:00Z", "until": "2026-02-14T13:00:00Z"}
ORIGIN = "captures 2026-02-14 11:00:00 to 2026-02-14 13:00:00 UTC"


@pytest.fixture
def ten(tmp_path: Path) -> Path:
    """Ten images without tracks."""
    images = np.stack([blocks(seed) for seed in range(10)])
    return write_npz(tmp_path / "ten" / "data.npz", images=images, labels=np.arange(10))


def test_from_captures(run: Run, signwatch: Services) -> None:
    put(signwatch, [1, 1, 14])
    done = run("baseline", "create", *AROUND_NOON)
    assert done == (0, f"baseline of 3 predictions in force: {ORIGIN}\n", "")
    document = run("baseline", "create", *AROUND_NOON, "--json").document()
    baselines = services.current().monitoring.baselines  # the command has closed the one before
    (latest, _) = baselines.all()
    assert document == latest.to_json()
    assert document["created_at"] == latest.created_at.isoformat()
    assert baselines.in_force_id() == document["baseline_id"]


def test_from_a_data_set(run: Run, signwatch: Services, ten: Path, predictor: Predictor) -> None:
    document = run("baseline", "create", "--data", ten, "--json").document()
    assert document["origin"] == "data set data.npz, all"
    found = services.current().monitoring.baselines.in_force()
    assert found is not None
    predicted = predictor.predict([blocks(seed) for seed in range(10)])
    ids = [each.class_id for each in predicted]
    assert found.baseline.counts == {k: ids.count(k) for k in ids}
    assert found.baseline.flagged is not None
    assert sum(found.baseline.flagged.values()) == sum(p.suspicion.flagged for p in predicted)


def test_every_image_of_the_held_out_tracks_counts(
    run: Run, signwatch: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 tracks of one class three are held out: seven images in parts of three."""
    monkeypatch.setattr("core.monitoring.data_baseline.AT_ONCE", 3)
    tracks = np.repeat(np.arange(20), 3)[:-2]
    images = np.stack([blocks(seed) for seed in range(len(tracks))])
    labels = np.zeros(len(tracks), np.int64)
    held_out = np.isin(tracks, np.random.default_rng([0, 0]).permutation(20)[:3])
    data = write_npz(tmp_path / "data.npz", images=images, labels=labels, tracks=tracks)
    document = run("baseline", "create", "--data", data, "--json").document()
    assert document["origin"] == "data set data.npz, held-out"
    assert document["predictions"] == held_out.sum()
    everything = run("baseline", "create", "--data", data, "--fold", "all", "--json").document()
    assert everything["predictions"] == 58


def test_labels_of_a_data_set_tell_how_many_were_right(
    run: Run, signwatch: Services, tmp_path: Path, predictor: Predictor
) -> None:
    images = np.stack([blocks(seed) for seed in range(10)])
    labels = np.array([each.class_id for each in predictor.predict(images)])
    labels[:3] = (labels[:3] + 1) % 43
    data = write_npz(tmp_path / "data.npz", images=images, labels=labels)
    assert run("baseline", "create", "--data", data).code == 0
    found = services.current().monitoring.baselines.in_force()
    assert found is not None and found.baseline.accuracy == 0.7


def test_through_the_running_dashboard(
    run: Run, dashboard: str, signwatch: Services, ten: Path, tmp_path: Path
) -> None:
    put(signwatch, [1, 1, 14])
    assert run("baseline", "create", *AROUND_NOON).code == 0
    kept = services.current().monitoring.baselines  # main() closes the process's services
    assert [each.origin for each in kept.all()] == [ORIGIN]
    assert run("baseline", "create", "--data", ten).code == 0
    assert run("baseline", "export", "--out", tmp_path / "files").code == 0
    found = services.current().monitoring.baselines
    assert [each.predictions for each in found.all()] == [10, 3]
    in_force = found.in_force_id()
    assert in_force is not None
    text = (tmp_path / "files" / "statistics.json").read_text()
    assert text == found.files(in_force).statistics


def test_what_is_exported_can_be_imported(run: Run, signwatch: Services, tmp_path: Path) -> None:
    put(signwatch, [1, 1, 14])
    run("baseline", "create", *AROUND_NOON)
    out = tmp_path / "morning"
    done = run("baseline", "export", "--out", out)
    assert done == (0, f"statistics.json and constraints.json in {out}\n", "")
    refused = run("baseline", "export", "--out", out)
    problem = f"{out / 'statistics.json'} is there already; choose another folder"
    assert refused == (2, "", f"error: {problem}\n")
    done = run("baseline", "import", out)
    assert done == (0, "baseline of 3 predictions in force: imported from morning\n", "")
    again, first = services.current().monitoring.baselines.all()
    kept = services.current().monitoring.baselines
    assert kept.files(again.baseline_id) == kept.files(first.baseline_id)


@pytest.mark.parametrize("name", ["statistics.json", "constraints.json"])
def test_an_export_writes_over_neither_file(
    run: Run, signwatch: Services, tmp_path: Path, name: str
) -> None:
    put(signwatch, [1, 14])
    run("baseline", "create", *AROUND_NOON)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("own")
    done = run("baseline", "export", "--out", tmp_path / "out")
    problem = f"{tmp_path / 'out' / name} is there already; choose another folder"
    assert done == (2, "", f"error: {problem}\n")
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["own"]


def test_bad_use_is_reported(run: Run, signwatch: Services, tmp_path: Path) -> None:
    either = "give either --data, or both --since and --until"
    for arguments in ([], ["--since", "2026-02-14"], ["--data", "x", "--until", "2026-02-14"]):
        done = run("baseline", "create", *arguments)
        assert (done.code, done.out) == (2, "")
        assert done.err.endswith(f"Error: {either}\n")
    done = run("baseline", "export", "--out", tmp_path / "out")
    assert done == (2, "", "error: there is no baseline yet; `baseline create` makes one\n")
    assert not (tmp_path / "out").exists()
    done = run("baseline", "create", "--since", "2026-02-14", "--until", "2026-02-13")
    assert done.err == (
        "error: the stretch must begin before it ends, got 2026-02-14 00:00:00+00:00 to "
        "2026-02-13 00:00:00+00:00\n"
    )


def test_files_that_cannot_be_read_are_refused(
    run: Run, signwatch: Services, tmp_path: Path
) -> None:
    done = run("baseline", "import", tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    (tmp_path / "statistics.json").write_bytes(b"\xff")
    done = run("baseline", "import", tmp_path)
    problem = f"{tmp_path / 'statistics.json'} must be text in UTF-8: invalid start byte"
    assert done == (2, "", f"error: {problem}\n")
    (tmp_path / "statistics.json").write_bytes(b" " * 5_000_001)
    done = run("baseline", "import", tmp_path)
    problem = f"{tmp_path / 'statistics.json'} has 5,000,001 bytes; at most 5,000,000 are read"
    assert done == (2, "", f"error: {problem}\n")


def test_over_http(client: TestClient, signwatch: Services) -> None:
    assert client.get("/api/baselines").json() == {"in_force": None, "baselines": []}
    put(signwatch, [1, 14])
    made = client.post("/api/baselines", json=HTTP_NOON).json()
    listed = client.get("/api/baselines").json()
    assert listed == {"in_force": made["baseline_id"], "baselines": [made]}
    files = client.get(f"/api/baselines/{made['baseline_id']}").json()
    assert json.loads(files["statistics"])["dataset"] == {"item_count": 2}
    again = client.post("/api/baselines", json=files | {"origin": "elsewhere"}).json()
    assert (again["origin"], again["predictions"]) == ("elsewhere", 2)
    missing = client.get("/api/baselines/nowhere")
    assert (missing.status_code, missing.json()["message"]) == (
        404,
        "no baseline nowhere in the log",
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {},
            "a baseline is made from since and until (and endpoint), or from statistics, "
            "constraints and origin, got nothing",
        ),
        (
            {"since": None, "until": None},
            "expected times like 2026-02-14T17:00:00Z in since and until, got null",
        ),
        (
            {"statistics": 1, "constraints": "", "origin": ""},
            "statistics, constraints and origin must be texts",
        ),
        (HTTP_NOON | {"endpoint": "a b"}, None),
        (
            {"statistics": "{}", "constraints": "{}", "origin": ""},
            "statistics.json must be of version 0, got None",
        ),
    ],
)
def test_requests_that_make_no_sense_are_refused(
    client: TestClient, signwatch: Services, options: dict[str, object], problem: str | None
) -> None:
    answer = client.post("/api/baselines", json=options)
    assert answer.status_code == 400
    assert problem is None or answer.json()["message"] == problem
    assert signwatch.monitoring.baselines.all() == []
