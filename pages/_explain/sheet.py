"""Many captures at once: what did the model look at when it predicted a class?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from core import plots
from core.labels import all_labels, class_name
from core.plots import ContactSheet, Means, Tile, explanations
from core.records.explanations import MOST_TILES
from core.records.plain_text import plain
from core.records.queries import CaptureFilter
from core.records.window import Window, now
from pages._explain.link import FEWEST, KINDS, ExplainLink, current_link
from pages._shared import choices, parts, visits
from pages._shared.user import current

PERIODS = {
    15: "Last 15 minutes",
    60: "Last hour",
    1440: "Last day",
    10_080: "Last week",
    43_200: "Last 30 days",
}
MOST_CLASSES = 5  # of which mean maps are shown
SUSPECTS, OTHERS = "Adversarial or flagged", "The others"


def show() -> None:
    """Choice, mean maps, tiles."""
    _choose()
    link = current_link()
    when = "" if link.class_id is None else f" when it predicted {class_name(link.class_id)}"
    st.subheader(f"What did the model look at{when}?")
    with parts.errors_shown():
        sheet = _made(link)
        _show_count(sheet)
        if sheet.tiles:
            _show_means(sheet, link)
            _show_tiles(sheet, link)


def choose_count() -> None:
    """How large the sheet may get."""
    st.slider(
        "Images, at most", FEWEST, MOST_TILES, step=6, key="explain_count", persist_state="page"
    )


def _choose() -> None:
    choices.settle("explain_sheet", list(KINDS))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(horizontal=True, width="content"):  # labels in one line
            st.segmented_control(
                "Captures",
                list(KINDS),
                format_func=KINDS.get,
                key="explain_sheet",
                required=True,
                persist_state="page",
            )
            ids = [None, *(each.class_id for each in all_labels())]
            st.selectbox(
                "Predicted class",
                ids,
                key="explain_class_id",
                width=240,
                placeholder="All classes",  # what is shown for None
                persist_state="page",
                format_func=lambda k: "All classes" if k is None else class_name(k),
            )
            _choose_window()
        if st.button("Refresh", icon=":material/refresh:", help="Include new captures"):
            st.session_state.pop("explain_sheet_made", None)


def _choose_window() -> None:
    link = current_link()
    if link.since and link.until:
        with st.container(gap="xxsmall", width="content"):
            st.caption(f"{link.since:%Y-%m-%d %H:%M:%S} to {link.until:%H:%M:%S} UTC")
            st.button(
                "Until now instead",
                type="tertiary",
                icon=":material/schedule:",
                on_click=st.session_state.update,
                args=({"explain_since": None, "explain_until": None},),
            )
        return
    st.selectbox(
        "Window",
        sorted({*PERIODS, link.minutes}),
        key="explain_minutes",
        width=180,
        format_func=lambda n: PERIODS.get(n, f"Last {n:,} minutes"),
        persist_state="page",
    )


def _made(link: ExplainLink) -> ContactSheet:
    """The sheet, made again only when something else is asked for, or the page is entered anew."""
    view = ExplainLink()
    past = link.since and link.until
    asked = (
        replace(link, colours=view.colours, opacity=view.opacity),
        current().model.sha256,
        0 if past else visits.current(),
    )
    known = st.session_state.get("explain_sheet_made")
    if known is None or known[0] != asked:
        window = (
            Window(link.since, link.until, link.endpoint)
            if past
            else Window(now() - timedelta(minutes=link.minutes), now(), link.endpoint)
        )
        chosen = CaptureFilter(
            window=window,
            class_id=link.class_id,
            suspect={"suspect": True, "other": False}.get(link.sheet or "all"),
        )
        with parts.progress_bar("Computing maps") as report:
            sheet = current().explanations.contact_sheet(
                chosen, limit=link.count, method=link.method, progress=report
            )
        known = st.session_state["explain_sheet_made"] = asked, sheet
    return known[1]


def _show_count(sheet: ContactSheet) -> None:
    matching = sheet.suspects + sheet.others
    if not matching:
        st.info(
            "Choose a longer window, another class, or send some traffic.",
            icon=":material/filter_alt_off:",
            title="No capture with an image matches",
        )
        with st.container(horizontal=True):
            st.page_link("captures.py", label="See all captures", icon=":material/database:")
            st.page_link("attack.py", label="Send attacked signs", icon=":material/bolt:")
        return
    shown = sum(tile.copies for tile in sheet.tiles)
    text = f"{shown:,} of {matching:,} captures with an image"
    if shown + sheet.unreadable < matching:
        text += ", chosen evenly over the window"
    if shown > len(sheet.tiles):
        text += f"; equal ones are shown once: {len(sheet.tiles):,} images"
    if sheet.unreadable:
        text += f"; {sheet.unreadable:,} more cannot be read or are deleted by retention"
    st.caption(f"{text}. Each map explains the predicted class; all share one colour scale.")


def _show_means(sheet: ContactSheet, link: ExplainLink) -> None:
    means = sheet.means()
    maps = [each.map for mean in means for each in (mean.suspect, mean.other) if each]
    largest = plots.common_scale(maps)
    for mean in means[:MOST_CLASSES]:
        st.markdown(f"**Mean map for {class_name(mean.class_id)}**")
        _show_mean(mean, largest, link)
    if len(means) > MOST_CLASSES:
        st.caption(
            f"Mean maps of the {MOST_CLASSES} classes with most images here, of "
            f"{len(means)}. Choose a class for its own."
        )


def _show_mean(means: Means, largest: float, link: ExplainLink) -> None:
    columns = iter(st.columns(3, gap="medium"))
    for title, mean in ((SUSPECTS, means.suspect), (OTHERS, means.other)):
        if mean is None:
            continue
        with next(columns):
            count = f"{mean.count:,} images" if mean.count > 1 else "one image"
            st.caption(f"{plain(title)}, {count}")
            st.plotly_chart(
                explanations.heat_map(
                    mean.pixels,
                    mean.map,
                    largest=largest,
                    style=link.style,
                    beside="map",
                    height=220,
                ),
                key=f"mean_{means.class_id}_{title}",
                config={"displayModeBar": False},
                alt=f"Mean map for {class_name(means.class_id)}: {title.lower()}",
            )
    if means.suspect is not None and means.difference is not None:
        with next(columns):
            st.caption("Difference: red for the former, blue for the latter")
            st.plotly_chart(
                explanations.signed_difference(
                    means.suspect.pixels, means.difference, largest=largest, height=220
                ),
                key=f"mean_{means.class_id}_difference",
                config={"displayModeBar": False},
                alt=f"Signed difference of the mean maps for {class_name(means.class_id)}",
            )


def _show_tiles(sheet: ContactSheet, link: ExplainLink) -> None:
    for title, suspect, matching in (
        (SUSPECTS, True, sheet.suspects),
        (OTHERS, False, sheet.others),
    ):
        tiles = [tile for tile in sheet.tiles if tile.suspect == suspect]
        if tiles:
            shown = sum(tile.copies for tile in tiles)
            st.markdown(f"**{plain(title)}** ({shown:,} of {matching:,})")
            with st.grid(8, min_column_width=120, gap="small") as grid:
                for tile in tiles:
                    with grid.cell(), st.container(gap="xxsmall"):
                        _show_tile(tile, sheet.scale, link)


def _show_tile(tile: Tile, largest: float, link: ExplainLink) -> None:
    capture, style = tile.capture, link.style
    shown = plots.overlay(
        tile.pixels,
        tile.explanation.map,
        largest=largest,
        colours=style.colours,
        opacity=style.opacity,
    )
    name = class_name(tile.explanation.class_id)
    st.image(shown, width="stretch", alt=f"Map for {name} over a captured image")
    sure = "" if capture.confidence is None else f" · {capture.confidence:.0%}"
    times = f" · × {tile.copies:,}" if tile.copies > 1 else ""
    view = replace(
        ExplainLink(),
        capture=capture.capture_id,
        method=link.method,
        colours=link.colours,
        opacity=link.opacity,
    )
    st.page_link(
        "explain.py",
        label=(name if link.class_id is None else "Open") + sure + times,
        icon="",
        query_params=view.write(),
        help=f"{'Latest: ' if times else ''}{capture.inferred_at:%Y-%m-%d %H:%M:%S} UTC",
    )
