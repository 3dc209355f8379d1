"""Change a sign so that it is misread: original, adversarial, difference; then send as traffic."""

import numpy as np
import streamlit as st

from core import figures, samples
from core.images import Picture, encode_png
from core.labels import class_name
from core.services import current
from core.types import Provenance
from core.vision.attacks import ATTACKS
from core.vision.lab import Crafted, settings_of
from pages import _parts as parts

signwatch = current()
BUDGETS = (1, 2, 4, 8, 16)
STOP = 14


def send(crafted: Crafted, attack: str, target: int | None, count: int, share: float) -> None:
    """`count` requests, `share` of them the adversarial picture, the rest sample signs."""
    clean = Picture.from_pixels(crafted.clean)
    reference = signwatch.keep_reference(clean)
    adversarial = Picture.from_pixels(crafted.adversarial)
    made = Provenance("lab", crafted.label, attack, target, reference)
    available = samples.all_samples()
    rest = [
        (available[(n * 97) % len(available)].picture(),
         Provenance("lab", available[(n * 97) % len(available)].class_id))
        for n in range(count - round(count * share))
    ]  # fmt: skip
    traffic = [(adversarial, made)] * round(count * share) + rest
    order = np.random.default_rng(0).permutation(len(traffic))
    with parts.progress_bar("Sending requests") as report:
        signwatch.send_traffic([traffic[n] for n in order], report)
    st.success(f"{count} requests sent, {round(count * share)} of them adversarial.",
               icon=":material/send:")  # fmt: skip
    st.page_link("overview.py", label="Watch the class frequencies", icon=":material/monitoring:")


left, right = st.columns([1, 1], gap="large")
with left:
    st.subheader("1. A sign")
    picture, known_class = parts.choose_picture("attack", class_id=1)
    if picture is not None:
        before = signwatch.predictor.predict([picture.pixels])[0]
        parts.show_picture(picture.pixels, f"Read as {class_name(before.class_id)}, "
                           f"{before.confidence:.1%} confident", width=220)  # fmt: skip
with right:
    st.subheader("2. An attack")
    name = st.selectbox(
        "Attack", list(ATTACKS), index=list(ATTACKS).index("deepfool"), key="attack_name",
        format_func=lambda key: ATTACKS[key].info.title,
    )  # fmt: skip
    info = ATTACKS[name].info
    st.caption(f"{info.explanation} Source: {info.source}.")
    aimed = st.toggle("Aim at a class", value=True, key="attack_aimed")
    target = (
        parts.choose_class("The sign shall be read as", key="attack_target", class_id=STOP)
        if aimed
        else None
    )
    levels = None
    if info.takes_epsilon:
        levels = st.select_slider(
            "Budget: every colour value may move by at most", BUDGETS, value=8,
            format_func=lambda n: f"{n}/255", key="attack_budget",
        )  # fmt: skip
    steps = None
    if "steps" in settings_of(name):
        steps = st.number_input("Steps at most", 1, 1000, settings_of(name)["steps"],
                                key=f"attack_steps_{name}")  # fmt: skip
    go = st.button("Attack", type="primary", icon=":material/bolt:", disabled=picture is None)

if go and picture is not None:
    label = before.class_id if known_class is None else known_class
    with parts.errors_shown(), parts.progress_bar(info.title) as report:
        st.session_state["crafted"] = (
            signwatch.craft(
                name, [picture.pixels], [label], target=target, steps=steps, progress=report,
                epsilon=levels / 255 if levels else None,
            )[0],
            name, target,
        )  # fmt: skip

if "crafted" in st.session_state:
    crafted, made_by, aimed_at = st.session_state["crafted"]
    st.subheader("3. The result")
    if not crafted.eligible:
        st.warning(
            f"The clean picture does not count: its class is {class_name(crafted.label)}, and it "
            "is misread already, or is of the target class. Take another picture or target.",
            icon=":material/info:",
        )
    else:
        if crafted.success:
            st.success("Misread, also after saving as an 8-bit PNG.", icon=":material/bolt:")
        else:
            st.warning("Not misread once saved. Raise the budget or the number of steps.",
                       icon=":material/shield:")  # fmt: skip
        clean_prediction, adversarial_prediction = signwatch.predictor.predict(
            [crafted.clean, crafted.adversarial]
        )
        difference, factor = figures.magnified_difference(crafted.clean, crafted.adversarial)
        columns = st.columns(3)
        with columns[0]:
            parts.show_picture(crafted.clean, "Original")
            parts.show_prediction(clean_prediction, key="attack_clean")
        with columns[1]:
            parts.show_picture(crafted.adversarial, "Adversarial")
            parts.show_prediction(adversarial_prediction, key="attack_adversarial")
        with columns[2]:
            parts.show_picture(difference, f"Difference, magnified {factor} times")
            st.markdown(
                f"Largest change **{crafted.linf * 255:.0f}/255** per colour value · "
                f"L2 distance **{crafted.l2:.2f}** · PSNR **{crafted.psnr:.1f} dB** · "
                f"**{crafted.steps}** steps"
            )
            st.download_button("Adversarial PNG", encode_png(crafted.adversarial),
                               "adversarial.png", "image/png",
                               icon=":material/download:")  # fmt: skip
            st.page_link("explain.py", label="Why? Compare the heat maps",
                         icon=":material/visibility:", query_params={"source": "lab"})  # fmt: skip
        st.subheader("4. Send as traffic")
        with st.form("send", border=True):
            count = st.number_input("Requests", 1, 5000, 400)
            share = st.slider("Share of adversarial requests, %", 0, 100, 80)
            if st.form_submit_button("Send as traffic", icon=":material/send:"):
                with parts.errors_shown():
                    send(crafted, made_by, aimed_at, count, share / 100)
