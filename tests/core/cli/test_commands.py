"""The command line: exit codes, one line on stderr for bad input, JSON alone on stdout."""

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pytest
import torch

from core import client, datasets, services
from core.__main__ import main
from core.attacks import ATTACKS
from core.cli import cli
from core.cli.options import share_of_range
from core.errors import BadInput
from core.images import decode
from core.jobs import Progress
from core.labels import class_name
from core.model import classifier as classifiers
from core.model import training
from core.model.accuracy import evaluate
from core.model.classifier import Classifier
from core.records.analysts import LOCAL
from core.records.captures import Provenance
from core.records.queries import CaptureFilter
from core.records.verdicts import GivenVerdict, Verdict
from core.samples import drawing
from core.services import Services
from tests.support.expect import raises
from tests.support.images import blocks, saved
from tests.support.layouts import lay_out_gtsrb, write_npz
from tests.support.records import make_capture, make_image, make_prediction

ROOT = Path(__file__).parents[3]
AROUND_NOON = ("--since", "2026-02-14T11:00:00Z", "--until", "2026-02-14T13:00:00Z")
VIOLATION = (
    "CompletedWithViolations: Class 14 predicted 80.50% of the time: Exceeded 50.00% threshold"
)
NOTHING = (
    "Failed: no captures between 2026-02-14 11:00:00 and 2026-02-14 13:00:00 UTC, so nothing was "
    "evaluated. Send traffic to the endpoint or choose another window."
)


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON object on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`python -m core` in this process."""

    def run(*arguments: object) -> Outcome:
        environment.setattr(sys, "argv", ["core", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return run


def run_apart(*arguments: object) -> Outcome:
    """`python -m core` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ,
        text=True,
        capture_output=True,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def last_line(err: str) -> str:
    """What stays on the screen: a progress bar before it wipes itself."""
    return err.replace("\r", "\n").rstrip("\n").rsplit("\n", 1)[-1]


@pytest.fixture(scope="session")
def dataset(classifier: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images, the first ten labelled as the classifier reads them, without tracks."""
    images = [blocks(seed) for seed in range(12)]
    labels = classifier.predict_logits(images).argmax(axis=1)
    labels[10:] = (labels[10:] + 1) % 43
    folder = tmp_path_factory.mktemp("twelve")
    return write_npz(folder / "data.npz", images=np.stack(images), labels=labels)


def put(services: Services, class_ids: list[int]) -> None:
    """Captures at noon, of these classes."""
    image = make_image()
    captures = [make_capture(image, prediction=make_prediction(k)) for k in class_ids]
    services.log.append(captures, [image])


# Help and bad use


COMMANDS = [
    "train",
    "evaluate",
    "model import",
    "model calibrate",
    "model detect",
    "samples",
    "attack",
    "replay",
    "explain",
    "baseline create",
    "baseline export",
    "baseline import",
    "monitor run",
    "captures import",
    "captures export",
    "triage export",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: python -m core {command} ")
    assert done.err == ""


def test_the_commands_of_the_contract() -> None:
    found = []
    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            found += [f"{name} {inner}" for inner in command.commands]
        else:
            found.append(name)
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nonsense"], "No such command 'nonsense'."),
        (["evaluate"], "Missing option '--data'."),
        (
            ["train", "--data", "x", "--out", "y", "--epochs", "0"],
            "Invalid value for '--epochs': 0 is not in the range x>=1.",
        ),
        (
            ["attack", "--data", "x", "--out", "y", "--attack", "nonsense"],
            "Invalid value for '--attack': 'nonsense' is not one of "
            f"{', '.join(map(repr, ATTACKS))}.",
        ),
        (
            ["attack", "--data", "x", "--out", "y", "--attack", "pgd", "--epsilon", "8/0"],
            "Invalid value for '--epsilon': expected a number or a fraction like 8/255, got '8/0'",
        ),
        (
            ["monitor", "run", "--threshold", "half"],
            "Invalid value for '--threshold': 'half' is not a valid float.",
        ),
    ],
)
def test_bad_use_ends_with_2(run: Run, arguments: list[str], problem: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.splitlines()[-1] == f"Error: {problem}"


@pytest.mark.parametrize(("text", "value"), [("8/255", 8 / 255), ("0.03", 0.03), ("1", 1.0)])
def test_fractions_are_numbers(text: str, value: float) -> None:
    assert share_of_range(click.Context(cli), cli, text) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["8/0", "x", "", "nan", "1e400"])
def test_other_texts_are_no_numbers(text: str) -> None:
    with raises(click.BadParameter, f"expected a number or a fraction like 8/255, got {text!r}"):
        share_of_range(click.Context(cli), cli, text)  # type: ignore[arg-type]


# Bad input


def test_bad_input_is_one_line_on_stderr(run: Run, tmp_path: Path, dataset: Path) -> None:
    missing, file = tmp_path / "missing", tmp_path / "file"
    file.write_text("in the way")
    nowhere = f"{missing} does not exist; expected an .npz, or a folder of images by class id"
    for arguments, problem in [
        (("evaluate", "--data", missing), nowhere),
        (("evaluate", "--data", missing, "--json"), nowhere),
        (
            ("evaluate", "--data", dataset, "--fold", "held-out"),
            f"{dataset.parent.name} has no tracks, so it has no held-out part; use `all`",
        ),
        (
            ("evaluate", "--data", dataset, "--model", tmp_path),
            f"no model in {tmp_path}: model.json is missing",
        ),
        (
            ("train", "--data", dataset, "--out", tmp_path / "out"),
            f"{dataset.parent.name} has no tracks; training needs them to keep frames of one sign "
            f"on "
            "one side of the split (GTSRB's file names, or an array `tracks`, carry them)",
        ),
        (
            ("model", "import", file, "--out", tmp_path / "out"),
            f"{file} is not a state dict of resnet18 with 43 classes: it is no file of plain "
            f"tensors "
            "as torch.save writes it",
        ),
        (
            ("attack", "--data", dataset, "--attack", "fgsm", "--steps", 3, "--out", tmp_path),
            "fgsm takes a single step; leave the number of steps out, got 3",
        ),
        (
            ("attack", "--data", dataset, "--attack", "pgd", "--target", 43, "--out", tmp_path),
            "target must lie in 0..42, the model's classes, got 43..43",
        ),
        (
            ("explain", "--image", file, "--out", tmp_path),
            f"{file}: expected a PNG, JPEG, WebP or BMP file; this is none of them",
        ),
        (("replay", "--data", dataset, "--count", 0), "count must be at least 1, got 0"),
        (
            ("replay", "--data", dataset, "--attack", "pgd", "--share", 2),
            "share must lie in (0, 1], got 2.0",
        ),
        (("replay", "--drill", "--share", 2), "share must lie in (0, 1], got 2"),
        (
            ("replay", "--drill"),
            "no dashboard is running, and a drill goes through it. Start one first",
        ),
        (
            ("replay", "--data", dataset, "--url", "http://a:b"),
            "'http://a:b' is no address of a server: Invalid port: 'b'",
        ),
        (("monitor", "run", "--threshold", 1.5), "threshold must lie in (0, 1], got 1.5"),
        (
            ("monitor", "run", "--since", "yesterday"),
            "expected a time like 2026-02-14T17:00:00Z, got 'yesterday'",
        ),
        (
            ("monitor", "run", "--endpoint", "a b", "--json"),
            "endpoint name must be 1 to 63 letters, digits and inner hyphens, got 'a b'",
        ),
    ]:
        done = run(*arguments)
        assert done.code == 2
        assert done.out == ""
        assert last_line(done.err) == f"error: {problem}"


def test_a_folder_that_cannot_be_written_is_bad_input(run: Run, tmp_path: Path) -> None:
    """Exit code 1 would say that there is a violation."""
    file = tmp_path / "sign.png"
    file.write_bytes(saved(blocks(), "PNG"))
    done = run("explain", "--image", file, "--out", file)
    assert done == Outcome(2, "", f"error: [Errno 17] File exists: '{file}'\n")


def test_a_log_that_cannot_be_opened_is_bad_input(
    run: Run, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.duckdb"
    path.write_bytes(b"something else entirely" * 1000)
    environment.setenv("SIGNWATCH_STORE", str(path))
    done = run("monitor", "run")
    assert done.code == 2
    assert done.out == ""
    assert done.err == (
        f'error: the capture log {path} cannot be opened (IO Error: The file "{path}" exists, '
        "but it is not a valid DuckDB database file!). If a dashboard has it open, stop that one, "
        "or point SIGNWATCH_STORE elsewhere\n"
    )


def test_a_weight_file_of_another_network_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"fc.weight": torch.zeros(2, 2)}, path)
    done = run("model", "import", path, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert done.err.startswith(
        f"error: {path} is not a state dict of resnet18 with 43 classes: Error(s) in loading "
        'state_dict for ResNet: Missing key(s) in state_dict: "conv1.weight", "bn1.weight", '
    )
    assert not (tmp_path / "out").exists()


# Model and data


def test_evaluate_prints_what_was_measured(run: Run, dataset: Path, classifier: Classifier) -> None:
    expected = evaluate(classifier, datasets.load(dataset), fold="all")
    assert expected.accuracy == 10 / 12
    done = run("evaluate", "--data", dataset)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:4] == [
        f"data      {dataset.parent.name}, all 12 images",
        "accuracy  0.8333",
        f"macro_f1  {expected.macro_f1:.4f}",
        f"ece       {expected.ece:.4f}",
    ]
    assert len(lines) == 4 + 43
    figures = next(each for each in expected.per_class if each.images)
    assert lines[4 + figures.class_id] == (
        f"  {figures.name:40s} {figures.images:6d} images  recall {figures.recall:.4f}"
    )
    absent = next(each for each in expected.per_class if not each.images)
    assert lines[4 + absent.class_id] == f"  {absent.name:40s} {0:6d} images  no image"


def test_evaluate_for_programs(run: Run, dataset: Path, model_dir: Path) -> None:
    document = run("evaluate", "--data", dataset, "--model", model_dir, "--json").document()
    assert document["accuracy"] == 10 / 12
    assert (document["images"], document["fold"]) == (12, "all")
    assert document["data"] == dataset.parent.name
    assert document.keys() >= {"macro_f1", "ece"}
    assert len(document["per_class"]) == 43
    assert sum(each["images"] for each in document["per_class"]) == 12


def test_evaluate_takes_held_out_tracks_where_tracks_are_known(run: Run, tmp_path: Path) -> None:
    path = write_npz(
        tmp_path / "x" / "data.npz",
        images=np.stack([blocks(n) for n in range(12)]),
        labels=np.zeros(12, np.int64),
        tracks=np.arange(12) // 2,
    )
    done = run("evaluate", "--data", path)
    assert done.out.splitlines()[0] == (
        "data      x, held-out (2 images; whole tracks, split class by class)"
    )
    assert run("evaluate", "--data", path, "--fold", "all", "--json").document()["images"] == 12


def test_evaluate_reads_the_official_layout(run: Run, tmp_path: Path) -> None:
    lay_out_gtsrb(tmp_path)
    document = run("evaluate", "--data", f"gtsrb:{tmp_path}", "--json").document()
    assert (document["data"], document["images"]) == ("GTSRB test", 3)


def train_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `train` take few and small images."""
    small = functools.partial(training.Recipe, batch_size=4, input_size=32, early_size=32)
    monkeypatch.setattr(training, "Recipe", small)


def test_train_leaves_a_model_that_evaluate_takes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_small(monkeypatch)
    data = write_npz(
        tmp_path / "x" / "data.npz",
        images=np.stack([blocks(n) for n in range(12)]),
        labels=np.repeat([1, 14], 6),
        tracks=np.tile(np.arange(6), 2),
    )
    out = tmp_path / "model"
    done = run("train", "--data", data, "--out", out, "--epochs", 1, "--seed", 5)
    assert done.code == 0
    trained = classifiers.load(out)
    assert (trained.manifest.recipe["seed"], trained.manifest.recipe["epochs"]) == (5, 1)
    summary = trained.manifest.figures["held_out"]
    assert done.out.splitlines() == [
        "data      x, held-out (2 images; whole tracks, split class by class)",
        f"accuracy  {summary['accuracy']:.4f}",
        f"macro_f1  {summary['macro_f1']:.4f}",
        f"ece       {summary['ece']:.4f}",
    ]
    again = run("evaluate", "--data", data, "--model", out, "--json").document()
    assert again["accuracy"] == summary["accuracy"]


def test_weights_that_cannot_be_calibrated_are_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise BadInput("nothing is classified correctly")

    train_small(monkeypatch)
    monkeypatch.setattr(training, "calibrate", refuse)
    data = write_npz(
        tmp_path / "data.npz",
        images=np.stack([blocks(n) for n in range(12)]),
        labels=np.repeat([1, 14], 6),
        tracks=np.tile(np.arange(6), 2),
    )
    out = tmp_path / "model"
    assert run("train", "--data", data, "--out", out, "--epochs", 1).code == 0
    assert "The model has no p-values of suspicion: nothing is classified correctly" in caplog.text
    assert sorted(path.name for path in out.iterdir()) == ["model.json", "model.safetensors"]


def test_a_checkpoint_of_the_blog_is_imported(
    run: Run, tmp_path: Path, classifier: Classifier
) -> None:
    weights, out = tmp_path / "blog.pt", tmp_path / "model"
    torch.save(classifier.network.state_dict(), weights)
    done = run("model", "import", weights, "--out", out)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{weights} -> {out}: resnet18, 43 classes; set SIGNWATCH_MODEL={out}\n"
    imported = classifiers.load(out)
    assert imported.manifest.input_size == 128
    assert imported.manifest.mean == (0.485, 0.456, 0.406)


def test_samples_are_drawn(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_samples(out: Path, *, progress: Progress) -> list[Path]:
        progress(1, 1, "drawn")
        return [out / "00" / "0.png"]

    monkeypatch.setattr(drawing, "write_samples", write_samples)
    done = run("samples", "--out", tmp_path)
    assert (done.code, done.out) == (0, f"1 images in {tmp_path}\n")


# Attacks and explanations


def test_attack_saves_adversarial_examples(
    run: Run, dataset: Path, tmp_path: Path, classifier: Classifier
) -> None:
    out = tmp_path / "out"
    arguments = (
        "attack",
        "--data",
        dataset,
        "--attack",
        "pgd",
        "--epsilon",
        "8/255",
        "--steps",
        3,
        "--count",
        12,
        "--seed",
        3,
        "--out",
        out,
    )
    summary = run(*arguments, "--json").document()
    assert summary == {
        "attack": "pgd",
        "epsilon": 8 / 255,
        "target": None,
        "seed": 3,
        "images": 12,
        "eligible": 10,
        "successes_before_rounding": 10,
        "successes": 10,
    }
    saved_images = datasets.load(out)
    logits = classifier.predict_logits(saved_images.images)
    assert len(saved_images) == 10
    assert (logits.argmax(axis=1) != saved_images.labels).all()
    manifest = json.loads((out / "manifest.json").read_text())
    assert {name: manifest[name] for name in summary} == summary
    done = run(*arguments)
    assert done.out == (
        f"{ATTACKS['pgd'].info.title}: 10 of 10 eligible images are misclassified once saved "
        "(10 before rounding to 8 bit); "
        f"images in {out}\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["bim", "--steps", 4], ["pgd_l2", "--steps", 4], ["square", "--steps", 30]],
    ids=lambda arguments: arguments[0],
)
def test_attack_takes_the_budget_that_the_attack_proposes(
    run: Run, dataset: Path, tmp_path: Path, arguments: list[object]
) -> None:
    document = run(
        "attack",
        "--data",
        dataset,
        "--count",
        2,
        "--out",
        tmp_path,
        "--json",
        "--attack",
        *arguments,
    ).document()
    assert document["epsilon"] == ATTACKS[arguments[0]].info.default_epsilon


def test_an_epsilon_that_no_one_reads_is_refused(run: Run, dataset: Path, tmp_path: Path) -> None:
    done = run(
        "attack", "--data", dataset, "--attack", "cw", "--epsilon", "8/255", "--out", tmp_path
    )
    assert done.code == 2
    assert f"error: C&W-L2 takes no epsilon; leave it out, got {8 / 255}\n" in done.err


def test_explain_draws_both_images_on_one_scale(
    run: Run, tmp_path: Path, classifier: Classifier
) -> None:
    one, other, out = tmp_path / "one.png", tmp_path / "other.png", tmp_path / "maps"
    one.write_bytes(saved(blocks(1), "PNG"))
    other.write_bytes(saved(blocks(2), "PNG"))
    arguments = ("explain", "--image", one, "--against", other, "--out", out)
    document = run(*arguments, "--json").document()
    entries = document["explanations"]
    logits = classifier.predict_logits([blocks(1), blocks(2)])
    assert [entry["class_id"] for entry in entries] == logits.argmax(axis=1).tolist()
    assert [entry["image"] for entry in entries] == [str(one), str(other)]
    assert entries[0]["scale"] == entries[1]["scale"]
    for entry in entries:
        assert decode(Path(entry["map"]).read_bytes()).shape == (256, 256, 3)
        assert entry["residual"] < 1e-3
    done = run("explain", "--image", one, "--class", 14, "--out", out)
    assert re.fullmatch(
        rf"{re.escape(str(one))}: 14 Stop \d+\.\d%, residual \d\.\de-\d\d -> "
        rf"{re.escape(str(out / '0_one_class14.png'))}\n",
        done.out,
    )


# Traffic and the monitor


def test_replay_sends_to_the_running_dashboard(run: Run, dashboard: str, dataset: Path) -> None:
    done = run("replay", "--data", dataset, "--count", 7)
    assert done.code == 0
    kept = services.current().log.find(CaptureFilter(), limit=99)
    assert len(kept) == 7
    first, second = done.out.splitlines()
    assert re.match(r"7 requests in \d+\.\d s, 0 attacked; most predicted: \d+ ", first)
    found = re.fullmatch(r"python -m core monitor run --since (\S+) --until (\S+)", second)
    assert found is not None
    since, until = found.groups()
    times = [item.capture.inferred_at.isoformat() for item in kept]
    assert all(since <= moment <= until for moment in times)


def test_replay_for_programs(run: Run, server: str, dataset: Path) -> None:
    done = run(
        "replay",
        "--url",
        server,
        "--data",
        dataset,
        "--count",
        4,
        "--attack",
        "fgsm",
        "--share",
        0.5,
        "--json",
    )
    report = done.document()
    kept = [item.capture for item in services.current().log.find(CaptureFilter(), limit=99)]
    assert (report["sent"], report["attacked"]) == (4, 2)
    assert sum(report["counts"].values()) == 4
    assert sorted(str(capture.provenance.attack) for capture in kept) == [
        "None",
        "None",
        "fgsm",
        "fgsm",
    ]


def test_the_monitor_opens_the_store_itself_where_no_dashboard_runs(
    run: Run, signwatch: Services
) -> None:
    put(signwatch, [14] * 322 + [1] * 78)
    done = run("monitor", "run", *AROUND_NOON)
    assert (done.code, done.err) == (1, "")
    missing = "there is no baseline to compare with. Create one first"
    assert done.out.splitlines() == [
        VIOLATION,
        "{14: 322, 1: 78}",
        f"violated     class share (SageMaker-compatible): {VIOLATION.partition(': ')[2]}",
        "holds        completeness_check: 100.00% of 400 records could be read",
        f"not computed baseline_drift_check, LInfinity Simple: {missing}",
        f"not computed baseline_drift_check, LInfinity Robust: {missing}",
        f"not computed baseline_drift_check, ChiSquared: {missing}",
        f"not computed categorical_values_check: {missing}",
        "not computed drift detector: it checks the live traffic of all endpoints "
        "together, and this window is another",
        "not computed volume: 0 of the 0 stretches of 120 min before the window had "
        "traffic, and at least 8 are needed to compare",
    ]
    (kept,) = services.current().monitoring.executions(9)
    assert kept.message == VIOLATION


@pytest.mark.parametrize(
    ("class_ids", "threshold", "code", "status"),
    [
        ([14, 14, 1], 0.5, 1, "CompletedWithViolations"),
        ([14, 14, 1], 0.7, 0, "Completed"),
        ([14, 1], 0.5, 0, "Completed"),
        ([], 0.5, 2, "Failed"),
    ],
)
def test_the_exit_code_answers_the_question(
    run: Run, signwatch: Services, class_ids: list[int], threshold: float, code: int, status: str
) -> None:
    put(signwatch, class_ids)
    done = run("monitor", "run", *AROUND_NOON, "--threshold", threshold, "--json")
    assert done.code == code
    document = done.document()
    assert (document["status"], document["total"]) == (status, len(class_ids))
    assert document["threshold"] == threshold


def test_an_empty_window_says_what_to_do(run: Run) -> None:
    done = run("monitor", "run", *AROUND_NOON)
    assert done.code == 2
    assert done.out.startswith(f"{NOTHING}\n{{}}\nnot computed class share")


def test_interrupting_is_no_violation(
    run: Run, signwatch: Services, environment: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    environment.setattr(signwatch.monitoring, "run_with", interrupted)
    assert run("monitor", "run") == Outcome(130, "", "\nAborted!\n")


def test_an_evaluation_that_breaks_off_says_why(
    run: Run, signwatch: Services, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr("core.monitoring.executions.evaluate", lambda *_, **__: 1 / 0)
    environment.setattr(signwatch.log, "window_figures", lambda *_, **__: 1 / 0)
    done = run("monitor", "run", *AROUND_NOON)
    assert done.code == 2
    assert done.out == "Failed: it broke off with ZeroDivisionError: division by zero\n{}\n"


def test_the_monitor_asks_the_running_dashboard(dashboard: str, signwatch: Services) -> None:
    """A process of its own could not open the log, which this one holds."""
    put(signwatch, [14] * 322 + [1] * 78)
    done = run_apart("monitor", "run", *AROUND_NOON, "--endpoint", "signwatch", "--json")
    assert (done.code, done.err) == (1, "")
    document = done.document()
    assert document["message"] == VIOLATION
    assert document["counts"] == {"14": 322, "1": 78}
    assert document["window"]["endpoint"] == "signwatch"
    (kept,) = signwatch.monitoring.executions(9)
    assert kept.to_json() == document


def asked(environment: pytest.MonkeyPatch, name: str) -> list[str]:
    """The paths that `core.client` is asked for by its function of that name."""
    paths: list[str] = []
    ask = getattr(client, name)

    def note(url: str, path: str, *options: Any) -> Any:
        paths.append(path)
        return ask(url, path, *options)

    environment.setattr(client, name, note)
    return paths


def test_a_refusal_of_the_running_dashboard_is_one_line(
    run: Run, dashboard: str, environment: pytest.MonkeyPatch
) -> None:
    paths = asked(environment, "post")
    done = run("monitor", "run", "--threshold", "1.5")
    assert done == Outcome(2, "", "error: threshold must lie in (0, 1], got 1.5\n")
    assert paths == ["/api/monitor/run"]


def decide_one(signwatch: Services) -> str:
    put(signwatch, [14])
    (item,) = signwatch.log.find(CaptureFilter(), limit=9)
    signwatch.triage.decide([item.capture], GivenVerdict(Verdict.MODEL_WRONG, 1), by=LOCAL)
    return item.capture.capture_id


def test_triage_export_writes_a_data_set(run: Run, signwatch: Services, tmp_path: Path) -> None:
    capture_id, out = decide_one(signwatch), tmp_path / "out"
    done = run("triage", "export", "--out", out)
    written = f"1 images, manifest.jsonl, annotations.json and audit.jsonl in {out}\n"
    assert done == Outcome(0, written, "")
    assert (out / "01" / "00000_00000.png").read_bytes() == make_image().content
    assert json.loads((out / "manifest.jsonl").read_text())["capture_id"] == capture_id
    assert class_name(datasets.load(out).labels[0]) == "1 Speed limit 30 km/h"


def test_triage_export_asks_the_running_dashboard(
    run: Run, dashboard: str, signwatch: Services, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    _, out = decide_one(signwatch), tmp_path / "out"
    paths = asked(environment, "download")
    done = run("triage", "export", "--out", out)
    written = f"1 images, manifest.jsonl, annotations.json and audit.jsonl in {out}\n"
    assert done == Outcome(0, written, "")
    assert (out / "01" / "00000_00000.png").read_bytes() == make_image().content
    assert paths == ["/api/triage/export"]


def test_what_was_decided_trains_and_measures_a_model(
    run: Run, signwatch: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_small(monkeypatch)
    for sign in range(12):  # six of each of two classes, two frames of each
        images = [make_image(2 * sign + frame) for frame in range(2)]
        captures = [
            make_capture(image, provenance=Provenance(f"cam {sign}"), prediction=make_prediction())
            for image in images
        ]
        signwatch.log.append(captures, images)
        signwatch.triage.decide(captures, GivenVerdict(Verdict.ADVERSARIAL, 1 + sign % 2), by=LOCAL)
    exported, model = tmp_path / "exported", tmp_path / "model"
    assert run("triage", "export", "--out", exported).code == 0
    trained = run("train", "--data", exported, "--out", model, "--epochs", 1)
    assert trained.code == 0
    assert trained.out.splitlines()[0] == (
        "data      exported, held-out (4 images; whole tracks, split class by class)"
    )
    measured = run("evaluate", "--data", exported, "--model", model, "--json").document()
    assert (measured["images"], measured["fold"]) == (4, "held-out")
    figures = classifiers.load(model).manifest.figures["held_out"]
    assert measured["accuracy"] == figures["accuracy"]
    everything = run("evaluate", "--data", exported, "--fold", "all", "--json").document()
    assert everything["images"] == 24
    assert {each["name"] for each in everything["per_class"] if each["images"] == 12} == {
        class_name(1),
        class_name(2),
    }
