"""The drill: one button, its progress, and when each rule noticed, this time and before."""

import streamlit as st

from core.labels import class_name
from core.records.analysts import Permission
from core.records.drills import STOP, STRENGTHS, Detection, DrillPlan, DrillReport
from core.records.plain_text import Markdown, message, plain
from pages._shared import parts, user
from pages._shared.job import DRILLS
from pages._shared.user import current

ONE = "one"  # the mode of the work
SHOWN = 20
WIDTH = 210  # pixels: when a rule noticed comes first, also on a narrow screen


def show() -> None:
    """A box of its own."""
    DRILLS.collect()
    if not DRILLS.running(ONE) and (job := current().simulation.drills.under_way()):
        DRILLS.join(ONE, job)  # another window began it, or this one before a reload
    with st.container(border=True):
        _choose()
        if DRILLS.running(ONE):
            DRILLS.show()
            return
        kept = current().simulation.drills.latest(SHOWN)
        if not kept:
            st.caption("No drill yet.")
            return
        _report(kept[0])
        if len(kept) > 1:
            with st.expander(f"Earlier drills ({len(kept) - 1})"):
                _table(kept[1:])


def _choose() -> None:
    """Strength and target, and the button."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**Drill:** attack the running endpoint and see when each rule notices",
            width="stretch",
        )
        with st.popover("Target", icon=":material/tune:"):
            target = parts.choose_class("Target class", key="drill_target", class_id=STOP)
            seed = st.number_input(
                "Seed",
                0,
                10_000,
                0,
                key="drill_seed",
                help="The same seed sends the same requests.",
            )
        share = st.segmented_control(
            "Share of the traffic",
            STRENGTHS,
            default=STRENGTHS[-1],
            key="drill_share",
            format_func=lambda share: f"{share:.0%}",
            required=True,
            label_visibility="collapsed",
        )
        if not st.button(
            "Start drill",
            icon=":material/emergency_home:",
            **user.control(Permission.DRILLS, disabled=DRILLS.running(ONE)),
        ):
            return
    with parts.errors_shown():
        drills = current().simulation.drills
        if job := drills.job(drills.start(DrillPlan(share, target, seed=seed))):
            DRILLS.keep(ONE, job)
        st.rerun()


def _report(report: DrillReport) -> None:
    """One drill in full."""
    if report.alarm is None:
        st.warning(message(report.sentence), icon=":material/notifications_off:")
    else:
        st.success(message(report.sentence), icon=":material/notifications_active:")
    st.caption(_facts(report))
    st.dataframe(
        [_row(each) for each in report.detections],
        column_config={"noticed": st.column_config.TextColumn(width=WIDTH)},
        hide_index=True,
        alt="When each rule noticed the attack",
    )
    st.caption(
        "Predictions and seconds count from the first attacked one. A window rule is evaluated "
        "after each prediction, over a window that begins with the drill. False alarms are those "
        "on the clean traffic before. Rules that do not decide are for comparison."
    )
    for alert in report.alerts:
        if alert.delivered:
            st.markdown(
                f":green[:material/check:] Alert delivered to "
                f"{plain(alert.channel)} after {alert.seconds:.1f} s."
            )
        else:
            st.markdown(
                f":red[:material/error:] Alert not delivered to "
                f"{plain(alert.channel)}: {message(alert.reason)}"
            )
    if report.alarm is not None and not report.alerts:
        st.caption("No alert channel (SIGNWATCH_ALERTS), so nobody was notified.")
    if report.lasting:
        st.caption(f"Still in violation at its end: {message(report.lasting)}.")


def _facts(report: DrillReport) -> Markdown:
    plan, sent = report.plan, report.attacked + report.interspersed
    facts = [
        f"{report.began_at:%Y-%m-%d %H:%M:%S} UTC",
        plain(plan.title),
        f"{plain(plan.attack)}, seed {plan.seed:d}",
        f"{report.clean:,} clean requests, then {sent:,}, of them {report.attacked:,} attacked",
    ]
    if report.uncovered >= 0.01:
        facts.append(f"no sample sign for {report.uncovered:.0%} of the baseline")
    return " · ".join(facts)


def _row(found: Detection) -> dict[str, object]:
    when = found.why
    if found.after is not None:
        when = f"after {found.after:,} predictions, {found.seconds:.1f} s"
    return {
        "noticed": when,
        "rule": found.rule,
        "named": "" if found.class_id is None else class_name(found.class_id),
        "false alarms": found.false_alarms,
        "decides": found.decides,
    }


def _table(reports: list[DrillReport]) -> None:
    st.dataframe(
        [
            {
                "at": each.began_at,
                "what": each.plan.title,
                "predictions": each.alarm.after if each.alarm else None,
                "seconds": each.alarm.alarm_seconds if each.alarm else None,
                "alerts delivered": sum(alert.delivered for alert in each.alerts),
            }
            for each in reports
        ],
        column_config={
            "at": st.column_config.DatetimeColumn("at (UTC)", timezone="UTC"),
            "seconds": st.column_config.NumberColumn(format="%.1f"),
        },
        hide_index=True,
        alt="Earlier drills",
    )
