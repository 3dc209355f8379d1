"""Change signs so that they are misread: one, by several attacks, or many; then send as traffic."""

import streamlit as st

from core.attacks.trials import LEVELS, Plan
from core.images import ImageFile
from core.labels import class_name
from core.services import current
from pages._attack import batch, link, method, result, send
from pages._attack import compare as _attack_compare
from pages._attack import sign as _attack_sign
from pages._attack.link import MODES
from pages._attack.sign import Sign
from pages._shared import parts
from pages._shared.job import ATTACKS

signwatch = current()


def goes_on(mode: str, refused: str | None, *, label: str = "Attack") -> bool:
    """The button that starts it, or why it cannot start, or how far it is."""
    if refused:
        st.warning(refused, icon=":material/info:")
    running = ATTACKS.running(mode)
    pressed = st.button(
        label, type="primary", icon=":material/bolt:", disabled=bool(refused) or running
    )
    if running:
        ATTACKS.show()
    return pressed


def begin(title: str, mode: str, work) -> None:
    """Start the work, and draw the page again with its bar or its result."""
    ATTACKS.start(title, mode, work)
    st.rerun()


def in_words(plan: Plan) -> str:
    """`with PGD, at most 8/255`."""
    info = plan.info
    if plan.epsilon is None:
        return f"with **{info.title}**"
    size = f"{plan.epsilon * LEVELS:.0f}/{LEVELS}" if info.norm == "linf" else f"{plan.epsilon:g}"
    return f"with **{info.title}**, budget {size}"


def attack_one(sign: Sign | None, plan: Plan) -> None:
    """One sign, one attack."""
    if sign is None:
        st.info("Choose a sign, or drop an image of one.", icon=":material/image_search:")
        return
    st.markdown(
        f"Make the classifier read **{plan.goal}** where the sign shows "
        f"**{class_name(sign.label)}**, {in_words(plan)}."
    )
    pixels, label, key = sign.image.pixels, sign.label, sign.image.sha256
    if goes_on("one", plan.objection(label, sign.read_as)):
        begin(
            plan.info.title,
            "one",
            lambda progress, cancelled: (
                key,
                signwatch.attack(plan, [pixels], [label], progress=progress, cancelled=cancelled)[
                    0
                ],
            ),
        )
    known, trial = ATTACKS.results().get("one", (None, None))
    if known == key:
        result.show(trial)
        send.show(trial)
    else:
        show_unattacked(sign.image)


def show_unattacked(image: ImageFile) -> None:
    """The sign as it is, and what is read in it."""
    left, right = st.columns([1, 1], gap="medium")
    prediction = signwatch.model.predict([image.pixels])[0]
    with left:
        parts.show_image(image.pixels, "Original")
    with right:
        st.caption("Read as")
        parts.show_prediction(prediction, key="attack_original")


def compare(sign: Sign | None, plans: list[Plan]) -> None:
    """One sign, several attacks."""
    if sign is None or not plans:
        st.info("Choose a sign and at least one attack.", icon=":material/image_search:")
        return
    st.markdown(
        f"Make the classifier read **{plans[0].goal}** where the sign shows "
        f"**{class_name(sign.label)}**, with {len(plans)} attacks."
    )
    pixels, label, key = sign.image.pixels, sign.label, sign.image.sha256
    refused = next(filter(None, (plan.objection(label, sign.read_as) for plan in plans)), None)
    if goes_on("compare", refused, label="Compare"):
        begin(
            "Comparison",
            "compare",
            lambda progress, cancelled: (
                key,
                signwatch.compare(plans, pixels, label, progress=progress, cancelled=cancelled),
            ),
        )
    known, trials = ATTACKS.results().get("compare", (None, None))
    if known == key:
        _attack_compare.show(trials)
    else:
        show_unattacked(sign.image)


def attack_many(images: list[ImageFile], labels: list[int] | None, plan: Plan) -> None:
    """Many signs, one attack."""
    st.markdown(
        f"Make the classifier read **{plan.goal}** in **{len(images)} images**, {in_words(plan)}."
    )
    pixels = [image.pixels for image in images]
    refused = None
    if not images:
        refused = "No image to attack: drop some, or take sample signs."
    elif labels is not None and set(labels) == {plan.target}:
        refused = f"All of these signs are {plan.goal} already. Take other signs or a target."
    if goes_on("many", refused):
        begin(
            plan.info.title,
            "many",
            lambda progress, cancelled: signwatch.attack(
                plan, pixels, labels, progress=progress, cancelled=cancelled
            ),
        )
    if "many" in ATTACKS.results():
        batch.show(ATTACKS.results()["many"])
    else:
        st.caption("Success by class and what is read as what appear here.")


link.follow()
ATTACKS.collect()
mode = st.segmented_control(
    "What to do",
    list(MODES),
    format_func=MODES.get,
    key="attack_mode",
    required=True,
    label_visibility="collapsed",
)
stage, controls = st.columns([2, 1], gap="large")
with controls:
    if mode == "many":
        images, labels = _attack_sign.choose_many()
        plan = method.choose_plan(images[0].pixels if images else None)
    else:
        sign = _attack_sign.choose_one()
        pixels = None if sign is None else sign.image.pixels
        plans = [method.choose_plan(pixels)] if mode == "one" else method.choose_plans(pixels)
with stage:
    if mode == "one":
        attack_one(sign, plans[0])
    elif mode == "compare":
        compare(sign, plans)
    else:
        attack_many(images, labels, plan)
link.remember()
