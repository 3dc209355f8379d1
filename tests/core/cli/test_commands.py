"""The command line: exit codes, one line on stderr for bad input, JSON alone on stdout."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from core import services
from core.attacks import ATTACKS
from core.cli import COMMANDS as LISTED
from core.cli import cli
from core.services import Services
from tests.support.command_line import Outcome, Run, last_line
from tests.support.images import blocks, saved

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
    *(f"captures {name}" for name in ("backup", "check", "restore", "salvage")),
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
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            found += [f"{name} {inner}" for inner in command.commands]
        else:
            found.append(name)
    assert sorted(found) == sorted(COMMANDS)


def test_the_list_says_of_each_command_what_the_command_says() -> None:
    context = click.Context(cli)
    for name, (_, text) in LISTED.items():
        command = cli.get_command(context, name)
        assert command.get_short_help_str(limit=1000) == text


ASKED = "import sys; from core.__main__ import main; sys.argv[1:] = {}\ntry: main()\nfinally: {}"
LOADED = "print(sorted({'torch', 'core.services'} & set(sys.modules)))"


@pytest.mark.parametrize("arguments", [["--help"], ["monitor", "run"], ["captures", "--help"]])
@pytest.mark.usefixtures("dashboard")
def test_a_command_that_needs_no_classifier_loads_none(arguments: list[str]) -> None:
    code = ASKED.format(arguments, LOADED)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


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
        *(
            (
                [*command, "--seed", str(seed)],
                f"Invalid value for '--seed': {seed} is not in the range 0<=x<=4294967295.",
            )
            for command in (["attack"], ["replay"], ["explain"], ["train"], ["model", "detect"])
            for seed in (-1, 2**32)
        ),
        *(
            (["replay", "--drill", f"--{name}", value], f"a drill does not take --{name}")
            for name, value in {"count": "400", "rate": "1", "data": "x", "steps": "3"}.items()
        ),
        (["replay"], "give the images to send: --data, or --drill for a drill"),
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
            ("model", "calibrate", "--data", dataset),
            f"{dataset.parent.name} has no tracks; a calibration needs them to keep frames of one "
            "sign on one side of the split (GTSRB's file names, or an array `tracks`, carry them)",
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
            f"{file}: expected a PNG, JPEG, WebP, BMP or PPM file; this is none of them",
        ),
        (("replay", "--data", dataset, "--count", 0), "count must be at least 1, got 0"),
        (
            ("replay", "--data", dataset, "--rate", 0),
            "rate must be above 0 requests a second, got 0.0",
        ),
        (
            ("replay", "--data", dataset, "--attack", "pgd", "--share", 2),
            "share must lie in (0, 1], got 2.0",
        ),
        (("replay", "--drill", "--share", 2), "share must lie in (0, 1], got 2.0"),
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


def test_a_command_closes_what_it_opened(run: Run, signwatch: Services) -> None:
    for arguments in (("monitor", "run"), ("monitor", "run", "--threshold", 2)):
        opened = services.current()
        run(*arguments)
        assert services.current() is not opened


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
