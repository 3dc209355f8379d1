"""The README tells of every setting, route and command, with the words of the code."""

from dataclasses import fields

import pytest
from click import Group

from core.attacks import ATTACKS
from core.cli import cli
from core.endpoint import ROUTES
from core.settings import PREFIX, ROOT, Settings

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_has_its_row(setting):
    default = setting.default
    if setting.name in ("local", "model"):
        default = f"`{default.relative_to(ROOT)}`"
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    if isinstance(default, bool):
        shown = "yes" if default else "no"
    name = PREFIX + setting.name.upper()
    row = f"| `{name}` | {shown} | {setting.metadata['help']} |".replace("|  |", "| |")
    assert row in README


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_is_told_of(route):
    assert f"`{min(route.methods - {'HEAD'})} {route.path}`" in README


def commands(group: Group, prefix: str = "python -m core"):
    for name, command in group.commands.items():
        if isinstance(command, Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


@pytest.mark.parametrize("command", list(commands(cli)))
def test_every_command_is_told_of(command):
    assert command in README


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_has_its_row(name):
    info = ATTACKS[name].info
    norm = {"linf": "L∞", "l2": "L2"}.get(info.norm, info.norm)
    targeted = "yes" if info.targeted else "no"
    assert f"| `{name}` | {info.title} | {info.explanation} | {norm} | {targeted} |" in README


def test_its_images_are_there():
    for name in ("violation.png", "explain.png"):
        assert f"(data/pictures/{name})" in README
        assert (ROOT / "data" / "images" / name).is_file()
