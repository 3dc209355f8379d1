"""How good the predictions of a run's window were, with the labels that came until now."""

import streamlit as st

from core.plots import quality
from core.records.monitoring import Execution
from core.records.plain_text import Markdown, message, plain
from core.records.quality import CAUTIONS, Figure, LabelKind, Labelled, WindowQuality
from pages._shared.user import current

TITLES = {
    "accuracy": "Accuracy",
    "weighted_recall": "Recall",
    "weighted_precision": "Precision",
    "weighted_f0_5": "F0.5",
    "weighted_f1": "F1",
    "weighted_f2": "F2",
}
HOW_TO_SEND = """curl --data-binary @labels.jsonl {address}/api/ground-truth

# labels.jsonl, a line a request, by event id or inference id:
{{"groundTruthData": {{"data": "14", "encoding": "CSV"}}, "eventMetadata": {{"eventId": "..."}}}}"""


def show(execution: Execution) -> None:
    """Figures against labels, kind by kind, and estimates without any."""
    found = current().monitoring.quality(execution.window)
    if not found.predictions:
        return
    st.subheader("Model quality")
    kinds = [
        kind for kind in LabelKind if kind is LabelKind.GROUND_TRUTH or found.labelled[kind].count
    ]
    kind = st.segmented_control(
        "By which labels",
        kinds,
        default=LabelKind.GROUND_TRUTH,
        required=True,
        key="quality_kind",
        format_func=lambda kind: f"{plain(kind.capitalize())} ({found.labelled[kind].count:,})",
    )
    labelled = found.labelled[kind]
    if labelled.count:
        _labelled(found, labelled)
    else:
        _none_yet(found)
    _estimates(found)


def _labelled(found: WindowQuality, labelled: Labelled) -> None:
    st.caption(
        f"{labelled.count:,} of {found.predictions:,} predictions have their label, as of "
        f"{found.at:%Y-%m-%d %H:%M:%S} UTC. {CAUTIONS[labelled.kind]}"
    )
    with st.grid(6):
        for name, title in TITLES.items():
            _figure(title, labelled.quality.metrics[name], name)
    if labelled.classes and labelled.quality.confusion_matrix.size:
        st.plotly_chart(
            quality.confusion_heat_map(labelled.quality.confusion_matrix, labelled.classes),
            key="confusion",
            config={"displayModeBar": False},
            alt="Confusion matrix: true classes as rows, predicted classes as columns",
        )


def _none_yet(found: WindowQuality) -> None:
    missing = found.labelled[LabelKind.GROUND_TRUTH].quality.metrics["accuracy"].reason
    elsewhere = (
        f" The log holds {found.labels_in_log:,} {_labels(found.labels_in_log)} of other "
        "predictions. Check their event ids."
        if found.labels_in_log
        else ""
    )
    st.caption(
        f"Not computed: {message(missing)}.{elsewhere} Send labels as they become known, or import "
        "them with `captures import`:"
    )
    address = (st.context.url or "http://localhost:8501").removesuffix("/monitor")
    st.code(HOW_TO_SEND.format(address=address), language="bash")


def _labels(count: int) -> Markdown:
    return "label" if count == 1 else "labels"


def _estimates(found: WindowQuality) -> None:
    """Accuracy without labels, never without its caution."""
    st.subheader("Accuracy without labels")
    estimated = found.estimated
    figures = {
        "Mean confidence": estimated.mean_confidence,
        "Difference of confidences": estimated.difference_of_confidences,
        "Average thresholded confidence": estimated.average_thresholded_confidence,
    }
    for title, figure in figures.items():
        value = "not computed" if figure.value is None else f"{figure.value:.1%}"
        why = f" ({message(figure.reason)})" if figure.reason else ""
        st.markdown(f"{plain(title)}: **{value}**{why}")
    st.caption(message(estimated.caution))


def _figure(title: str, figure: Figure, name: str) -> None:
    value = "not computed" if figure.value is None else f"{figure.value:.2%}"
    st.metric(
        plain(title),
        value,
        border=True,
        help=message(figure.reason) if figure.reason else f"`{plain(name)}` of Model Monitor",
    )
