"""Write the generated parts of docs/reference/ from the code: make reference

A part stands between `<!-- generated: NAME -->` and `<!-- end -->` and is one function in PARTS.
The rest of a page is written by hand.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import click
from prometheus_client.metrics import MetricWrapperBase

from core.attacks import ATTACKS
from core.cli import cli
from core.endpoint import ROUTES
from core.endpoint.control_plane import OPERATIONS
from core.metrics import GAUGES, Metrics
from core.settings import PREFIX, ROOT, Settings
from core.store.schema import MIGRATIONS

REFERENCE = Path(__file__).parent / "reference"
PROGRAM = "python -m core"
NORMS = {"linf": "L∞", "l2": "L2"}
PART = re.compile(r"(?<=<!-- generated: )(\w+)( -->\n).*?(?=<!-- end -->)", re.S)
TABLE = re.compile(r"CREATE TABLE log\.(\w+) \((.*)\)$", re.S)
COLUMN = re.compile(r"ALTER TABLE log\.(\w+) ADD COLUMN (.*)$", re.S)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(map(_escaped, line)) + " |\n" for line in lines)


def settings() -> str:
    """Variable, default and help of every setting."""
    rows = [
        (f"`{PREFIX}{each.name.upper()}`", _default(each.default), _capital(each.metadata["help"]))
        for each in fields(Settings)
    ]
    return table(("Variable", "Default", "What it is"), rows)


def routes() -> str:
    """Method, path and purpose of every route."""
    rows = [
        (f"`{min((route.methods or set()) - {'HEAD'})} {route.path}`", _doc(route.endpoint))
        for route in ROUTES
    ]
    return table(("Route", "What it does"), rows)


def operations() -> str:
    """The calls that `POST /` takes."""
    rows = [
        (f"`{name}`", _capital(_doc(call).partition(": ")[2])) for name, call in OPERATIONS.items()
    ]
    return table(("Call", "What it does"), rows)


def commands() -> str:
    """Every command with its options."""
    every = list(all_commands(cli))
    rows = [
        (f"[`{name}`](#{name.replace(' ', '-')})", command.get_short_help_str(200))
        for name, command in every
    ]
    parts = [table(("Command", "What it does"), rows)]
    return "\n".join((*parts, *(_command(name, command) for name, command in every)))


def attacks() -> str:
    """Every attack with its norm."""
    rows = [
        (
            f"`{name}`",
            attack.info.title,
            attack.info.explanation,
            NORMS.get(attack.info.norm, attack.info.norm),
            "yes" if attack.info.targeted else "no",
        )
        for name, attack in ATTACKS.items()
    ]
    return table(("Name", "Attack", "What it does", "Norm", "Targeted"), rows)


def metrics() -> str:
    """Every metric with its labels."""
    known = Metrics()
    for name in GAUGES:
        known.gauge(name, lambda: 0.0)
    made = [each for each in vars(known).values() if isinstance(each, MetricWrapperBase)]
    families = [(family, each._labelnames) for each in made for family in each.describe()]
    rows = [
        (
            f"`{family.name}{'_total' if family.type == 'counter' else ''}`",
            family.type,
            ", ".join(f"`{label}`" for label in labels),
            family.documentation,
        )
        for family, labels in families
    ]
    rows += [(f"`{name}`", "gauge", "", help) for name, help in GAUGES.items()]
    return table(("Metric", "Type", "Labels", "What it counts"), rows)


def log() -> str:
    """Every table of the log with its columns."""
    parts = []
    for name, columns in log_tables().items():
        rows = [(f"`{column}`", kind, meaning) for column, kind, meaning in columns]
        parts.append(f"### `{name}`\n\n" + table(("Column", "Type", "What it is"), rows))
    return "\n".join(parts)


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "routes": routes,
    "operations": operations,
    "commands": commands,
    "attacks": attacks,
    "metrics": metrics,
    "log": log,
}


def all_commands(
    group: click.Group, prefix: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """`model import` and its like, with what runs."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from all_commands(command, (*prefix, name))
        else:
            yield " ".join((*prefix, name)), command


def log_tables() -> dict[str, list[tuple[str, str, str]]]:
    """Table -> (column, type, meaning) of each column, after all migrations."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for statement in (each for migration in MIGRATIONS for each in migration):
        if made := TABLE.match(statement):
            found[made[1]] = [_column(line) for line in made[2].strip().splitlines()]
        elif added := COLUMN.match(statement):
            found[added[1]].append(_column(added[2]))
    return found


def rendered(text: str) -> str:
    """A page with its generated parts as they are now."""
    return PART.sub(lambda part: f"{part[1]}{part[2]}\n{PARTS[part[1]]()}\n", text)


def main() -> None:
    """Write every page of docs/reference/."""
    for page in sorted(REFERENCE.glob("*.md")):
        page.write_text(rendered(page.read_text()))


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"{PROGRAM} {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    words = inspect.cleandoc(command.help or "")
    records = [
        parameter.get_help_record(context)
        for parameter in command.params
        if isinstance(parameter, click.Option)
    ]
    rows = [(f"`{record[0]}`", _capital(record[1])) for record in records if record]
    return f"### {name}\n\n```\n{PROGRAM} {name} {usage}\n```\n\n{words}\n\n" + table(
        ("Option", "What it is"), rows
    )


def _column(line: str) -> tuple[str, str, str]:
    declared, _, meaning = line.partition("--")
    name, kind = declared.strip().rstrip(",").replace("{uncompressed}", "").split()[:2]
    return name, kind, _capital(meaning.strip())


def _default(value: object) -> str:
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}`"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _doc(function: Callable[..., object]) -> str:
    return " ".join(inspect.cleandoc(function.__doc__ or "").split())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
