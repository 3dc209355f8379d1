"""Every captured request: filter, go through millions page by page, open one, download."""

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from core.labels import class_name
from core.plots import no_image
from core.records.captures import StoredImage
from core.records.plain_text import message, table_field
from core.records.queries import NEWEST, OLDEST, CaptureFilter, Cursor, Direction, Page
from core.records.verdicts import TriageItem
from core.records.window import now
from pages._captures import detail, download, filters, imports, settings
from pages._captures.filters import shown_time
from pages._captures.view import CaptureView
from pages._shared import parts
from pages._shared.user import current

captures = current().captures
PAGE = 25
IMPORTS = "Imports"


def go(view: CaptureView) -> None:
    """Another view: its address, and the page drawn anew."""
    st.query_params.from_dict(view.write())
    st.rerun()


def addressed_view() -> CaptureView:
    """The view that the address asks for; what it lists is fixed from now on."""
    view, problems = CaptureView.read(st.query_params)
    for problem in problems:
        st.warning(message(problem), icon=":material/link_off:")
    if view.as_of is None:
        view = replace(view, as_of=now())
    if view.write() != st.query_params.to_dict():
        st.query_params.from_dict(view.write())
    return view


def matching(chosen: CaptureFilter) -> int:
    """How many captures match, counted once for each list."""
    known = st.session_state.get("captures_counted")
    if known is None or known[0] != chosen:
        known = st.session_state["captures_counted"] = chosen, captures.count(chosen)
    return known[1]


def listed(chosen: CaptureFilter, cursor: Cursor) -> Page:
    """The rows of a page stay those that were first drawn; what they say is as it is now.

    Several requests are committed at once, so captures from before `as_of` still arrive after it.
    They wait for *Newest*: a row that is selected is the one that was seen.
    """
    place = chosen, cursor
    known = st.session_state.get("captures_listed")
    if known is None or known[0] != place or not known[1].items:
        page = captures.page(chosen, cursor, limit=PAGE)
        st.session_state["captures_listed"] = place, page
        return page
    drawn: Page = known[1]
    ids = tuple(item.capture.capture_id for item in drawn.items)
    found = captures.newest(CaptureFilter(capture_ids=ids), limit=PAGE)
    present = {item.capture.capture_id: item for item in found}
    return replace(
        drawn, items=tuple(present.get(item.capture.capture_id, item) for item in drawn.items)
    )


def show_empty(view: CaptureView) -> None:
    """Why there is nothing, and what to do about it."""
    newest = captures.last_at()
    if newest is None:
        st.info(
            "Requests appear here as soon as they are answered.",
            icon=":material/database:",
            title="Nothing captured yet",
        )
        with st.container(horizontal=True):
            st.page_link("classify.py", label="Classify images", icon=":material/image_search:")
            st.page_link("attack.py", label="Send attacked signs", icon=":material/bolt:")
        return
    st.info(
        "Take a filter away, or press **Newest** for what arrived after "
        f"{shown_time(view.as_of)} UTC. The newest capture of all is from "
        f"{shown_time(newest)} UTC.",
        icon=":material/filter_alt_off:",
        title="No capture matches",
    )


def show_place(view: CaptureView, page: Page, total: int) -> None:
    """Where in the list this page is."""
    where = "**No capture here**"
    if page.items:
        first, last = (page.items[number].capture.inferred_at for number in (0, -1))
        until = f"{first:%H:%M:%S}" if first.date() == last.date() else shown_time(first)
        where = f"**{len(page.items):,} captures, {shown_time(last)} to {until} UTC**"
    st.markdown(f"{where} · {total:,} match, as of {shown_time(view.as_of)} UTC")


def show_ways(view: CaptureView, page: Page) -> None:
    """Newest, newer, older, oldest, and a jump to a time."""
    newest = st.button("Newest", icon=":material/refresh:", help="With what came meanwhile")
    newer = st.button("Newer", icon=":material/chevron_left:", disabled=page.newer is None)
    older = st.button("Older", icon=":material/chevron_right:", disabled=page.older is None)
    oldest = st.button("Oldest", icon=":material/last_page:", disabled=page.older is None)
    with st.popover("Jump to time", icon=":material/schedule:"):
        shown = page.items[0].capture.inferred_at if page.items else view.as_of
        moment = st.datetime_input(
            "Captures up to (UTC)",
            shown.replace(tzinfo=None),
            min_value=datetime(1990, 1, 1),
            max_value=datetime(2100, 1, 1),
            format="YYYY-MM-DD",
            step=60,
            key=f"jump_{hash(view)}",
        )
        jump = st.button("Jump", type="primary", disabled=moment is None)
    if newest:
        go(view.newest())
    if newer:
        go(view.at(page.newer))
    if older:
        go(view.at(page.older))
    if oldest:
        go(view.at(OLDEST))
    if jump:
        go(view.at(Cursor(Direction.OLDER, moment.replace(tzinfo=UTC))))


def table_row(item: TriageItem, images: dict[str, StoredImage]) -> dict[str, object]:
    """What the table shows of one capture."""
    capture = item.capture
    image = images.get(capture.image_sha256 or "")
    return {
        "image": parts.thumbnail(image.sha256, image) if image else no_image(),
        "time (UTC)": capture.inferred_at,
        "predicted class": class_name(capture.class_id)
        if capture.class_id is not None
        else "not captured",
        "confidence": capture.confidence,
        "flagged": None if capture.suspicion is None else parts.yes_no(capture.flagged),
        "verdict": item.decision.verdict.words if item.decision else None,
        "source": capture.provenance.source and table_field(capture.provenance.source),
        "endpoint": table_field(capture.endpoint),
        "capture id": capture.capture_id,
    }


def show_table(view: CaptureView, page: Page) -> list[TriageItem]:
    """The page as a table; returns the selected captures."""
    images = captures.stored_images([item.capture.image_sha256 for item in page.items])
    ids = [item.capture.capture_id for item in page.items]
    key = f"captures_table_{hash((view.filter(), view.page))}"
    table = st.dataframe(
        [table_row(item, images) for item in page.items],
        column_config={
            "image": st.column_config.ImageColumn(width="small"),
            "time (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
            "predicted class": st.column_config.TextColumn(width="medium"),
            "confidence": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1
            ),
        },
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
        key=key,
        row_height=48,
        selection_default={"selection": {"rows": [ids.index(view.capture)]}}
        if view.capture in ids
        else None,
        placeholder="–",
        alt="Captured requests",
    )
    rows = [row for row in table.selection.rows if row < len(ids)]
    remember_choice(key, [ids[row] for row in rows])
    return [page.items[row] for row in rows]


def remember_choice(key: str, chosen: list[str]) -> None:
    """A row that a person selects is the one that is open; several at once are not."""
    known = st.session_state.get("captures_chosen")
    before = known[1] if known and known[0] == key else []
    st.session_state["captures_chosen"] = key, chosen
    if len(chosen) == 1:
        if st.query_params.get("capture") != chosen[0]:
            st.query_params["capture"] = chosen[0]
    elif chosen != before:
        st.query_params.pop("capture", None)


def show_opened() -> None:
    """The capture that the address names, if it names one."""
    capture_id = st.query_params.get("capture")
    if capture_id is None:
        st.caption("Select a row to open it, several to download them.")
        return
    st.subheader("Opened capture")
    with parts.errors_shown():
        detail.show(captures.one(capture_id))


def show_captures() -> None:
    """The list, from filters to the opened capture."""
    view = addressed_view()
    chosen = view.filter()
    page = listed(chosen, view.page or NEWEST)
    total = matching(chosen)
    toolbar = st.container(horizontal=True, vertical_alignment="center")
    with st.container(horizontal=True, vertical_alignment="center"):
        filters.show_chips(view, go)
    selected: list[TriageItem] = []
    if total:
        show_place(view, page, total)
    else:
        show_empty(view)
    if page.items:
        selected = show_table(view, page)
    with toolbar:
        filters.show_popover(view, go)
        show_ways(view, page)
        if total:
            download.show(chosen, total, selected)
    if page.items or view.capture:
        show_opened()


with st.container(horizontal=True, horizontal_alignment="distribute"):
    shown = st.segmented_control(
        "Show",
        ["Captures", IMPORTS],
        default=IMPORTS if st.query_params.get("show") == IMPORTS.lower() else "Captures",
        required=True,
        key="captures_shown",
        label_visibility="collapsed",
    )
    settings.show()
if shown == IMPORTS:
    st.query_params.from_dict({"show": IMPORTS.lower()})
    imports.show()
else:
    show_captures()
