"""The reference says what the code says."""

from dataclasses import fields
from pathlib import Path

import duckdb
import pytest

from core.attacks import ATTACKS
from core.cli import cli
from core.endpoint import ROUTES
from core.settings import PREFIX, Settings
from core.store.schema import MIGRATIONS
from docs.generate import PARTS, REFERENCE, all_commands, log_tables, rendered, table

PAGES = sorted(REFERENCE.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_as_the_code_is_now(page: Path) -> None:
    assert page.read_text() == rendered(page.read_text()), "make reference writes it anew"


def test_every_part_stands_on_a_page() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert [name for name in PARTS if f"<!-- generated: {name} -->" not in text] == []


def test_a_part_that_was_changed_by_hand_is_written_anew() -> None:
    page = "Before\n\n<!-- generated: settings -->\nby hand\n<!-- end -->\n\nAfter\n"
    written = rendered(page)
    assert "by hand" not in written
    assert written.startswith("Before\n\n<!-- generated: settings -->\n\n| Variable")
    assert written.endswith("|\n\n<!-- end -->\n\nAfter\n")
    assert rendered(written) == written


def test_a_table_keeps_its_columns_apart() -> None:
    assert table(("a", "b"), [("x|y", "two\nlines")]) == (
        "| a | b |\n| --- | --- |\n| x\\|y | two lines |\n"
    )


def test_settings_routes_commands_and_attacks_are_all_there() -> None:
    settings, routes, commands, attacks = (
        PARTS[name]() for name in ("settings", "routes", "commands", "attacks")
    )
    assert all(f"| `{PREFIX}{each.name.upper()}` |" in settings for each in fields(Settings))
    assert all(f" {route.path}` |" in routes for route in ROUTES)
    assert all(f"### {name}\n" in commands for name, _ in all_commands(cli))
    assert all(f"| `{name}` |" in attacks for name in ATTACKS)


def test_every_route_says_what_it_does() -> None:
    assert [route.path for route in ROUTES if not route.endpoint.__doc__] == []


def test_tables_of_the_log_are_those_that_the_migrations_make() -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS log")
        for statement in (each for migration in MIGRATIONS for each in migration):
            connection.execute(statement.format(uncompressed=""))
        made = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_catalog = 'log' ORDER BY table_name, ordinal_position"
        ).fetchall()
    documented = [
        (name, column, kind)
        for name, columns in sorted(log_tables().items())
        for column, kind, _ in columns
    ]
    assert documented == made
