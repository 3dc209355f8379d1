"""The queue beside what is open: groups that wait, what is in work, what is done."""

import streamlit as st

from core.labels import class_name
from core.plots import no_image
from core.records.plain_text import plain, short
from core.records.triage import Group, Queue, Status
from core.records.verdicts import PACE_MINUTES, TriageItem
from pages._shared import parts
from pages._shared.user import current
from pages._triage import state
from pages._triage.cockpit import small
from pages._triage.state import Work
from pages._triage.view import TriageView

SHOWN, THUMB = 10, 44
THUMBS = "triage_thumbnails"


def show(view: TriageView, queue: Queue) -> None:
    """What the view lists."""
    if view.status == Status.DONE:
        _show_done(view)
        return
    groups_are = "1 group" if queue.in_all == 1 else f"{queue.in_all:,} groups"
    st.markdown(f"**Most suspicious first** · {groups_are}")
    _show_pace()
    groups = queue.groups[:SHOWN]
    images = thumbnails([group.shown for group in groups])
    for group in groups:
        _show_group(group, images[group.shown])
    if more := queue.in_all - len(groups):
        st.caption(f"and {more:,} more {'group' if more == 1 else 'groups'}")
    _show_in_work()


def _show_pace() -> None:
    """How far this analyst has come today."""
    pace = current().triage.pace(state.work().session.analyst)
    st.caption(
        f"{pace.today:,} done today, {pace.a_minute:.1f} a minute",
        help=f"By you: since midnight UTC, and on average of the last {PACE_MINUTES} minutes.",
    )


def _show_group(group: Group, image: str) -> None:
    label = class_name(group.class_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        small(image, "flagged image", width=THUMB)
        st.badge(f"{group.waiting:,}", color="gray", width="content")
        with st.container():  # of the width that is left: its words wrap
            st.button(
                f"**{label}**" if state.work().session.group == group.first else label,
                type="tertiary",
                wrap=True,
                key=f"triage_group_{group.first}",
                on_click=state.do,
                args=(Work.enter, group),
                help=(
                    f"{group.waiting:,} of {group.captures:,} wait, {group.elsewhere:,} in work "
                    f"elsewhere · source {plain(group.source or 'not given')} · endpoint "
                    f"{plain(group.endpoint)} · {group.start:%Y-%m-%d %H:%M} UTC · lowest p-value "
                    f"{parts.computed(group.p_value, '.4f')}"
                ),
            )


def _show_in_work() -> None:
    """What others have."""
    others = current().triage.in_work_elsewhere(state.work().session.holder)
    if others:
        by = plain(short(", ".join(sorted({each.holder.analyst for each in others}))))
        st.caption(f":material/group: {len(others)} in work elsewhere ({by})")


def _show_done(view: TriageView) -> None:
    items = current().triage.done(view.done(), limit=SHOWN)
    st.markdown("**Done**, the latest captures first")
    if not items:
        st.caption("Nothing matches.")
    images = thumbnails([item.capture.capture_id for item in items])
    for item in items:
        _show_item(item, images[item.capture.capture_id])


def _show_item(item: TriageItem, image: str) -> None:
    capture, decision = item.capture, item.decision
    if decision is None or capture.class_id is None:
        return
    right = decision.true_class
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        small(image, "decided image", width=THUMB)
        with st.container():  # of the width that is left: its words wrap
            st.button(
                class_name(capture.class_id),
                type="tertiary",
                wrap=True,
                key=f"triage_done_{capture.capture_id}",
                on_click=state.do,
                args=(Work.open, capture.capture_id),
                help=decision.verdict.words
                + ("" if right is None else f", {class_name(right)}")
                + f" · {plain(decision.analyst)}, {decision.decided_at:%Y-%m-%d %H:%M} UTC",
            )


def thumbnails(names: list[str]) -> dict[str, str]:
    """The images of captures, small, in URLs; a tile where there is none. Read once."""
    known: dict[str, str] = st.session_state.setdefault(THUMBS, {})
    missing = [name for name in names if name not in known]
    if missing:
        known |= dict.fromkeys(missing, no_image())
        for name, file in current().captures.images_of(missing).items():
            known[name] = parts.thumbnail(file.sha256, file)
    return known
