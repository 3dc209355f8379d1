"""The classifier that serves: recipe, measured figures, robustness, limits."""

import streamlit as st

from core import robustness_figures
from core.labels import class_name
from core.robustness import CLASS_BUDGET, Robustness
from core.services import current
from pages._parts import errors_shown

MAKE = "`python -m core attack --report` measures it, in some minutes."


def show_robustness(report: Robustness) -> None:
    """Accuracy against budget and severity, the attack to one class, and every class."""
    fold = "" if report.fold == "all" else f" ({report.fold})"
    st.caption(
        f"Measured on {report.measured_on} with {report.images:,} images of {report.data}{fold}, "
        "drawn evenly over the classes. Attacked pictures are judged as saved, in 8 bit."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Under attack**")
        st.plotly_chart(
            robustness_figures.accuracy_by_budget(report), key="budgets",
            config={"displayModeBar": False}, alt="Accuracy against the budget of an attack",
        )  # fmt: skip
        aimed = report.targeted
        st.caption(
            f"{aimed.title} with {aimed.levels}/255 turns {aimed.successes:,} of "
            f"{aimed.eligible:,} other signs into {class_name(aimed.target)}."
        )
    with right:
        st.markdown("**In bad weather, from bad cameras, in small files**")
        st.plotly_chart(
            robustness_figures.accuracy_by_severity(report), key="corruptions",
            config={"displayModeBar": False}, alt="Accuracy by corruption and severity",
        )  # fmt: skip
        st.caption(f"Worst: {report.worst}.")
    show_classes(report)


def show_classes(report: Robustness) -> None:
    """A row a class: shares read right, as bars."""
    shares = ("clean", "attacked", "corrupted")
    titles = ("Clean", f"{report.curves[0].title} {CLASS_BUDGET}/255", report.worst)
    st.dataframe(
        [
            {
                "class": class_name(each.class_id),
                **{name: 100 * getattr(each, name) / each.images for name in shares},
                "images": each.images,
            }
            for each in report.per_class
        ],
        key="classes", hide_index=True, height=420,
        column_config={
            "class": st.column_config.TextColumn("Class", pinned=True),
            "images": st.column_config.NumberColumn("Images", width="small"),
        } | {
            name: st.column_config.ProgressColumn(
                title, format="%.0f %%", min_value=0.0, max_value=100.0,
                help="Share of the images of this class that are read right",
            )
            for name, title in zip(shares, titles, strict=True)
        },
    )  # fmt: skip


signwatch = current()
manifest = signwatch.predictor.classifier.manifest
held_out = manifest.figures.get("held_out")

st.markdown(
    f"**{manifest.architecture}**, {len(manifest.labels)} classes, sees every picture at "
    f"{manifest.input_size} x {manifest.input_size} pixels."
)
if held_out:
    with st.grid(4):
        st.metric("Accuracy", f"{held_out['accuracy']:.2%}", border=True)
        st.metric("Macro F1", f"{held_out['macro_f1']:.4f}", border=True)
        st.metric("Calibration error (ECE)", f"{held_out['ece']:.4f}", border=True)
        st.metric("Held-out images", f"{held_out['images']:,}", border=True)
    st.caption("Measured on tracks that were used neither for training nor for calibration.")
else:
    st.info("These weights came without measured figures; `python -m core evaluate` measures them.")
if signwatch.predictor.calibration is None:
    st.warning("No suspicion calibration beside these weights, so only the trust rule flags.",
               icon=":material/flag:")  # fmt: skip

st.subheader("How robust it is")
with errors_shown():
    report = signwatch.robustness()
    if report is None:
        st.info(f"How it reads attacked and corrupted pictures was not measured yet. {MAKE}")
    elif not report.measures(manifest.sha256):
        st.warning(
            f"The report of {report.measured_on} is of other weights "
            f"({report.weights_sha256[:12]}), so it is not shown. {MAKE}",
            icon=":material/history:",
        )
    else:
        show_robustness(report)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("How it was trained")
    st.table({name: str(value) for name, value in manifest.recipe.items()})
with right:
    st.subheader("What it cannot do")
    st.markdown(
        "- It always answers with one of its classes, also for pictures that show no sign.\n"
        "- The suspicion flag knows margins of clean pictures; an attacker who knows them too can "
        "aim at an ordinary margin and get round it.\n"
        "- Its figures hold for pictures like its training data: one sign, filling the picture.\n"
        "- Accuracy under attack is an upper bound: a stronger attack can only lower it."
    )
    st.caption(f"Weights SHA-256 {manifest.sha256}, temperature {manifest.temperature:.3f}")
