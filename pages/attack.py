"""Attack one sign, by one attack or several, or many signs; then send the result as traffic."""

from functools import partial

import streamlit as st

from core.labels import class_name
from core.records.attacks import LEVELS, AttackPlan
from core.records.plain_text import Markdown, message, plain
from core.services import ImageFile, Job
from pages._attack import batch, link, method, result, send
from pages._attack import compare as _attack_compare
from pages._attack import sign as _attack_sign
from pages._attack.link import MODES
from pages._attack.sign import Sign
from pages._shared import choices, parts
from pages._shared.job import ATTACKS
from pages._shared.user import current

lab = current().lab


def pressed(mode: str, refused: str | None, *, label: str = "Attack") -> bool:
    """The button that starts it, or why it cannot start, or how far it is."""
    if refused:
        st.warning(message(refused), icon=":material/info:")
    running = ATTACKS.running(mode)
    clicked = st.button(
        plain(label), type="primary", icon=":material/bolt:", disabled=bool(refused) or running
    )
    if running:
        ATTACKS.show()
    return clicked


def begin(mode: str, job: Job, image: ImageFile | None = None) -> None:
    """Keep the job and the image that it is about; draw the page again with bar or result."""
    st.session_state[f"attack_{mode}_of"] = image and image.sha256
    ATTACKS.keep(mode, job)
    send.forget()
    st.rerun()


def results_of(mode: str, image: ImageFile) -> list | None:
    """What the last attack of that mode came to, if it was on this image."""
    own = st.session_state.get(f"attack_{mode}_of") == image.sha256
    return ATTACKS.results().get(mode) if own else None


def in_words(plan: AttackPlan) -> Markdown:
    """`with PGD, budget 8/255`."""
    info = lab.info(plan.attack)
    if plan.epsilon is None:
        return f"with **{info.title}**"
    size = f"{plan.epsilon * LEVELS:.0f}/{LEVELS}" if info.norm == "linf" else f"{plan.epsilon:g}"
    return f"with **{info.title}**, budget {size}"


def attack_one(sign: Sign | None, plan: AttackPlan) -> None:
    """One sign, one attack."""
    if sign is None:
        st.info("Choose a sign, or drop an image of one.", icon=":material/image_search:")
        return
    st.markdown(
        f"Make the classifier predict **{plain(plan.goal)}** for this "
        f"**{class_name(sign.label)}** sign, {in_words(plan)}."
    )
    if pressed("one", plan.objection(sign.label, sign.predicted)):
        work = partial(lab.attack, plan, [sign.image.pixels], [sign.label])
        begin("one", Job(lab.info(plan.attack).title, work), sign.image)
    if results := results_of("one", sign.image):
        result.show(results[0])
        send.show(results[0])
    else:
        show_unattacked(sign.image)


def show_unattacked(image: ImageFile) -> None:
    """The sign as it is, and its prediction."""
    left, right = st.columns([1, 1], gap="medium")
    prediction = current().model.predict([image.pixels])[0]
    with left:
        parts.show_image(image.pixels, "Original")
    with right:
        st.caption("Prediction")
        parts.show_prediction(prediction, key="attack_original")


def compare(sign: Sign | None, plans: list[AttackPlan]) -> None:
    """One sign, several attacks."""
    if sign is None or not plans:
        st.info("Choose a sign and at least one attack.", icon=":material/image_search:")
        return
    st.markdown(
        f"Make the classifier predict **{plain(plans[0].goal)}** for this "
        f"**{class_name(sign.label)}** sign, with {len(plans)} attacks."
    )
    objections = (plan.objection(sign.label, sign.predicted) for plan in plans)
    if pressed("compare", next(filter(None, objections), None), label="Compare"):
        work = partial(lab.compare, plans, sign.image.pixels, sign.label)
        begin("compare", Job("Comparison", work), sign.image)
    if results := results_of("compare", sign.image):
        _attack_compare.show(results)
    else:
        show_unattacked(sign.image)


def attack_many(images: list[ImageFile], labels: list[int] | None, plan: AttackPlan) -> None:
    """Many signs, one attack."""
    st.markdown(
        f"Make the classifier predict **{plain(plan.goal)}** for **{len(images)} images**, "
        f"{in_words(plan)}."
    )
    refused = None
    if not images:
        refused = "No image to attack. Drop some, or take sample signs."
    elif labels is not None and set(labels) == {plan.target}:
        refused = f"All of these signs are {plan.goal} already. Choose other signs or a target."
    if pressed("many", refused):
        work = partial(lab.attack, plan, [image.pixels for image in images], labels)
        begin("many", Job(lab.info(plan.attack).title, work))
    if "many" in ATTACKS.results():
        batch.show(ATTACKS.results()["many"])
    else:
        st.caption("Success by class and the confusion matrix appear here.")


link.follow()
ATTACKS.collect()
choices.settle("attack_mode", list(MODES))
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
    send.follow()
link.remember()
