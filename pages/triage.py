"""Work through flagged predictions: review one, give a verdict and the true class, next."""

import streamlit as st

from core.errors import SignwatchError
from pages._shared import keys as _keys
from pages._triage import around, item, keys, state
from pages._triage import bar as _triage_bar
from pages._triage import queue as _triage_queue
from pages._triage.state import Work
from pages._triage.view import TriageView

BOXES = {"error": st.error, "warning": st.warning, "info": st.info}
ICONS = {"error": ":material/error:", "warning": ":material/group:", "info": ":material/undo:"}


def go(view: TriageView) -> None:
    """Another view: its address, and the page drawn anew."""
    st.query_params.from_dict(view.write())
    st.rerun()


def addressed_view(work: Work) -> TriageView:
    """The view that the address asks for. What is asked for by id counts until something moved."""
    view, problems = TriageView.read(st.query_params)
    for problem in problems:
        st.warning(problem, icon=":material/link_off:")
    if work.moved and view.capture:
        del st.query_params["capture"]
        view, _ = TriageView.read(st.query_params)
    work.moved = False
    return view


def open_something(view: TriageView, work: Work) -> None:
    """What the address asks for, or what comes next; what is open stays open otherwise."""
    session = work.session
    session.want(view.wanted())
    if view.capture and (session.opened is None or session.opened.capture_id != view.capture):
        try:
            session.open(view.capture)
        except SignwatchError as error:
            work.report("error", str(error))
    if session.opened is None:
        session.next()
    session.keep()
    work.begin_turn()


def show_messages(work: Work) -> None:
    """The result of the last keys or button."""
    for each in work.messages:
        if each.kind == "done":
            st.caption(f":green[:material/check:] {each.text}")
        else:
            BOXES[each.kind](each.text, icon=ICONS[each.kind])


def listen(work: Work) -> None:
    """Keys count for what is open from here on, as soon as it is on the screen."""
    answered = [*keys.MOVING, *(keys.DECIDING if work.session.analyst.may_decide else ())]
    _keys.listen(answered, keys.FIELDS, place=work.place)


def show() -> None:
    """What is open first, whatever else there is to read from the log afterwards."""
    work = state.work()
    work.press(_keys.pressed())
    view = addressed_view(work)
    bar = st.container()
    main, side = st.columns([4, 1], gap="large")
    open_something(view, work)
    opened = work.session.opened
    with main:
        with st.container():  # always, so that nothing below moves, and keys answer meanwhile
            show_messages(work)
        if opened:
            item.show(opened)
        else:
            st.success(
                "Nothing waits. Flagged predictions appear here.",
                icon=":material/task_alt:",
                title="The queue is empty",
            )
        listen(work)
    queue = work.session.read_queue()
    with bar:
        _triage_bar.show(view, queue, go)
    with side:
        _triage_queue.show(view, queue)
    with main:
        if opened:
            around.show(opened)
    work.messages.clear()


show()
