"""The classifier that serves: recipe, measured figures, limits."""

import streamlit as st

from core.services import current

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
        "- Its figures hold for pictures like its training data: one sign, filling the picture."
    )
    st.caption(f"Weights SHA-256 {manifest.sha256}, temperature {manifest.temperature:.3f}")
