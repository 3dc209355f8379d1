"""The verdict on what is open: the true class, a note, for how many, and the verdict."""

import streamlit as st

from core.labels import all_labels, class_name
from core.plots import thumbnail
from core.records.analysts import Permission
from core.records.plain_text import plain
from core.records.triage import Opened
from core.records.verdicts import Verdict
from core.services import samples
from pages._shared import keys as _keys
from pages._shared import user
from pages._triage import keys, state
from pages._triage.cockpit import small
from pages._triage.draft import ONE, Draft
from pages._triage.state import Work

TILE = 44
SIGNS_IN_A_ROW = 12


def show(opened: Opened) -> None:
    """Everything from the true class to the verdict; nothing but the verdicts for a viewer."""
    may = user.control(Permission.VERDICTS)
    if may["disabled"]:
        st.info("You can view but not decide.", icon=":material/visibility:")
        with st.container(horizontal=True, gap="small"):
            for verdict in keys.VERDICTS:
                key = f"triage_{verdict.name.lower()}_{opened.turn}"
                st.button(verdict.words.capitalize(), key=key, **may)
        return
    chosen, turn = state.work().draft, opened.turn
    _show_true_class(opened, chosen)
    with st.container(horizontal=True, gap="small", key="triage_verdicts"):
        count = _count(chosen)
        for verdict, key in keys.VERDICTS.items():
            st.button(
                verdict.words.capitalize() + (f" x {count:,}" if count > 1 else ""),
                key=f"triage_{verdict.name.lower()}_{turn}",
                shortcut=key,
                type="primary" if chosen.pending is verdict else "secondary",
                on_click=state.do,
                args=(Work.give, turn, verdict),
            )


def show_more(opened: Opened) -> None:
    """What each key does."""
    if user.control(Permission.VERDICTS)["disabled"]:
        return
    _keys.legend(keys.LEGEND)


def _show_true_class(opened: Opened, chosen: Draft) -> None:
    needing = " or ".join(each.words for each in Verdict if each.needs_true_class)
    right = chosen.true_class
    if chosen.pending:
        st.markdown(
            f":red[**{chosen.pending.words.capitalize()}: which sign is it really?**] "
            "Choose it by number, by name or from all signs."
        )
    else:
        st.markdown(
            f"**True class**, for {needing}: "
            + ("not chosen yet" if right is None else f":blue[**{class_name(right)}**]")
        )
    if chosen.all_signs:
        _show_all_signs(opened.turn, chosen)
    else:
        _show_offered(opened.turn, chosen)
    _show_typed(opened.turn, chosen)


def _show_offered(turn: int, chosen: Draft) -> None:
    """The suggested classes, each with its number."""
    with st.grid(3, min_column_width=210, gap="xsmall", key="triage_likely") as grid:
        for number, class_id in enumerate(chosen.offered, start=1):
            with (
                grid.cell(),
                st.container(
                    horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False
                ),
            ):
                _image(class_id, width=36)
                _take(turn, class_id, chosen, class_name(class_id), shortcut=str(number))


def _show_typed(turn: int, chosen: Draft) -> None:
    """A class by its name or number, the way to all signs, and a note."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(key="triage_class"):
            st.selectbox(
                "True class by name",
                [each.class_id for each in all_labels()],
                index=None,
                format_func=class_name,
                key=f"triage_class_{turn}",
                on_change=state.choose_typed,
                args=(turn,),
                label_visibility="collapsed",
                placeholder="By name or number (P)",
            )
        st.button(
            "All signs",
            icon=":material/grid_view:",
            shortcut=keys.ALL_SIGNS,
            key=f"triage_all_signs_{turn}",
            on_click=state.do,
            args=(Work.toggle, turn, "all_signs"),
            type="primary" if chosen.all_signs else "secondary",
        )
        with st.container(key="triage_note"):
            st.text_input(
                "Note",
                max_chars=1000,
                key=f"triage_note_{turn}",
                on_change="ignore",
                label_visibility="collapsed",
                placeholder="Note (M)",
            )


def _show_all_signs(turn: int, chosen: Draft) -> None:
    with st.grid(SIGNS_IN_A_ROW, min_column_width=48, gap="xsmall", key="triage_all") as grid:
        for each in all_labels():
            with grid.cell(), st.container(gap="xxsmall"):
                _image(each.class_id, width=TILE)
                _take(turn, each.class_id, chosen, str(each.class_id), place="all")


def _image(class_id: int, *, width: int) -> None:
    if image := sign_image(class_id):
        small(image, class_name(class_id), width=width)


def _take(
    turn: int,
    class_id: int,
    chosen: Draft,
    label: str,
    *,
    shortcut: str | None = None,
    place: str = "likely",
) -> None:
    """The button that takes a class."""
    st.button(
        plain(label),
        shortcut=shortcut,
        key=f"triage_{place}_{class_id}_{turn}",
        help=class_name(class_id) if place == "all" else None,
        width="stretch",
        on_click=state.do,
        args=(Work.choose, turn, class_id),
        type="primary" if chosen.true_class == class_id else "secondary",
    )


@st.cache_data(show_spinner=False)
def sign_image(class_id: int) -> str | None:
    """The first sample sign of a class, small; None where none is installed."""
    own = samples.of_class(class_id)
    return thumbnail(own[0].image().pixels) if own else None


def _count(chosen: Draft) -> int:
    return 1 if chosen.given_to == ONE else 1 + len(state.work().others())
