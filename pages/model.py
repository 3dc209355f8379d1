"""The classifier that serves: measured figures, robustness, training, limits."""

import streamlit as st

from core.labels import class_name
from core.plots import robustness
from core.records.evaluation.explanations import ExplanationQuality
from core.records.evaluation.robustness import CLASS_BUDGET, Robustness
from core.records.evaluation.suspicion import (
    DETECTION_HEAD,
    Detection,
    clean_flagged,
    detection_rows,
    evasion,
)
from core.records.plain_text import message, plain
from pages._shared.parts import errors_shown
from pages._shared.user import current

RANDOM_HELP = (
    "Mean |Spearman| between maps of the trained network and of one with random parameters "
    "(Adebayo et al. 2018). Near 0, maps depend on what was learned."
)


def show_robustness(report: Robustness) -> None:
    """Accuracy against budget and severity, the attack to one class, and every class."""
    st.caption(
        f"Measured on {plain(report.measured_on)} with {report.images:,} images of "
        f"{plain(report.source)}, drawn evenly over the classes. Attacked images are "
        "rounded to 8 bit."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Under attack**")
        st.plotly_chart(
            robustness.accuracy_by_budget(report),
            key="budgets",
            config={"displayModeBar": False},
            alt="Accuracy against the budget of an attack",
        )
        aimed = report.targeted
        st.caption(
            f"{aimed.successes:,} of {aimed.eligible:,} images of other signs are predicted as "
            f"{class_name(aimed.target)} after {aimed.title} with {aimed.levels:d}/255."
        )
    with right:
        st.markdown("**Under corruptions by weather, cameras and files**")
        st.plotly_chart(
            robustness.accuracy_by_severity(report),
            key="corruptions",
            config={"displayModeBar": False},
            alt="Accuracy by corruption and severity",
        )
        st.caption(f"Worst: {plain(report.worst)}.")
    show_classes(report)


def show_classes(report: Robustness) -> None:
    """One row a class: shares classified correctly, as bars."""
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
        key="classes",
        hide_index=True,
        height=420,
        column_config={
            "class": st.column_config.TextColumn("Class", pinned=True),
            "images": st.column_config.NumberColumn("Images", width="small"),
        }
        | {
            name: st.column_config.ProgressColumn(
                plain(title),
                format="%.0f %%",
                min_value=0.0,
                max_value=100.0,
                help="Share of the images of this class that are classified correctly",
            )
            for name, title in zip(shares, titles, strict=True)
        },
    )


def show_explanations(quality: ExplanationQuality) -> None:
    """Completeness, localisation, deletion and randomisation of FullGrad maps."""
    st.caption(
        f"FullGrad, measured on {plain(quality.measured_on)} with {quality.images:,} images of "
        f"{plain(quality.source)}, {quality.tracks:,} physical signs."
    )
    hit, deletion, random = quality.localisation, quality.deletion, quality.all_random
    with st.grid(4):
        st.metric(
            "Completeness residual",
            f"{quality.completeness['float32']:.0e}",
            border=True,
            help="Difference between the sum of the parts and the score, worst image; 0 is exact",
        )
        if hit is not None:
            st.metric(
                "Maximum on the sign",
                f"{hit.pointing.mean:.1%}",
                border=True,
                help=f"Pointing game. 95 % interval {plain(hit.pointing.within())}. The "
                f"sign's box holds {hit.energy.mean:.0%} of a map and {hit.box_area:.0%} of the "
                "image.",
            )
        st.metric(
            "Deletion moves the score",
            f"{deletion.changes['fullgrad']:.1%}",
            border=True,
            help=f"When the {deletion.share:.0%} least salient pixels become grey. At random "
            f"{deletion.changes['random']:.1%}, by input x gradient "
            f"{deletion.changes['input_x_gradient']:.1%}, from the edges inwards "
            f"{deletion.changes['middle']:.1%}.",
        )
        st.metric(
            "Correlation when untrained",
            f"{random.specific:.2f}",
            border=True,
            help=f"{RANDOM_HELP} Minus the mean map: {random.specific:.2f}; without absolute "
            f"values: {random.signed:.2f}; as shown: {random.shown:.2f}, with the map of another "
            f"image {random.other_image:.2f}.",
        )
    st.caption(
        f"With random parameters, maps as shown keep a rank correlation of {random.shown:.2f}, "
        f"and of {random.other_image:.2f} with another image's map. That part is a shape that all "
        "maps share; it says nothing about an image."
    )


def show_detection(detection: Detection) -> None:
    """False positives, and one row for each way in which images are misclassified."""
    st.caption(
        f"Measured on {plain(detection.measured_on)} with {plain(detection.source)}. "
        f"{plain(clean_flagged(detection))} Attacked images are rounded to 8 bit. In brackets: "
        "95 % confidence intervals by track."
    )
    head = [plain(title) for title in DETECTION_HEAD]
    rows = [[plain(text) for text in row] for row in detection_rows(detection)]
    st.table([dict(zip(head, row, strict=True)) for row in rows])
    st.caption(plain(evasion(detection)))


def show_report(title, kind, show, missing) -> None:
    """The report of the weights that serve, or how to make it."""
    st.subheader(plain(title))
    make = f"`{kind.COMMAND}` measures it."
    with errors_shown():
        report = signwatch.model.report(kind)
        if report is None:
            st.info(f"{message(missing)} was not measured yet. {make}")
        elif not report.measures(manifest.sha256):
            st.warning(
                f"The report of {plain(report.measured_on)} belongs to other weights "
                f"({plain(report.weights_sha256[:12])}), so it is not shown. {make}",
                icon=":material/history:",
            )
        else:
            show(report)


signwatch = current()
manifest = signwatch.model.manifest
held_out = manifest.figures.get("held_out")

st.markdown(
    f"**{plain(manifest.architecture)}**, {len(manifest.labels)} classes, input "
    f"{manifest.input_size:d} x {manifest.input_size:d} pixels."
)
if held_out:
    with st.grid(4):
        st.metric("Accuracy", f"{held_out['accuracy']:.2%}", border=True)
        st.metric("Macro F1", f"{held_out['macro_f1']:.4f}", border=True)
        st.metric("Calibration error (ECE)", f"{held_out['ece']:.4f}", border=True)
        st.metric("Held-out images", f"{held_out['images']:,}", border=True)
    st.caption("Measured on tracks used neither for training nor for calibration.")
else:
    st.info("No figures came with these weights. `python -m core evaluate` measures them.")
if signwatch.model.uncalibrated:
    st.warning(
        f"No p-values, only the trust rule flags: {message(signwatch.model.uncalibrated)}.",
        icon=":material/flag:",
    )

if promised := signwatch.model.clean_flagged():
    images, signs, share = promised
    st.caption(
        f"Suspicion is calibrated on {images:,} clean images of {signs:,} physical signs. Of "
        f"images like these, {share.mean:.1%} are flagged by a p-value of "
        f"{signwatch.model.alpha:g} or less; of as many new signs, {plain(share.within())} in 95 "
        "of 100 cases. The trust rule comes on top."
    )

with errors_shown():
    if drift := signwatch.model.calibration_drift():
        st.warning(
            f"{message(drift)}. `python -m core model calibrate --data PATH` makes a new one from "
            "images like today's traffic.",
            icon=":material/flag:",
        )

show_report("Robustness", Robustness, show_robustness, "Accuracy under attacks and corruptions")
show_report(
    "Quality of explanations",
    ExplanationQuality,
    show_explanations,
    "The quality of its heat maps",
)
show_report(
    "Detection of attacks",
    Detection,
    show_detection,
    "The detection of suspicious predictions",
)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Training")
    st.table({plain(name): plain(str(value)) for name, value in manifest.recipe.items()})
with right:
    st.subheader("Limits")
    st.markdown(
        "- It always predicts one of its classes, even for images without a sign.\n"
        "- An adaptive attacker, who includes the suspicion scores in the optimisation, can evade "
        "the flag.\n"
        "- Its figures hold for images like its training data: one sign that fills the image.\n"
        "- Accuracy under attack is an upper bound: a stronger attack can only lower it."
    )
    st.caption(f"Weights SHA-256 {plain(manifest.sha256)}, temperature {manifest.temperature:.3f}")
