"""What the project requires: its locks, and the helper that skips or fails without a program."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.settings import ROOT
from tests.support.requirements import require

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = PROJECT["project"]["dependencies"]
GROUPS = PROJECT["dependency-groups"]
DIRECT = {
    "requirements.txt": RUN,
    "requirements-dev.txt": RUN + GROUPS["dev"],
    "requirements-docs.txt": GROUPS["docs"],
    "requirements-sagemaker.txt": GROUPS["sagemaker"],
}
LINUX = {"sys_platform": "linux", "platform_system": "Linux"}
MACHINES = [
    {**LINUX, "platform_machine": "x86_64"},
    {**LINUX, "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
]

every_lock = pytest.mark.parametrize("lock", DIRECT)


@cache
def locked(lock: str) -> dict[str, Requirement]:
    """The packages of a lock, by name."""
    lines = (ROOT / lock).read_text().splitlines()
    made = [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]
    return {canonicalize_name(each.name): each for each in made}


def asked_by(lock: str) -> dict[str, set[str]]:
    """The packages of a lock, each with those that it is there for."""
    asked: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        if line and not line.lstrip().startswith("#"):
            asked[canonicalize_name(Requirement(line).name)] = package = set()
        elif match := re.fullmatch(r" +# +(?:via )?([\w.-]+)", line):
            package.add(match[1])
    return {name: names - {"via"} for name, names in asked.items()}


def installed(requirement: Requirement, machine: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(machine)


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda each: each.name)
def test_a_lock_has_every_package_at_one_version(path: Path) -> None:
    versions = {name: each.specifier for name, each in locked(path.name).items()}
    loose = [name for name, each in versions.items() if not re.fullmatch(r"==[^*,]+", str(each))]
    assert loose == []


@every_lock
def test_a_lock_has_what_the_project_asks_for(lock: str) -> None:
    for asked in map(Requirement, DIRECT[lock]):
        found = locked(lock)[canonicalize_name(asked.name)]
        (exactly,) = found.specifier
        assert asked.specifier.contains(exactly.version), f"make lock: {asked}, not {found}"
        assert all(installed(asked, each) == installed(found, each) for each in MACHINES), asked


@every_lock
def test_everything_in_a_lock_is_asked_for(lock: str) -> None:
    direct = {canonicalize_name(Requirement(each).name) for each in DIRECT[lock]}
    asked = asked_by(lock)
    named = {name: {each for each in names if each in asked} for name, names in asked.items()}
    assert [name for name in asked if name not in direct and not named[name]] == []


def test_tests_run_with_what_the_program_runs_with() -> None:
    program, tests = locked("requirements.txt"), locked("requirements-dev.txt")
    other = {
        name: (str(each), str(tests.get(name)))
        for name, each in program.items()
        if name not in tests or tests[name].specifier != each.specifier
    }
    assert other == {}


def test_what_cpu_leaves_out_is_all_that_torch_wants_of_cuda() -> None:
    found = re.search(r"^CUDA := (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert found
    asked = asked_by("requirements.txt")
    left_out = {
        name for name, each in locked("requirements.txt").items() if re.search(found[1], str(each))
    }
    assert left_out > {"triton", "nvidia-cublas", "cuda-toolkit"}
    assert {name for name in left_out if not asked[name] <= left_out | {"torch"}} == set()
    rest = {name for name in asked if asked[name] and asked[name] <= left_out}
    assert rest - left_out == set()


def test_cuda_is_for_linux_alone() -> None:
    packages = locked("requirements.txt")
    on = [{name for name, each in packages.items() if installed(each, on)} for on in MACHINES]
    assert on[0] == on[1]
    assert {name.partition("-")[0] for name in on[0] - on[2]} == {
        "cuda",
        "nvidia",
        "triton",
        "watchdog",
    }


def test_every_package_that_the_program_imports_is_asked_for() -> None:
    files = [ROOT / "dashboard.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    imported = {name for file in files for name in imports_of(file)}
    foreign = imported - set(sys.stdlib_module_names) - {"core", "pages"}
    distributions = packages_distributions()
    direct = {canonicalize_name(Requirement(each).name) for each in RUN}
    missing = {
        name
        for name in foreign
        if not direct & {canonicalize_name(each) for each in distributions.get(name, ())}
    }
    assert missing == set()


def imports_of(file: Path) -> set[str]:
    """The packages at the top of what a file imports."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = [each.name for node in nodes if isinstance(node, ast.Import) for each in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_what_is_there_lets_the_test_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNWATCH_REQUIRE_ALL", "1")
    assert require(["something"], "unused") is None


def test_what_is_missing_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNWATCH_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        require([], "there is no chromium")
    assert skipped.value.msg == "there is no chromium"


def test_what_is_missing_fails_where_everything_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGNWATCH_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception) as failed:
        require(None, "there is no chromium")
    assert failed.value.msg == "SIGNWATCH_REQUIRE_ALL=1, and there is no chromium"
