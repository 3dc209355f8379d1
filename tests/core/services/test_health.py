"""How the log is: one record, whoever asks."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from core.alerts.channels import Tone
from core.errors import Unavailable
from core.metrics import Metrics
from core.records.health import LogState
from core.services.health import Health
from core.store import CaptureLog
from core.store.place import Room
from tests.support.clock import Clock
from tests.support.expect import raises
from tests.support.records import NOON, make_capture, make_image

MINUTE = timedelta(minutes=1)


class Reported:
    """Alerts that note what they are reported."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, Tone]] = []

    def tell(self, title: str, text: str, tone: Tone) -> None:
        self.messages.append((title, text, tone))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[CaptureLog]:
    log = CaptureLog(tmp_path / "log.duckdb", reserve=1)
    yield log
    log.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reported() -> Reported:
    return Reported()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def health(log: CaptureLog, reported: Reported, metrics: Metrics, clock: Clock) -> Health:
    return Health(log, reported, metrics, clock=clock)  # type: ignore[arg-type]


def sample(registry: CollectorRegistry, name: str) -> float | None:
    return registry.get_sample_value(f"signwatch_log_{name}")


def test_a_log_that_is_well_says_nothing(
    health: Health, log: CaptureLog, reported: Reported, metrics: Metrics, tmp_path: Path
) -> None:
    image = make_image()
    log.append([make_capture(image)], [image])
    found = health.look()
    assert (found.state, found.since, found.sentence) == (LogState.OK, NOON, "")
    assert found.free_bytes is not None
    assert found.free_bytes > 0
    health.watch()
    health.check()
    assert reported.messages == []
    assert sample(metrics.registry, "free_bytes") > 0
    assert sample(metrics.registry, "trouble_seconds") == 0
    assert sample(metrics.registry, "reopened") == 0


def test_a_log_that_refuses_is_reported_once_and_that_it_is_over(
    health: Health, reported: Reported, metrics: Metrics, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "log.duckdb"
    clock.go(minutes=5)
    path.rename(tmp_path / "away")
    sentence = (
        f"The capture log {path} takes no writes: its file was deleted or replaced while it was "
        "open. Put the file back. Or, before you start again, keep what is still open with "
        "`python -m core captures backup DIR`. Since 2026-02-14 12:05:00 UTC."
    )
    for _ in range(3):
        health.watch()
        clock.go(minutes=1)
    assert health.latest().state is LogState.DOWN
    assert health.latest().sentence == sentence
    assert reported.messages == [("Signwatch: requests are refused", sentence, Tone.FAILURE)]
    assert sample(metrics.registry, "trouble_seconds") == 180
    with pytest.raises(Unavailable, match="its file was deleted or replaced"):
        health.check()
    (tmp_path / "away").rename(path)
    health.watch()
    health.check()
    assert reported.messages[1:] == [
        ("Signwatch: the capture log is well again", "Nothing has to be done.", Tone.SUCCESS)
    ]
    assert health.latest().since == clock.at
    assert sample(metrics.registry, "trouble_seconds") == 0


@pytest.mark.parametrize(
    ("megabytes", "state"),
    [(250, LogState.OK), (150, LogState.WARNING), (50, LogState.DOWN)],
)
def test_a_disk_that_fills_up_is_named_before_it_is_full(
    health: Health,
    reported: Reported,
    monkeypatch: pytest.MonkeyPatch,
    megabytes: int,
    state: LogState,
) -> None:
    room = Room(Path("/logs"), megabytes * 1_000_000, 100_000_000)
    monkeypatch.setattr(Room, "of", lambda folder, reserve: room)
    health.watch()
    assert health.latest().state is state
    assert health.latest().free_bytes == room.free
    assert [tone for *_, tone in reported.messages] == [Tone.FAILURE] * (state is not LogState.OK)
    if state is LogState.WARNING:
        health.check()  # requests are answered
        assert health.latest().sentence == f"{room.low[:1].upper()}{room.low[1:]}. Free some " + (
            "space. Since 2026-02-14 12:00:00 UTC."
        )


def test_damage_that_anybody_finds_is_named(
    health: Health, log: CaptureLog, reported: Reported, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    log.database.damage = "IO Error: a block"
    health.watch()
    found = health.latest()
    assert (found.state, found.problem) == (
        LogState.DAMAGED,
        "a part of the capture log cannot be read: IO Error: a block",
    )
    assert found.title == "the capture log is damaged"
    assert reported.messages == [
        ("Signwatch: the capture log is damaged", found.sentence, Tone.FAILURE)
    ]
    assert found.sentence in caplog.text
    with raises(
        Unavailable,
        "a part of the capture log cannot be read: IO Error: a block. The file is damaged. "
        "`python -m core captures check` lists what cannot be read, and `python -m core captures "
        "salvage SOURCE TARGET` copies the rest to a new file",
    ):
        health.check()


def test_whatever_goes_wrong_is_named(
    health: Health, log: CaptureLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(log, "check_writable", fails)
    health.watch()
    assert health.latest().state is LogState.DOWN
    assert health.latest().problem == "something else"
