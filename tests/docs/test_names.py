"""Commands, settings, routes, metrics and files that the documents name are the program's."""

import ast
import importlib
import re
import shlex
from dataclasses import fields
from itertools import pairwise
from urllib.parse import urlsplit

import click
import pytest
from starlette.routing import Match

from core.cli import cli
from core.endpoint import ROUTES
from core.metrics import GAUGES
from core.settings import PREFIX, ROOT, Settings
from docs.generate import all_commands, metrics
from tests.core.test_imports import LINES
from tests.support.documents import DOCUMENTS, Document

COMMANDS = dict(all_commands(cli))
PROGRAM = ["python", "-m", "core"]
SETTINGS = {PREFIX + each.name.upper() for each in fields(Settings)} | {"SIGNWATCH_REQUIRE_ALL"}
OPTIONS = {option for each in COMMANDS.values() for made in each.params for option in made.opts}
TARGETS = set(re.findall(r"^([\w]+):", (ROOT / "Makefile").read_text(), re.M))
METHOD = re.compile(r"(GET|POST|PUT|DELETE|PATCH) (/\S*)")
FOLDERS = ("core/", "pages/", "tests/", "docs/", "data/")
# What the Makefile takes beside targets, and what only some machine has.
VARIABLES = {"CPU", "ONLY", "ORDER", "PROFILE", "REQUESTS", "SEED"}
ELSEWHERE = "data/local"

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)


def of_the_program(document: Document) -> list[list[str]]:
    """Every `python -m core ...` of a document, in words."""
    given = [*document.commands(), *document.words_in_code()]
    lines = [
        shlex.split(each, comments=True) for each in given if each.startswith("python -m core")
    ]
    return [words[len(PROGRAM) :] for words in lines]


def check(words: list[str]) -> None:
    """Raise AssertionError unless a command takes these words, whatever their values."""
    if words in ([], ["..."], ["--help"]):
        return
    name = next((each for each in COMMANDS if words[: len(each.split())] == each.split()), None)
    assert name is not None, words
    known = {
        option: made
        for made in COMMANDS[name].params
        if isinstance(made, click.Option)
        for option in made.opts
    }
    given = words[len(name.split()) :]
    for option, value in pairwise([*given, ""]):
        if option.startswith("-"):
            assert option in known, f"{name} {option}"
            if isinstance(known[option].type, click.Choice):
                assert value in known[option].type.choices, f"{name} {option} {value}"


@every_document
def test_commands_and_options_exist(document: Document) -> None:
    for words in of_the_program(document):
        check(words)
    named = [each.split()[0] for each in document.words_in_code() if each.startswith("--")]
    assert [option for option in named if option not in OPTIONS] == []


def test_commands_with_an_option_that_is_none_are_found() -> None:
    with pytest.raises(AssertionError, match="replay --speed"):
        check(["replay", "--data", "data/samples", "--speed", "3"])
    with pytest.raises(AssertionError, match="attack --attack nonsense"):
        check(["attack", "--attack", "nonsense"])


@every_document
def test_targets_of_make_exist(document: Document) -> None:
    given = [*document.commands(), *document.words_in_code()]
    for words in (shlex.split(each, comments=True) for each in given if each.startswith("make ")):
        for word in words[1:]:
            name, equals, _ = word.partition("=")
            assert name in (VARIABLES if equals else TARGETS), " ".join(words)


@every_document
def test_settings_exist(document: Document) -> None:
    assert set(re.findall(r"SIGNWATCH_[A-Z_]+", document.text)) - SETTINGS == set()


@every_document
def test_routes_exist(document: Document) -> None:
    known = {f"{method} {route.path}" for route in ROUTES for method in route.methods or ()}
    named = {match[0] for each in document.words_in_code() if (match := METHOD.fullmatch(each))}
    assert named - known == set()
    for line in document.commands():
        for word in shlex.split(line, comments=True):
            if word.startswith("http://localhost:8501/"):
                scope = {"type": "http", "path": urlsplit(word).path, "method": "GET"}
                assert any(each.matches(scope)[0] is not Match.NONE for each in ROUTES), word


@every_document
def test_metrics_exist(document: Document) -> None:
    known = {*re.findall(r"signwatch_\w+", metrics()), *GAUGES}
    named = {each for each in document.words_in_code() if re.fullmatch(r"signwatch_\w+", each)}
    assert named - known == set()


@every_document
def test_files_exist(document: Document) -> None:
    if document.name == "CHANGELOG.md":
        return  # it lists what was there before
    named = {
        each.rstrip("/")
        for each in document.words_in_code()
        if each.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", each)
    }
    placeholders = {"pages/name.py", "pages/_name", "tests/pages/test_name.py"}
    missing = {each for each in named - placeholders if not (ROOT / each).exists()}
    assert {each for each in missing if not each.startswith(ELSEWHERE)} == set()


@every_document
def test_python_imports_what_there_is(document: Document) -> None:
    for block in document.blocks("python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core"):
                module = importlib.import_module(node.module or "")
                assert [each.name for each in node.names if not hasattr(module, each.name)] == []


def test_the_house_is_drawn_as_the_import_rule_has_it() -> None:
    (drawn,) = Document(ROOT / "docs" / "architecture.md").blocks("text")
    assert drawn.splitlines() == LINES
    names = re.findall(r">([a-z_]+)</text>", (ROOT / "docs" / "house.svg").read_text())
    assert names == [package for line in reversed(LINES) for package in line.split()]
