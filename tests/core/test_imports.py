"""The import rule: seven lines of data, held against every import in the project."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A package imports from the lines above its own, and on its own line from those to its left.
LINES = [
    "errors labels images thumbnails jobs",
    "records",
    "settings metrics store client invocations datasets samples model",
    "explain attacks capture tensors serving",
    "evaluation triage alerts monitoring simulation",
    "plots services",
    "endpoint cli __main__ pages dashboard",
]
LEVEL = {
    package: (line, place)
    for line, packages in enumerate(LINES)
    for place, package in enumerate(packages.split())
}

# What the order alone would allow.
FORBIDDEN = {
    ("model", "store"),
    ("monitoring", "model"),
    ("cli", "endpoint"),
}

# All that pages import of core: what they show comes from a facade, in records, drawn by plots.
OF_PAGES = {"services", "records", "plots", "labels", "errors"}

# A library, and the packages that may import it.
KEPT_IN = {
    "torch": {"model", "attacks", "explain", "evaluation", "tensors"},
    "torchvision": {"model"},
    "onnxruntime": {"model"},
    "safetensors": {"model"},
    "duckdb": {"store"},
    "pyarrow": {"store"},
    "streamlit": {"pages", "dashboard"},
    "plotly": {"plots", "explain"},
    "apprise": {"alerts"},
    "tenacity": {"alerts"},
    "apscheduler": {"monitoring"},
    "prometheus_client": {"metrics", "endpoint"},
    "starlette": {"endpoint", "dashboard"},
    "httpx": {"client", "simulation"},
    "click": {"cli", "__main__"},
    "tqdm": {"cli"},
}


def package_of(path: Path) -> str:
    """`core/attacks/lab.py` -> attacks, `core/labels.py` -> labels, `pages/attack.py` -> pages."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "core" else parts[0]


def mirrored(path: Path) -> Path:
    """`core/attacks/pgd.py` -> `tests/core/attacks/test_pgd.py`."""
    return ROOT / "tests" / path.relative_to(ROOT).with_name(f"test_{path.name}")


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which package is meant"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


LONGEST_UNTESTED = 40  # lines

SOURCES = sorted(
    path
    for path in [*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "dashboard.py"]
    if path != ROOT / "core" / "__init__.py"
)
PACKAGES = {path: package_of(path) for path in SOURCES}
IMPORTS = [(path, name) for path in SOURCES for name in imported(path)]


def arrows() -> Iterator[tuple[Path, str, str]]:
    """(module, its package, package that it imports from), between different packages."""
    for path, name in IMPORTS:
        parts = name.split(".")
        if parts[0] == "core":
            target = parts[1]
        elif parts[0] in ("pages", "dashboard"):
            target = parts[0]
        else:
            continue
        if target != PACKAGES[path]:
            yield path, PACKAGES[path], target


def test_the_walk_sees_the_whole_house() -> None:
    assert {"core/attacks/base.py", "pages/_triage/view.py", "dashboard.py"} <= {
        str(path.relative_to(ROOT)) for path in SOURCES
    }
    assert ("services", "store") in {(package, target) for _, package, target in arrows()}


def test_every_package_has_its_place() -> None:
    assert set(PACKAGES.values()) == set(LEVEL)


def test_imports_run_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports core.{target}"
        for path, package, target in arrows()
        if LEVEL[target] > LEVEL[package]
    ]
    assert wrong == []


def test_packages_that_shall_not_know_each_other_do_not() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports core.{target}"
        for path, package, target in arrows()
        if (package, target) in FORBIDDEN
    ]
    assert wrong == []


@pytest.mark.parametrize("library", KEPT_IN)
def test_a_library_stays_in_its_packages(library: str) -> None:
    users = {PACKAGES[path] for path, name in IMPORTS if name.split(".")[0] == library}
    assert users == KEPT_IN[library]


def test_plotly_is_for_colour_scales_alone_outside_of_plots() -> None:
    users = {path.name for path, name in IMPORTS if name.startswith("plotly.")}
    explain = {path.name for path in SOURCES if PACKAGES[path] == "explain"}
    assert users & explain == {"heat_maps.py"}


def test_the_errors_need_nothing_but_python() -> None:
    names = [name for path, name in IMPORTS if PACKAGES[path] == "errors"]
    assert names == ["__future__.annotations"]


def test_pages_know_facades_and_records_alone() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports core.{target}"
        for path, package, target in arrows()
        if package == "pages" and target not in OF_PAGES
    ]
    assert wrong == []


def test_pages_act_for_who_is_at_them() -> None:
    """`pages/_shared/user.py` hands out the services; others would act for the process."""
    wrong = [
        str(path.relative_to(ROOT))
        for path, name in IMPORTS
        if PACKAGES[path] == "pages" and name == "core.services.current"
    ]
    assert wrong == []


def test_few_modules_lie_directly_in_core() -> None:
    assert len(list(ROOT.glob("core/*.py"))) <= 12


def test_what_a_package_exports_is_there() -> None:
    packages = [path.parent for path in (ROOT / "core").rglob("__init__.py")]
    for package in packages:
        name = ".".join(package.relative_to(ROOT).parts)
        module = import_module(name)
        missing = {each for each in getattr(module, "__all__", ()) if not hasattr(module, each)}
        assert not missing, f"{name} exports {missing}"


def test_every_module_has_its_tests_at_the_mirrored_path() -> None:
    untested = [
        str(path.relative_to(ROOT))
        for path in ROOT.glob("core/**/*.py")
        if path.name != "__init__.py"
        and len(path.read_text().splitlines()) > LONGEST_UNTESTED
        and not mirrored(path).exists()
    ]
    assert untested == []


def test_helpers_of_tests_lie_in_support() -> None:
    files = {path.name for path in ROOT.glob("tests/*.py")}
    assert {name for name in files if not name.startswith("test_")} == {
        "__init__.py",
        "conftest.py",
    }
