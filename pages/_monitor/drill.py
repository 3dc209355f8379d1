"""The drill: one button, its progress, and when each rule noticed, this time and before."""

import streamlit as st

from core.labels import class_name
from core.records.analysts import Permission
from core.records.drills import STOP, STRENGTHS, Detection, DrillPlan, DrillReport
from core.records.plain_text import Markdown, message, plain
from pages._monitor import baseline
from pages._shared import parts, user
from pages._shared.job import DRILLS
from pages._shared.user import current

ONE = "one"  # the mode of the work
SHOWN = 20
WIDTH = 210  # pixels: when a rule noticed comes first, also on a narrow screen
NO_BASELINE = "A drill needs a baseline: without one, most rules cannot notice anything"


def show() -> None:
    """The way to start one, the one under way or the latest, and those before."""
    DRILLS.collect()
    if not DRILLS.running(ONE) and (job := current().simulation.drills.under_way()):
        DRILLS.join(ONE, job)  # another window began it, or this one before a reload
    st.subheader("Drill")
    st.caption("Attacks the running endpoint and shows when each rule notices.")
    _choose()
    if DRILLS.running(ONE):
        DRILLS.show()
        return
    kept = current().simulation.drills.latest(SHOWN)
    if not kept:
        st.caption("No drill yet. Start one to see when each rule notices an attack.")
        return
    st.subheader("Latest drill")
    _report(kept[0])
    if len(kept) > 1:
        with st.expander(f"Earlier drills ({len(kept) - 1})"):
            _table(kept[1:])


def _choose() -> None:
    """Strength and target, and the button; without a baseline, why not and the way to one."""
    against = current().monitoring.baselines.against()
    missing = "" if against.baseline else against.problem or NO_BASELINE
    with st.container(horizontal=True, vertical_alignment="bottom"):
        share = st.segmented_control(
            "Share of the traffic that is attacked",
            STRENGTHS,
            default=STRENGTHS[-1],
            key="drill_share",
            format_func=lambda share: f"{share:.0%}",
            required=True,
        )
        target = parts.choose_class("Target class", key="drill_target", class_id=STOP)
        seed = st.number_input(
            "Seed",
            0,
            10_000,
            0,
            key="drill_seed",
            help="The same seed sends the same requests.",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Start drill",
            type="primary",
            icon=":material/emergency_home:",
            **user.control(
                Permission.DRILLS,
                disabled=DRILLS.running(ONE) or bool(missing),
                help=f"{message(missing)}." if missing else None,
            ),
        )
        if missing:
            baseline.button_to_make_one("drill_to_baseline")
    if missing:
        st.caption(f"{message(missing)}.")
    if not pressed:
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
        st.info(message(report.sentence), icon=":material/notifications_active:")
    st.caption(_facts(report))
    st.dataframe(
        [_row(each) for each in report.detections],
        column_config={"noticed": st.column_config.TextColumn(width=WIDTH)},
        hide_index=True,
        alt="When each rule noticed the attack",
    )
    st.caption(
        "Predictions and seconds count from the first attacked one. The sentence above counts "
        "until the running detector, which looks every few seconds, raised the alarm; the table "
        "counts until the prediction that each rule needed. A window rule is evaluated after each "
        "prediction, over a window that begins with the drill. False alarms are those on the clean "
        "traffic before. Only rules that decide change the status of a run."
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
        predictions = "prediction" if found.after == 1 else "predictions"
        when = f"after {found.after:,} {predictions}, {found.seconds:.1f} s of traffic"
    return {
        "noticed": when,
        "rule": found.rule,
        "named": "" if found.class_id is None else class_name(found.class_id),
        "false alarms": found.false_alarms,
        "used": "decides" if found.decides else "for comparison",
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
