"""One table of settings, read from SIGNWATCH_*."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.settings import PREFIX, ROOT, Settings
from tests.support.expect import raises


def test_without_variables_every_default_holds() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.local == ROOT / "data" / "local"
    assert settings.store_path == ROOT / "data" / "local" / "signwatch.duckdb"
    assert settings.model == ROOT / "data" / "model"
    assert (settings.sampling, settings.threshold, settings.window_minutes) == (100.0, 0.5, 60)
    assert (settings.low_confidence, settings.alpha) == (0.6, 0.01)
    assert settings.max_body_bytes == 20_000_000
    assert settings.max_pixels == 40_000_000
    assert settings.max_batch == 256


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("local", "/var/signwatch", Path("/var/signwatch")),
        ("local", "run/../elsewhere", ROOT / "elsewhere"),
        ("local", "~/signwatch", Path.home() / "signwatch"),
        ("store", "log.duckdb", "log.duckdb"),
        ("model", "/models/new", Path("/models/new")),
        ("sampling", "0", 0.0),
        ("sampling", "12.5", 12.5),
        ("threshold", "1", 1.0),
        ("threshold", "0.001", 0.001),
        ("window_minutes", "10080", 10_080),
        ("low_confidence", "0.25", 0.25),
        ("alpha", "0", 0.0),
        ("max_body_bytes", "1", 1),
        ("max_pixels", "100", 100),
        ("max_batch", "65536", 65_536),
    ],
)
def test_a_variable_sets_its_setting_and_no_other(name: str, text: str, value: object) -> None:
    settings = Settings.from_environment({PREFIX + name.upper(): text})
    assert getattr(settings, name) == value
    others = [setting.name for setting in fields(Settings) if setting.name != name]
    assert [getattr(settings, n) for n in others] == [getattr(Settings(), n) for n in others]


def test_variables_of_others_are_left_alone() -> None:
    environment = {"SIGNWATCH_REQUIRE_ALL": "1", "THRESHOLD": "7", "signwatch_threshold": "7"}
    assert Settings.from_environment(environment) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "problem", "help_and_default"),
    [
        (
            "SIGNWATCH_THRESHOLD",
            "1.5",
            "must lie in 0.001..1",
            "share of a window above which a class is a violation, default 0.5",
        ),
        (
            "SIGNWATCH_THRESHOLD",
            "0",
            "must lie in 0.001..1",
            "share of a window above which a class is a violation, default 0.5",
        ),
        (
            "SIGNWATCH_SAMPLING",
            "nan",
            "must lie in 0..100",
            "percentage of requests that are captured, default 100.0",
        ),
        (
            "SIGNWATCH_SAMPLING",
            "half",
            "could not convert string to float: 'half'",
            "percentage of requests that are captured, default 100.0",
        ),
        (
            "SIGNWATCH_WINDOW_MINUTES",
            "1.5",
            "invalid literal for int() with base 10: '1.5'",
            "length of the monitor's window in minutes, default 60",
        ),
        (
            "SIGNWATCH_MAX_BATCH",
            "0",
            "must lie in 1..65536",
            "most images in one request, default 256",
        ),
    ],
)
def test_what_is_not_valid_is_named_with_what_it_accepts(
    variable: str, text: str, problem: str, help_and_default: str
) -> None:
    with raises(BadInput, f"{variable}={text!r} is not valid ({problem}): {help_and_default}"):
        Settings.from_environment({variable: text})


@given(st.floats(0, 100))
def test_every_percentage_is_a_sampling_rate(rate: float) -> None:
    assert Settings.from_environment({"SIGNWATCH_SAMPLING": repr(rate)}).sampling == rate


def test_the_store_may_lie_elsewhere() -> None:
    settings = Settings(local=Path("/a"), store="/b/c.duckdb")
    assert settings.store_path == Path("/b/c.duckdb")
    assert Settings(local=Path("/a"), store="c.duckdb").store_path == ROOT / "c.duckdb"
    assert Settings(local=Path("/a")).store_path == Path("/a/signwatch.duckdb")


def test_secrets_are_not_printed() -> None:
    settings = Settings.from_environment(
        {"SIGNWATCH_API_TOKEN": "hush", "SIGNWATCH_STORE": "ducklake:postgres:password=hush"}
    )
    assert settings.api_token == "hush"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("text", ["schlüssel", "two words", " s3cret", "s3cret\n", "\x7f"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(text: str) -> None:
    with raises(
        BadInput,
        "SIGNWATCH_API_TOKEN is not valid (must be of printable ASCII characters, without blanks): "
        "token that HTTP requests must carry; empty: none, and only this machine is answered, "
        "default ",
    ):
        Settings.from_environment({"SIGNWATCH_API_TOKEN": text})


def test_addresses_are_those_of_http() -> None:
    for text in ("https://signwatch.example.org/", "http://10.0.0.1:8501"):
        found = Settings.from_environment({"SIGNWATCH_URL": text})
        assert found.url == text.removesuffix("/")
    for text in ("ftp://a", "signwatch.example.org", "https://", "xhttps://a", "https:// a"):
        with pytest.raises(BadInput, match=r"must begin with http:// or https://"):
            Settings.from_environment({"SIGNWATCH_URL": text})


def test_yes_is_yes_and_no_is_no() -> None:
    name = "SIGNWATCH_TENSORS_FLAGGED"
    assert Settings.from_environment({name: "yes"}).tensors_flagged is True
    assert Settings.from_environment({name: "no"}).tensors_flagged is False
    for text in ("true", "", "YES"):
        with pytest.raises(BadInput, match=r"\(must be yes or no\)"):
            Settings.from_environment({name: text})


def test_every_setting_explains_itself() -> None:
    for setting in fields(Settings):
        assert callable(setting.metadata["cast"])
        assert len(setting.metadata["help"]) > 20
