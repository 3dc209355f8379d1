"""The group of what is open, and how many of it get the verdict."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.labels import class_name
from core.plots import base
from core.records.plain_text import html
from core.records.triage import ItemContext, Opened, Standing, Status, Thumbnail
from pages._shared.user import current
from pages._triage import keys, state
from pages._triage.draft import GROUP, SIMILAR
from pages._triage.state import Work

MOST_SHOWN = 24
TILE = 56
FRAMES = {"own": base.ORDINARY, "flagged": base.ALARM, "other": "transparent"}


def show(opened: Opened, context: ItemContext) -> None:
    """Where there is more than the open one: how many wait, which are similar, and a choice."""
    if len(context.group) < 2:
        return
    names = [tile.capture.capture_id for tile in context.group]
    standing = current().triage.standing(names)
    waits = [name for name in names if standing[name].status is not Status.DONE]
    are = "prediction is" if len(waits) == 1 else "predictions are"
    st.markdown(f"**{len(waits):,} similar {are} waiting** (same source and class).")
    if state.work().session.analyst.may_decide and len(waits) > 1:
        _show_choice(opened.turn, context, waits)
    tiles = sorted(context.group, key=lambda tile: not tile.similar)[:MOST_SHOWN]
    if state.work().draft.tiles:
        _show_tiles(opened.turn, tiles, waits)
    else:
        st.html(strip(tiles, opened.capture_id, notes=_notes(standing, opened.capture_id)))


def _show_choice(turn: int, context: ItemContext, waits: Sequence[str]) -> None:
    similar = [tile for tile in context.group if tile.similar and tile.capture.capture_id in waits]
    chosen = state.work().draft
    with st.container(horizontal=True, gap="small"):
        for which, label, key, enough in (
            (SIMILAR, f"All similar ({len(similar)})", keys.SIMILAR, len(similar) > 1),
            (GROUP, f"Whole group ({len(waits)})", keys.GROUP, True),
        ):
            st.button(
                label,
                shortcut=key,
                key=f"triage_to_{which}_{turn}",
                on_click=state.do,
                args=(Work.give_to, turn, which),
                disabled=not enough,
                type="primary" if chosen.given_to == which else "secondary",
                help="All of them get the verdict. Press again for one alone.",
            )
        st.button(
            "Choose some",
            shortcut=keys.TILES,
            key=f"triage_tiles_{turn}",
            on_click=state.do,
            args=(Work.toggle, turn, "tiles"),
            type="primary" if chosen.tiles else "secondary",
        )


def _show_tiles(turn: int, tiles: Sequence[Thumbnail], waits: Sequence[str]) -> None:
    chosen = state.work().draft.chosen
    with st.grid(8, min_column_width=TILE, gap="xsmall", key="triage_tiles") as grid:
        for number, tile in enumerate(tiles, start=1):
            name = tile.capture.capture_id
            with grid.cell(), st.container(gap="xxsmall"):
                st.image(tile.image, width=TILE, alt=f"{number} of the group")
                st.checkbox(
                    f"{number:d}",
                    name in chosen,
                    key=f"triage_mark_{name}_{turn}",
                    disabled=name not in waits,
                    on_change=state.do,
                    args=(Work.mark, turn, name),
                )


def _notes(standing: Mapping[str, Standing], own: str) -> dict[str, str]:
    words = {Status.NEW: "", Status.IN_WORK: "in work", Status.DONE: "done"}
    return {name: words[each.status] for name, each in standing.items()} | {own: "open"}


def strip(tiles: Sequence[Thumbnail], own: str, *, notes: Mapping[str, str]) -> str:
    """Small images in a row, as HTML: the open one framed blue, other flagged ones red."""
    figures = []
    for tile in tiles:
        capture = tile.capture
        kind = "own" if capture.capture_id == own else "flagged" if capture.flagged else "other"
        named = "no prediction" if capture.class_id is None else class_name(capture.class_id)
        class_id = "–" if capture.class_id is None else capture.class_id
        figures.append(
            f'<figure style="margin:0;text-align:center;width:{TILE + 4}px" '
            f'title="{html(named)}"><img src="{tile.image}" width="{TILE}" height="{TILE}" '
            f'alt="{html(named)}" style="border:3px solid {FRAMES[kind]};border-radius:6px;'
            'object-fit:contain"><figcaption style="font-size:11px;line-height:1.25;opacity:.75">'
            f"{class_id}<br>{html(notes.get(capture.capture_id, ''))}</figcaption></figure>"
        )
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px">{"".join(figures)}</div>'
