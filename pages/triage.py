"""Work through flagged predictions: review one, give a verdict and the true class, next."""

from dataclasses import replace

import streamlit as st

from core.records.plain_text import message
from core.records.queries import WAITING
from core.records.triage import Queue
from pages._shared import keys as _keys
from pages._shared import visits
from pages._shared.user import current
from pages._triage import around, item, keys, state
from pages._triage import bar as _triage_bar
from pages._triage import queue as _triage_queue
from pages._triage.draft import Message
from pages._triage.state import Work
from pages._triage.view import TriageView

MESSAGES, COLUMN = 60, 200  # pixels
ICONS = {
    "error": ":material/error:",
    "warning": ":material/group:",
    "info": ":material/undo:",
    "address": ":material/link_off:",
}


def go(view: TriageView) -> None:
    """Another view: its address, and the page drawn anew."""
    write(view)
    st.rerun()


def write(view: TriageView) -> None:
    """Let the address say what the page shows."""
    state.work().address = address = view.write()
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def open_something(work: Work) -> TriageView:
    """What the address asks for, or what comes next; returns what is listed.

    What is open stays open otherwise, unless it is not in what is listed from now on. The address
    asks for something when the page is entered. From then on it only says what the page shows: the
    one that the browser sends along with a click may be that of a click ago.
    """
    asked = work.visit != visits.current()
    if asked:
        work.visit, work.address = visits.current(), st.query_params.to_dict()
    view, problems = TriageView.read(work.address)
    for problem in problems:
        work.report("address", problem)
    if not asked:
        view = replace(view, capture=None)
    session = work.session
    other_list = session.wanted != view.wanted()
    session.want(view.wanted())
    if view.capture and (session.opened is None or session.opened.capture_id != view.capture):
        work.open(view.capture)
    elif other_list and not view.capture and session.opened:
        own = replace(view.filter(), capture_ids=(session.opened.capture_id,))
        if not current().captures.count(own):
            session.next()
    if session.opened is None:
        session.next()
    session.keep()
    work.begin_turn()
    return replace(view, capture=None)


def show_nothing(view: TriageView, queue: Queue) -> None:
    """Why nothing is open: nothing waits, nothing that matches, or others have it."""
    waiting = current().captures.count(WAITING)
    if queue.waiting:
        st.info(
            f"Others have all {queue.waiting:,} of it.",
            icon=":material/group:",
            title="In work elsewhere",
        )
    elif waiting:
        st.info(
            f"{waiting:,} flagged predictions wait. Remove a filter to see them.",
            icon=":material/filter_alt_off:",
            title="Nothing that waits matches",
        )
    else:
        st.success(
            "Nothing waits. Flagged predictions appear here.",
            icon=":material/task_alt:",
            title="The queue is empty",
        )


def show_messages(work: Work) -> None:
    """The result of the last keys or button, in a place that is always as high."""
    with st.container(height=MESSAGES, border=False, gap="xsmall", key="triage_messages"):
        for each in work.messages:
            show_message(each)


def show_message(each: Message) -> None:
    """One result."""
    if each.kind == "done":
        st.caption(f":green[:material/check:] {message(each.text)}")
    elif each.kind == "error":
        st.error(message(each.text), icon=ICONS[each.kind])
    elif each.kind == "info":
        st.info(message(each.text), icon=ICONS[each.kind])
    else:
        st.warning(message(each.text), icon=ICONS[each.kind])


def listen(work: Work) -> None:
    """Keys count for what is open from here on, as soon as it is on the screen."""
    answered = [*keys.MOVING, *(keys.DECIDING if work.session.analyst.may_decide else ())]
    if work.draft.all_signs:
        answered.append(keys.CLOSE)
    _keys.listen(answered, keys.FIELDS, place=work.place)


def show() -> None:
    """What is open first, whatever else there is to read from the log afterwards."""
    work = state.work()
    work.press(_keys.pressed())
    view = open_something(work)
    opened = work.session.opened
    write(replace(view, capture=opened.capture_id) if opened else view)
    bar = st.container()
    columns = st.grid(4, min_column_width=COLUMN)  # too narrow for four: the list stands below
    main, side = columns.cell(column_span=3), columns.cell()
    with main:
        context = work.context()
        if opened:
            item.show(opened, context)
        else:
            item.show_moves(None)
            show_nothing(view, work.session.queue)
        show_messages(work)
        listen(work)
    queue = work.session.read_queue()
    with bar:
        _triage_bar.show(view, queue, go)
    with side:
        _triage_queue.show(view, queue)
    with main:
        if opened:
            item.show_facts(opened, context)
            around.show(opened, context)
    work.messages.clear()


show()
