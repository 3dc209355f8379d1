"""The directions of imports: the picture in the design, held."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A room imports from rooms further up only, never from its own line or from below.
LAYERS: list[set[str]] = [
    {"errors", "labels"},
    {
        "analysts",
        "bootstrap",
        "channels",
        "p_values",
        "past",
        "reports",
        "stream_records",
        "types",
        "tensor_records",
    },
    {
        "drill_records",
        "settings",
        "detection",
        "explanations",
        "imported",
        "journal",
        "notices",
        "robustness",
        "worklist",
    },
    {"images", "admission", "background", "batching", "metrics", "running"},
    {"datasets", "samples", "signs", "sagemaker", "figures"},
    {
        "heat_maps",
        "alert_message",
        "alert_picture",
        "overview_figures",
        "quality_figures",
        "schedule",
    },
    {"explain_figures", "stream_figures", "tensor_figures"},
    {"vision", "store"},
    {"recording", "tensor_files", "tensor_trial"},
    {"capture", "comparison", "contact_sheet", "exports", "model_card", "trials"},
    {"alerts", "explain_png", "explain_report"},
    {"monitor", "capture_files", "attack_figures", "robustness_figures"},
    {"what_if_figures"},
    {"baselines", "quality", "what_if", "triage", "replay", "rehearsal"},
    {"desk", "downloads", "stream_look", "stream_replay"},
    {"stream", "drill_traffic"},
    {"drill_run", "executions"},
    {"drills", "schedules", "serving"},
    {"services"},
    {"endpoint"},
    {"commands", "pages"},
    {"__main__"},
    {"dashboard"},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

# Within a line: `labels` raises `errors`.
WITHIN = {("labels", "errors")}

# What the order alone would allow.
FORBIDDEN = {
    ("monitor", "vision"),
    ("monitor", "store"),
    ("vision", "store"),
    ("store", "vision"),
    ("figures", "vision"),
    ("triage", "vision"),
    ("triage", "store"),
}

# Libraries that have one room, or two.
KEPT_IN = {
    "torch": {"vision"},
    "torchvision": {"vision"},
    "onnxruntime": {"vision"},
    "safetensors": {"vision"},
    "duckdb": {"store"},
    "pyarrow": {"store"},
    "streamlit": {"pages", "dashboard"},
    "plotly": {
        "figures",
        "attack_figures",
        "explain_figures",
        "heat_maps",
        "overview_figures",
        "quality_figures",
        "robustness_figures",
        "stream_figures",
        "tensor_figures",
        "what_if_figures",
    },
    "apprise": {"channels"},
    "tenacity": {"alerts"},
    "apscheduler": {"monitor"},
    "prometheus_client": {"metrics", "endpoint"},
    "starlette": {"endpoint", "dashboard"},
    "httpx": {"running", "replay"},
    "click": {"commands", "__main__"},
    "tqdm": {"commands"},
}


def room_of(path: Path) -> str:
    """`core/vision/lab.py` -> vision, `core/images.py` -> images, `pages/attack.py` -> pages."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "core" else parts[0]


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which room is meant"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


SOURCES = sorted(
    path
    for path in [*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "dashboard.py"]
    if path != ROOT / "core" / "__init__.py"
)
ROOMS = {path: room_of(path) for path in SOURCES}
IMPORTS = [(path, name) for path in SOURCES for name in imported(path)]


def edges() -> Iterator[tuple[Path, str, str]]:
    """(module, its room, room that it imports from), between different rooms."""
    for path, name in IMPORTS:
        parts = name.split(".")
        if parts[0] == "core":
            target = parts[1]
        elif parts[0] in ("pages", "dashboard"):
            target = parts[0]
        else:
            continue
        if target != ROOMS[path]:
            yield path, ROOMS[path], target


def test_the_walk_sees_the_whole_house() -> None:
    assert {"core/vision/attacks/base.py", "pages/overview.py", "dashboard.py"} <= {
        str(path.relative_to(ROOT)) for path in SOURCES
    }
    assert ("services", "store") in {(room, target) for _, room, target in edges()}


def test_every_room_has_its_place() -> None:
    assert set(ROOMS.values()) == set(LEVEL)


def test_imports_run_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports core.{target}"
        for path, room, target in edges()
        if LEVEL[target] >= LEVEL[room] and (room, target) not in WITHIN
    ]
    assert wrong == []


def test_rooms_that_shall_not_know_each_other_do_not() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports core.{target}"
        for path, room, target in edges()
        if (room, target) in FORBIDDEN
    ]
    assert wrong == []


@pytest.mark.parametrize("library", KEPT_IN)
def test_a_library_stays_in_its_room(library: str) -> None:
    rooms = {ROOMS[path] for path, name in IMPORTS if name.split(".")[0] == library}
    assert rooms == KEPT_IN[library]


def test_the_errors_need_nothing_but_python() -> None:
    assert [name for path, name in IMPORTS if ROOMS[path] == "errors"] == ["__future__.annotations"]
