"""Where alerts go, a test of it, what lasts, and what became of the latest deliveries."""

import streamlit as st

from core.records.analysts import Permission
from core.records.plain_text import message, plain, table_field
from core.records.window import duration, now
from pages._shared import parts, user
from pages._shared.user import current

SHOWN = 50  # deliveries


def show() -> None:
    """Where they go; without channels, how to set one."""
    alerts = current().alerts
    st.subheader("Alerts")
    if not alerts.channels:
        st.caption(
            "No alert channel. Set `SIGNWATCH_ALERTS` to Apprise URLs (`slack://...`) and restart."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        names = plain(", ".join(channel.label for channel in alerts.channels))
        st.markdown(f"Alerts go to {names}.", width="stretch")
        pressed = st.button(
            "Send test",
            icon=":material/notifications_active:",
            **user.control(Permission.ALERTS),
        )
    if pressed:
        with parts.errors_shown(), st.spinner("Sending"):
            alerts.test()
    _lasting()
    _deliveries()


def _lasting() -> None:
    for notice in current().alerts.lasting():
        endpoint = f" at endpoint {plain(notice.endpoint)}" if notice.endpoint else ""
        st.markdown(
            f":red[:material/error:] In violation{endpoint} for {duration(now() - notice.since)}, "
            f"since {notice.since:%Y-%m-%d %H:%M:%S} UTC. Last alert "
            f"{notice.made_at:%Y-%m-%d %H:%M:%S} UTC."
        )


def _deliveries() -> None:
    """The last one in words, the others in a table."""
    found = current().alerts.deliveries(SHOWN)
    if not found:
        st.caption("Nothing sent yet.")
        return
    latest = [delivery for notice, delivery in found if notice == found[0][0]]
    for delivery in sorted(latest, key=lambda each: each.channel):
        kind, at = plain(found[0][0].kind.value), f"{delivery.at:%Y-%m-%d %H:%M:%S} UTC"
        channel = plain(delivery.channel)
        if delivery.delivered:
            st.markdown(f":green[:material/check:] Last {kind} delivered to {channel}, {at}.")
        else:
            st.markdown(
                f":red[:material/error:] Last {kind} not delivered to {channel}, {at}: "
                f"{message(delivery.reason)}"
            )
    with st.expander(f"Latest deliveries ({len(found)})"):
        st.dataframe(
            [
                {
                    "at": delivery.at,
                    "what": notice.kind.value,
                    "channel": table_field(delivery.channel),
                    "delivered": "yes" if delivery.delivered else "no",
                    "why not": delivery.reason and table_field(delivery.reason),
                }
                for notice, delivery in found
            ],
            column_config={"at": st.column_config.DatetimeColumn("at (UTC)", timezone="UTC")},
            hide_index=True,
            alt="Deliveries",
        )
