"""The alerts' box of the Monitor page: channels, test, what lasts, what became of it."""

from streamlit.testing.v1 import AppTest

from core.services import Services
from tests.pages.conftest import OpenPage
from tests.support.elements import labelled, labels, values
from tests.support.traffic import flood
from tests.support.webhook import Webhook


def paragraph(at: AppTest, start: str) -> str:
    """The one paragraph that begins so, without Markdown's backslashes."""
    plain = [text.replace("\\", "") for text in values(at.markdown)]
    (found,) = [text for text in plain if text.startswith(start)]
    return found


def press_test(at: AppTest) -> AppTest:
    labelled(at.button, "Send test").click().run()
    assert not at.exception
    return at


def test_without_channels_it_says_how_to_set_one(open_page: OpenPage) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    assert "Alerts" in values(at.subheader)
    assert any("`SIGNWATCH_ALERTS`" in text for text in values(at.caption))
    assert "Send test" not in labels(at.button)


def test_before_anything_was_sent(alerting: Services, hook: Webhook, open_page: OpenPage) -> None:
    at = open_page("monitor", tab="Schedules and alerts")
    assert paragraph(at, "Alerts go") == f"Alerts go to {hook.label}."
    assert "Nothing sent yet." in values(at.caption)


def test_the_test_button_sends_and_shows_what_became_of_it(
    alerting: Services, hook: Webhook, open_page: OpenPage
) -> None:
    at = press_test(open_page("monitor", tab="Schedules and alerts"))
    assert hook.titles == ["Signwatch: test of the alert channels"]
    ((_, delivery),) = alerting.alerts.deliveries(10)
    when = f"{delivery.at:%Y-%m-%d %H:%M:%S} UTC"
    assert paragraph(at, ":green[:material/check:] Last ") == (
        f":green[:material/check:] Last test delivered to {hook.label}, {when}."
    )
    hook.status = 500
    press_test(at)
    (_, delivery), _ = alerting.alerts.deliveries(10)
    when = f"{delivery.at:%Y-%m-%d %H:%M:%S} UTC"
    assert paragraph(at, ":red[:material/error:] Last ") == (
        f":red[:material/error:] Last test not delivered to {hook.label}, {when}: Failed to send "
        "JSON POST notification: Internal server error., error=500."
    )
    assert "Latest deliveries (2)" in labels(at.expander)
    table = at.dataframe[0].value
    assert list(table["delivered"]) == ["no", "yes"]
    assert list(table["what"]) == ["test", "test"]
    assert "s3cr3t" not in repr(at.main)


def test_what_lasts_is_shown(alerting: Services, hook: Webhook, open_page: OpenPage) -> None:
    flood(alerting, same=4, others=1)
    alerting.monitoring.run()
    alerting.alerts.flush()
    (notice,) = alerting.alerts.lasting()
    at = open_page("monitor", tab="Schedules and alerts")
    text = paragraph(at, ":red[:material/error:] In violation for ")
    assert f"since {notice.since:%Y-%m-%d %H:%M:%S} UTC" in text
    assert paragraph(at, ":green[:material/check:] Last ").startswith(
        ":green[:material/check:] Last alert delivered to JSON"
    )


def test_the_link_of_an_alert_opens_its_run(signwatch: Services, open_page: OpenPage) -> None:
    flood(signwatch, same=4, others=1)
    first = signwatch.monitoring.run()
    second = signwatch.monitoring.run()
    at = open_page("monitor", execution=first.execution_id)
    assert labelled(at.selectbox, "Run").value == first.execution_id
    at = open_page("monitor", execution="unknown")
    assert labelled(at.selectbox, "Run").value == second.execution_id
