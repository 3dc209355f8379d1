"""Container, compose file and systemd unit: what they name is there, and nothing is open."""

import re
import shlex
from configparser import RawConfigParser
from dataclasses import fields
from typing import Any

import pytest
import yaml

from core.settings import PREFIX, ROOT, Settings

DOCKERFILE = (ROOT / "Dockerfile").read_text()
UNIT = ROOT / "data" / "deploy" / "signwatch.service"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SETTINGS = {PREFIX + each.name.upper() for each in fields(Settings)}


def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "data/deploy/signwatch.service"])
def test_settings_are_the_programs(name: str) -> None:
    assert set(re.findall(r"SIGNWATCH_[A-Z_]+", (ROOT / name).read_text())) - SETTINGS == set()


def test_the_profile_adds_the_lake_and_its_database() -> None:
    assert {name: each.get("profiles") for name, each in SERVICES.items()} == {
        "signwatch": None,
        "lake": ["lake"],
        "postgres": ["lake"],
    }
    assert set(SERVICES["lake"]["depends_on"]) == {"postgres"}


def test_only_this_machine_reaches_what_compose_starts() -> None:
    published = [port for each in SERVICES.values() for port in each.get("ports", ())]
    assert published == ["127.0.0.1:8501:8501", "127.0.0.1:8502:8501"]


def test_logs_lie_in_volumes() -> None:
    (folder,) = re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.M)
    assert f"SIGNWATCH_LOCAL={folder}\n" in DOCKERFILE
    mounted = [volume.split(":") for each in SERVICES.values() for volume in each["volumes"]]
    assert {name for name, _ in mounted} == set(COMPOSE["volumes"])
    assert [path for name, path in mounted if name != "catalog"] == [folder, folder]


def test_the_image_runs_without_rights_and_says_how_it_is() -> None:
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert re.search(r"^USER signwatch$", last, re.M)
    assert re.search(r"^HEALTHCHECK (?s:.*?)http://127\.0\.0\.1:8501/ping", last, re.M)


def test_what_the_image_copies_is_not_ignored() -> None:
    kept = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.M)
    assert [each for each in kept if not (ROOT / each).exists()] == []
    (needed,) = re.findall(r"^COPY (Makefile .*) \./$", DOCKERFILE, re.M)
    assert {*needed.split(), "dashboard.py", "core", "pages", "data/model"} <= set(kept)


def test_the_unit_starts_the_dashboard_as_a_user_of_its_own() -> None:
    service = unit()["Service"]
    folder, command = service["WorkingDirectory"], shlex.split(service["ExecStart"])
    assert command == [f"{folder}/.venv/bin/streamlit", "run", "dashboard.py"]
    assert service["DynamicUser"] == "yes"
    state = f"/var/lib/{service['StateDirectory']}"
    assert f"SIGNWATCH_LOCAL={state}" in service["Environment"].split()
