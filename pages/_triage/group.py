"""The group of what is open, and how many of it get the verdict."""

from collections.abc import Mapping, Sequence, Set

import streamlit as st

from core.labels import class_name
from core.plots import base
from core.records.plain_text import Markdown, html
from core.records.triage import ItemContext, Opened, Standing, Status, Thumbnail
from pages._shared.user import current
from pages._triage import keys, state
from pages._triage.cockpit import small
from pages._triage.draft import GROUP, SIMILAR
from pages._triage.state import Work

MOST_SHOWN = 24
TILE = 56
WORDS = {Status.NEW: "", Status.IN_WORK: "in work", Status.DONE: "done"}
FRAMES = {"own": base.ORDINARY, "flagged": base.ALARM, "other": "transparent"}


def show(opened: Opened, context: ItemContext) -> None:
    """Where there is more than the open one: how many wait, which are similar, and a choice."""
    if len(context.members) < 2:
        return
    standing = current().triage.standing(context.members)
    waits = {name for name, each in standing.items() if each.status is not Status.DONE}
    are = "prediction is" if len(waits) == 1 else "predictions are"
    st.markdown(f"**{len(waits):,} similar {are} waiting** (same source and class).")
    if state.work().session.analyst.may_decide and len(waits) > 1:
        _show_choice(opened.turn, context, waits)
    tiles = sorted(context.group, key=lambda tile: not tile.similar)[:MOST_SHOWN]
    if state.work().draft.tiles:
        _show_tiles(opened.turn, tiles, waits)
    else:
        st.html(strip(tiles, opened.capture_id, notes=_notes(tiles, standing, opened.capture_id)))
    if len(context.group) > len(tiles):
        st.caption(f"{len(tiles):,} of {len(context.group):,} different images are shown.")


def _show_choice(turn: int, context: ItemContext, waits: Set[str]) -> None:
    similar = [
        name for tile in context.group if tile.similar for name in tile.copies if name in waits
    ]
    chosen = state.work().draft
    with st.container(horizontal=True, gap="small"):
        for which, label, key, enough in (
            (SIMILAR, f"All similar ({len(similar):,})", keys.SIMILAR, len(similar) > 1),
            (GROUP, f"Whole group ({len(waits):,})", keys.GROUP, True),
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


def _show_tiles(turn: int, tiles: Sequence[Thumbnail], waits: Set[str]) -> None:
    chosen = state.work().draft.chosen
    with st.grid(8, min_column_width=TILE, gap="xsmall", key="triage_tiles") as grid:
        for number, tile in enumerate(tiles, start=1):
            name = tile.capture.capture_id
            with grid.cell(), st.container(gap="xxsmall"):
                small(tile.image, f"{number} of the group", width=TILE)
                st.checkbox(
                    f"{number:d}{times(tile)}",
                    name in chosen,
                    key=f"triage_mark_{name}_{turn}",
                    disabled=waits.isdisjoint(tile.copies),
                    on_change=state.do,
                    args=(Work.mark, turn, name),
                )


def times(tile: Thumbnail) -> Markdown:
    """How many captures show this very image, where it is more than one."""
    return f" x {len(tile.copies):,}" if len(tile.copies) > 1 else ""


def _notes(
    tiles: Sequence[Thumbnail], standing: Mapping[str, Standing], own: str
) -> dict[str, str]:
    """How far each image is: open, or the least that any of its captures is."""
    found = {}
    for tile in tiles:
        name, least = tile.capture.capture_id, {standing[each].status for each in tile.copies}
        word = next(word for status, word in WORDS.items() if status in least)
        found[name] = f"{'open' if name == own else word}{times(tile)}".strip()
    return found


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
