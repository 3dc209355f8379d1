"""The Overview's headline: how things stand now, and what the latest runs found."""

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from core.labels import all_labels, class_name
from core.records.analysts import Permission
from core.records.monitoring import Execution, ExecutionStatus, WindowFigures
from core.records.plain_text import Markdown, message, plain, short
from core.records.queries import CaptureFilter
from core.records.situation import ClassInQuestion, Situation
from pages._explain.link import to_class, to_violation
from pages._monitor.execution import link_to
from pages._shared import parts, user
from pages._shared.user import current
from pages._triage.view import TriageView

SHOWN, AMONG, WIDTH = 3, 50, 76  # images of the class in question, of how many, their side


def show_now(found: Situation, stretch: str) -> None:
    """One sentence on the traffic as it is now, with images and what to do.

    stretch: the length of the window in words.
    """
    with st.container(border=True, key="now"):
        left, right = st.columns([5, 2], vertical_alignment="center")
        with left:
            _say(found, stretch)
            with st.container(horizontal=True, vertical_alignment="center"):
                if question := found.question:
                    _link(found, question)
                _run_now()
        if question := found.question:
            with right:
                _show_images(found, question)


def _say(found: Situation, stretch: str) -> None:
    if found.calm:
        st.subheader(
            f":green[:material/check_circle:] As expected: "
            f"{found.figures.total:,} predictions in the last {plain(stretch)}",
            anchor=False,
        )
        st.markdown(
            f"No class is above {found.threshold:.0%}, and no alarm of the drift detector stands."
            + _of_drills(found)
        )
        return
    question = found.question
    if question is None:
        st.subheader(":red[:material/warning:] The drift detector alarms", anchor=False)
    else:
        expected = question.expected
        st.subheader(
            f":red[:material/warning:] {class_name(question.class_id)} is "
            f"{question.share:.1%} of the last {plain(stretch)}"
            + ("" if expected is None else f", {expected:.1%} in the baseline"),
            anchor=False,
        )
    about = "" if question is None else _about(question)
    alarms = "".join(f"  \nDrift detector: {message(each)}." for each in found.alarms)
    st.markdown(f"{about}{_of_drills(found)}{alarms}")


def _about(question: ClassInQuestion) -> Markdown:
    """Since when, from where, how many flagged."""
    since = question.since
    when = f"Since {_clock(since)} UTC. " if since else ""
    source = question.source
    where = f"Most from source {plain(short(source))}. " if source else ""
    return f"{when}{where}**{question.flagged:,}** of these predictions are flagged."


def _clock(moment: datetime) -> Markdown:
    today = datetime.now(UTC).date() == moment.date()
    return f"{moment:%H:%M}" if today else f"{moment:%Y-%m-%d %H:%M}"


def _of_drills(found: Situation) -> Markdown:
    if not found.drilled:
        return ""
    whole = found.drilled == found.figures.total
    return (
        f" :orange-badge[:material/exercise: Drill] "
        f"{'All' if whole else f'{found.drilled:,}'} of these predictions "
        f"{'were' if found.drilled != 1 else 'was'} sent by a drill."
    )


def _link(found: Situation, question: ClassInQuestion) -> None:
    """To the heat maps of the class, and to what of it waits."""
    window, class_id = found.window, question.class_id
    if class_id < len(all_labels()):
        st.page_link(
            "explain.py",
            label="Heat maps",
            icon=":material/visibility:",
            query_params=to_class(window, class_id),
        )
    st.page_link(
        "triage.py",
        label="Review",
        icon=":material/fact_check:",
        query_params=TriageView(predicted=class_id, since=window.start).write(),
    )


def _run_now() -> None:
    if st.button(
        "Run now",
        icon=":material/play_arrow:",
        key="overview_run_now",
        **user.control(Permission.RUN_MONITOR),
    ):
        with parts.errors_shown():
            current().monitoring.run()


def _show_images(found: Situation, question: ClassInQuestion) -> None:
    """The newest images of the class, each once, flagged ones where there are any."""
    captures = current().captures
    chosen = CaptureFilter(window=found.window, class_id=question.class_id, with_image=True)
    flagged = replace(chosen, flagged=True if question.flagged else None)
    newest = [item.capture.image_sha256 for item in captures.newest(flagged, limit=AMONG)]
    different = list(dict.fromkeys(newest))[:SHOWN]
    files = captures.stored_images(different)
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        for name in different:
            if file := files.get(name or ""):
                st.image(
                    parts.thumbnail(file.sha256, file),
                    width=WIDTH,
                    alt=f"predicted as {class_name(question.class_id)}",
                )


def show_runs() -> None:
    """What stands of the monitor's runs, red where it is a violation."""
    latest = next(iter(current().monitoring.executions(1, ended=True)), None)
    if latest is None:
        st.caption(":material/schedule: No run yet. The monitor runs on schedule, or now.")
        return
    standing = current().monitoring.standing()
    violated = [run for run in standing if run.violations]
    if violated:
        _show_violation(violated[0], more=len(violated) - 1)
        if latest.status is ExecutionStatus.FAILED:
            st.caption(
                f"The latest run evaluated nothing, {_when(latest)}: {message(latest.message)}"
            )
        return
    if latest.status is ExecutionStatus.FAILED:
        st.warning(
            f"{message(latest.message)}  \n{_when(latest)}",
            icon=":material/help:",
            title="Not evaluated",
        )
    else:
        st.caption(f":material/check: Latest run, {_when(latest)}: no violation.")
    for earlier in current().monitoring.executions(
        1, status=ExecutionStatus.COMPLETED_WITH_VIOLATIONS
    ):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"Latest violation, {earlier.started_at:%Y-%m-%d %H:%M:%S} UTC: "
                f"{message(earlier.violations[0].description)}",
                width="content",
            )
            _link_to_maps(earlier)


def _show_violation(run: Execution, *, more: int) -> None:
    """A violation that stands, and what to do about it. more: how many stand besides."""
    others = f"  \n{more} more {'run' if more == 1 else 'runs'} in violation" if more else ""
    st.error(
        f"{message(run.message)}  \n{_when(run)}{others}",
        icon=":material/warning:",
        title="Violation",
    )
    with st.container(horizontal=True):
        _link_to_maps(run)
        st.page_link("triage.py", label="Review flagged predictions", icon=":material/fact_check:")
        st.page_link(
            "monitor.py",
            label="Open the run",
            icon=":material/notifications_active:",
            query_params=link_to(run),
        )


def _when(run: Execution) -> Markdown:
    """When it began, and over how many predictions."""
    predictions = f", {run.figures.total:,} predictions" if run.figures else ""
    return f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC{predictions}"


def show_leader(found: WindowFigures, threshold: float) -> None:
    """The most predicted class, red above the threshold."""
    if not found.counts:
        st.metric(
            "Most predicted class",
            "not computed",
            "no readable prediction",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        return
    top_class, top_share = next(iter(found.shares().items()))
    # The share is what fits at any width in large type; names are long.
    st.metric(
        "Most predicted class",
        f"{top_share:.1%}",
        class_name(top_class),
        delta_color="red" if top_share > threshold else "off",
        delta_arrow="off",
        border=True,
    )


def _link_to_maps(execution: Execution) -> None:
    """From each class of its violations to the heat maps of those predictions."""
    for class_id in current().monitoring.classes_in_question(execution):
        if class_id < len(all_labels()):
            st.page_link(
                "explain.py",
                label=f"Why {class_name(class_id)}? See the heat maps",
                icon=":material/visibility:",
                query_params=to_violation(execution, class_id),
            )
