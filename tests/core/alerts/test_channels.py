"""Addresses of alerts: read, labelled without their secrets, refused without them."""

import logging

import pytest

from core.alerts.channels import Tone, configured_channels, parse_channels
from core.errors import BadInput
from core.settings import Settings
from tests.support.expect import raises
from tests.support.webhook import SECRET, webhook

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#signs"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", []),
        (" ,\n", []),
        (SLACK, ["Slack"]),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            ["Slack"],
        ),
        ("https://example.org/hook/abcd", ["JSON at example.org"]),
        ("http://example.org:81/hook", ["JSON at example.org:81"]),
        ("json://h/x jsons://h/y", ["JSON at h", "JSON at h (2)"]),
        (
            "mailto://me:password@example.org?to=a@example.org,b@example.org,json://h",
            ["E-Mail at example.org", "JSON at h"],
        ),
        (f"{SLACK},\n discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js,", ["Slack", "Discord"]),
        ("tgram://123456789:abcdefg_hijklmnop/12315544", ["Telegram"]),
        ("ntfy://secrettopic", ["ntfy"]),
    ],
)
def test_what_is_shown_of_a_url(text: str, labels: list[str]) -> None:
    assert [channel.label for channel in parse_channels(text)] == labels


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (SECRET, "1 of 1"),
        (f"nonsense://{SECRET}", "1 of 1"),
        (f"slack://{SECRET}", "1 of 1"),
        (f"json://h {SECRET}", "2 of 2"),
        (f"json://h, json://[{SECRET}", "2 of 2"),
        ("json://", "1 of 1"),
        ("syslog://", "1 of 1"),
        ("file:///etc/passwd", "1 of 1"),
        ("dbus://", "1 of 1"),
    ],
)
def test_a_bad_url_is_named_by_its_number_alone(text: str, number: str) -> None:
    problem = (
        f"URL {number} is none that alerts can be sent to, expected for example "
        "https://host/path (JSON), slack://..., mailto://..."
    )
    with raises(BadInput, problem):
        parse_channels(text)
    with pytest.raises(BadInput) as caught:
        configured_channels(Settings.from_environment({"SIGNWATCH_ALERTS": text}))
    assert str(caught.value).startswith(f"SIGNWATCH_ALERTS is not valid ({problem}): Apprise ")
    assert SECRET not in str(caught.value)


def test_a_url_is_in_no_repr() -> None:
    settings = Settings.from_environment({"SIGNWATCH_ALERTS": SLACK})
    assert settings.alerts == SLACK
    for piece in ("T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ"):
        assert piece not in repr(settings)
        assert piece not in repr(parse_channels(SLACK))


def test_what_was_not_taken_is_reported_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with webhook() as hook:
        (channel,) = parse_channels(hook.url)
        assert channel.send("Title", "Text", Tone.INFO) is None
        hook.status = 404
        why = channel.send("Title", "Text", Tone.INFO)
    gone = channel.send("Title", "Text", Tone.INFO)
    assert why == "Failed to send JSON POST notification: Page not found., error=404."
    assert gone == "A Connection error occurred sending JSON notification to 127.0.0.1."
    assert hook.paths[0] == f"/{SECRET}"
    assert "s3cr3t" not in caplog.text + why + gone


def test_secrets_are_taken_out_of_whatever_a_service_says() -> None:
    (channel,) = parse_channels(SLACK)
    text = "Failed to send to https://hooks.slack.com/T1JJ3T3L2/a1brtd4jd: error=500"
    assert channel._without_secrets(text) == (
        "Failed to send to https://hooks.slack.com/…/…: error=500"
    )


def test_a_secret_that_begins_as_another_does_is_taken_out_whole() -> None:
    (channel,) = parse_channels("https://example.org/s3cret/s3cret-longer?+X-Key=s3cre")
    assert channel._without_secrets("s3cret-longer, S3CRET, s3cre, https, example.org") == (
        "…, …, …, …, example.org"
    )


def test_a_service_that_breaks_is_reported_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("apprise.Apprise.notify", broken)
    (channel,) = parse_channels("json://127.0.0.1")
    assert channel.send("Title", "Text", Tone.INFO) == "RuntimeError"
