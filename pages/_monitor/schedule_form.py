"""The fields of a schedule: when, over which window, of which endpoint, with which threshold."""

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from core.errors import SignwatchError
from core.records.plain_text import message
from core.records.schedules import HOURLY, Schedule
from pages._shared.user import current

OWN = ""
PRESETS = [
    "cron(* * ? * * *)",
    "cron(0/5 * ? * * *)",
    "cron(0/15 * ? * * *)",
    HOURLY,
    "cron(0 0/6 ? * * *)",
    "cron(0 0 ? * * *)",
    OWN,
]
HELP = (
    "cron(minutes hours day-of-month month day-of-week year), as Model Monitor writes it. UTC; one "
    "of the two days is ?; days of the week are SUN to SAT."
)
MINUTE = timedelta(minutes=1)


def fields(name: str, before: Schedule | None, *, key: str) -> Callable[[], Schedule]:
    """Draws them, filled as `before` has them; what it returns makes the schedule, or BadInput."""
    expression = _when(key, before.expression if before else HOURLY)
    begins, ends = _window(key, before)
    endpoint = st.text_input(
        "Endpoint", (before and before.endpoint) or "", key=f"{key}_endpoint", placeholder="all"
    )
    own = before.threshold if before else None
    percent = st.number_input(
        "Threshold of its own, %",
        0.1,
        100.0,
        None if own is None else own * 100,
        step=1.0,
        key=f"{key}_threshold",
        placeholder="default",
    )
    return lambda: Schedule(
        name,
        expression,
        begins,
        ends,
        endpoint.strip() or None,
        None if percent is None else percent / 100,
    )


def _when(key: str, expression: str) -> str:
    """A preset or a custom expression, and when it runs next."""
    schedules = current().monitoring.schedules
    chosen = st.selectbox(
        "Runs",
        PRESETS,
        PRESETS.index(expression if expression in PRESETS else OWN),
        key=f"{key}_preset",
        format_func=lambda text: schedules.describe(text) if text else "custom",
    )
    if chosen == OWN:
        chosen = st.text_input("Cron expression", expression, key=f"{key}_cron", help=HELP).strip()
    try:
        due = schedules.next_after_now(chosen)
    except SignwatchError as error:
        st.caption(f":red[{message(str(error))}]")
    else:
        following = f"`{chosen}`, next {due:%Y-%m-%d %H:%M} UTC" if due else "No run in the future"
        st.caption(message(following))
    return chosen


def _window(key: str, before: Schedule | None) -> tuple[timedelta | None, timedelta]:
    """How long before a run the window begins (None: as the monitor's) and ends."""
    minutes = current().monitoring.settings().window_minutes
    default = st.toggle(
        f"Default window, {minutes:d} min",
        before is None or before.begins is None,
        key=f"{key}_default",
    )
    ends = before.ends // MINUTE if before else 0
    if not default:
        begins = before.begins // MINUTE if before and before.begins else minutes
        begins = st.number_input(
            "Begins, minutes before a run", 1, 527_040, begins, key=f"{key}_begins"
        )
    ends = st.number_input("Ends, minutes before a run", 0, 527_039, ends, key=f"{key}_ends")
    return None if default else begins * MINUTE, ends * MINUTE
