"""The table of settings, read from SIGNWATCH_* variables: name, default, cast, help."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.records import names
from core.records.analysts import Roles, parse_analysts, parse_issuers
from core.records.captures import CaptureMode
from core.records.drift import MOST
from core.records.hosts import parse_hosts
from core.records.tensors import parse_regex, parse_save_config

ROOT = Path(__file__).parent.parent
PREFIX = "SIGNWATCH_"


def _between(cast: Callable[[str], float], low: float, high: float) -> Callable[[str], Any]:
    def read(text: str) -> float:
        value = cast(text)
        if not low <= value <= high:
            raise ValueError(f"must lie in {low}..{high}")
        return value

    return read


def _path(text: str) -> Path:
    return (ROOT / Path(text).expanduser()).resolve()


def _checked(parse: Callable[[str], object]) -> Callable[[str], str]:
    """Accepts the text that `parse` accepts, unchanged."""

    def read(text: str) -> str:
        try:
            parse(text)
        except BadInput as error:
            raise ValueError(str(error)) from error
        return text

    return read


def _address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s/]\S*", text):
        raise ValueError("must begin with http:// or https://")
    return text.rstrip("/")


def _token(text: str) -> str:
    if not re.fullmatch("[!-~]*", text):
        raise ValueError("must be of printable ASCII characters, without blanks")
    return text


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return text == "yes"


def _setting(default: Any, cast: Callable[[str], Any], help: str, *, secret: bool = False) -> Any:
    """A field; secret: it may hold a password and is never printed."""
    return field(default=default, repr=not secret, metadata={"cast": cast, "help": help})


@dataclass(frozen=True)
class Settings:
    """Every setting with its default. Relative paths start at the project's root.

    Examples
    --------
    >>> Settings.from_environment({"SIGNWATCH_THRESHOLD": "0.25"}).threshold
    0.25
    """

    local: Path = _setting(
        ROOT / "data" / "local", _path, "folder for everything written at run time"
    )
    store: str = _setting(
        "",
        str,
        "DuckDB file of the capture log, or `ducklake:postgres:...` for a shared one; "
        "empty: signwatch.duckdb in the local folder",
        secret=True,
    )
    store_data: str = _setting(
        "",
        str,
        "folder or s3:// address of a shared log's Parquet files; empty: lake in the local folder",
    )
    model: Path = _setting(
        ROOT / "data" / "model", _path, "folder with model.safetensors and model.json"
    )
    sampling: float = _setting(
        100.0, _between(float, 0, 100), "percentage of requests that are captured"
    )
    capture_mode: CaptureMode = _setting(
        CaptureMode.INPUT_AND_OUTPUT,
        CaptureMode,
        "side of a request that is captured: Input, Output or InputAndOutput",
    )
    retention_days: float = _setting(
        0.0, _between(float, 0, 36_500), "age in days at which captures are deleted; 0: never"
    )
    retention_gigabytes: float = _setting(
        0.0,
        _between(float, 0, 1_000_000),
        "size of the log in GB above which its oldest captures are deleted; 0: no limit",
    )
    disk_reserve: int = _setting(
        256,
        _between(int, 0, 1_000_000_000),
        "MB of the log's disk that stay free, at most a tenth of it: with less, requests that are "
        "captured are refused; 0: none",
    )
    threshold: float = _setting(
        0.5, _between(float, 0.001, 1), "share of a window above which a class is a violation"
    )
    window_minutes: int = _setting(
        60, _between(int, 1, 10_080), "length of the monitor's window in minutes"
    )
    false_alarm_every: float = _setting(
        10_000.0,
        _between(float, 1, MOST),
        "number of predictions in which the drift detector raises at most one false alarm, on "
        "average",
    )
    low_confidence: float = _setting(
        0.6, _between(float, 0, 1), "confidence below which a prediction counts as low"
    )
    alpha: float = _setting(
        0.01,
        _between(float, 0, 1),
        "share of clean predictions that may be flagged by their p-value; the trust rule may flag "
        "more",
    )
    max_body_bytes: int = _setting(
        20_000_000, _between(int, 1, 2**31), "largest request body or upload in bytes"
    )
    max_pixels: int = _setting(40_000_000, _between(int, 1, 2**31), "largest image in pixels")
    max_side: int = _setting(
        20_000, _between(int, 1, 2**31), "most pixels that the longer side of an image may have"
    )
    max_aspect: float = _setting(
        1000.0,
        _between(float, 1, 2**31),
        "how many times as long as its shorter side the longer side of an image may be",
    )
    max_scans: int = _setting(
        50, _between(int, 1, 10_000), "most scans of a JPEG; a progressive one has about ten"
    )
    max_decode_seconds: float = _setting(
        10.0,
        _between(float, 0.1, 3600),
        "seconds after which decoding a large image is ended",
    )
    max_decode_megabytes: int = _setting(
        180,
        _between(int, 1, 1_000_000),
        "largest image in MB that decoding it takes, beside the file and its pixels",
    )
    max_batch: int = _setting(256, _between(int, 1, 65_536), "most images in one request")
    max_queue: int = _setting(
        1024, _between(int, 1, 1_000_000), "most images that wait for the classifier"
    )
    max_concurrent: int = _setting(
        128, _between(int, 1, 65_536), "most requests in progress at a time"
    )
    tensors_regex: str = _setting(
        "",
        _checked(parse_regex),
        "regular expression of the tensors that are recorded; "
        "empty: that of the blog post, enough for FullGrad of a ResNet",
    )
    tensors_save: str = _setting(
        "",
        _checked(parse_save_config),
        "requests whose tensors are recorded, in Debugger's notation: "
        "`save_interval=100;start_step=0;end_step=5000` or `save_steps=3,7`; empty: none",
    )
    tensors_flagged: bool = _setting(
        False, _yes_or_no, "whether tensors of flagged requests are recorded: yes or no"
    )
    tensors_records: int = _setting(
        100, _between(int, 1, 1_000_000), "most records of tensors that the log keeps"
    )
    url: str = _setting(
        "",
        _address,
        "address of the dashboard, `https://signwatch.example.org`: alerts link to it, and it is "
        "answered under its host; empty: where it was started",
    )
    alerts: str = _setting(
        "",
        str,
        "Apprise URLs (slack://...) that alerts are sent to, separated by commas or blanks; "
        "empty: none",
        secret=True,
    )
    alert_reminder_hours: float = _setting(
        24.0,
        _between(float, 0, 8760),
        "hours after which a lasting violation is reported again; 0: never",
    )
    hosts: str = _setting(
        "",
        _checked(parse_hosts),
        "host names and addresses under which the pages are opened, separated by commas or blanks, "
        "beside localhost and the host of `SIGNWATCH_URL`; others are refused",
    )
    endpoints: str = _setting(
        "",
        _checked(names.parse_endpoints),
        "names of endpoints that are served, separated by commas or blanks, beside `signwatch` and "
        "those that the log has",
    )
    api_token: str = _setting(
        "",
        _token,
        "token that HTTP requests must carry; empty: none, and only this machine is answered",
        secret=True,
    )

    analysts: str = _setting(
        "",
        _checked(parse_analysts),
        "analysts, who may give verdicts, run the monitor, record tensors and send traffic, if "
        "sign-in is configured: e-mail addresses and domains, separated by commas or blanks; "
        "empty: everyone signed in",
    )
    administrators: str = _setting(
        "",
        _checked(parse_analysts),
        "administrators, who may change everything, in the same form; empty: every analyst",
    )
    trusted_issuers: str = _setting(
        "",
        _checked(parse_issuers),
        "identity providers whose e-mail addresses count without `email_verified`, as `iss` in "
        "their tokens has them, such as `https://login.microsoftonline.com/TENANT/v2.0`, separated "
        "by commas or blanks",
    )

    @property
    def roles(self) -> Roles:
        """Who may do what, where there is a sign-in."""
        return Roles(
            parse_analysts(self.analysts),
            parse_analysts(self.administrators),
            parse_issuers(self.trusted_issuers),
        )

    @property
    def store_path(self) -> Path:
        """The file of the embedded capture log."""
        return _path(self.store) if self.store else self.local / "signwatch.duckdb"

    def refusal(self, name: str, error: Exception) -> BadInput:
        """The error for a setting that is checked where it is used, `alerts` for instance."""
        (setting,) = [each for each in fields(self) if each.name == name]
        return _refusal(setting, getattr(self, name), error)

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; raises BadInput with the variable, its value and what it accepts."""
        values = {}
        for setting in fields(Settings):
            name = PREFIX + setting.name.upper()
            if name in environment:
                try:
                    values[setting.name] = setting.metadata["cast"](environment[name])
                except ValueError as error:
                    raise _refusal(setting, environment[name], error) from error
        return Settings(**values)


def _refusal(setting: Field[Any], value: object, error: Exception) -> BadInput:
    """Name the variable, its value unless it is secret, and what it accepts."""
    shown = f"={value!r}" if setting.repr else ""
    return BadInput(
        f"{PREFIX}{setting.name.upper()}{shown} is not valid ({error}): "
        f"{setting.metadata['help']}, default {setting.default}"
    )
