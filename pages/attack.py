"""Attack one sign, by one attack or several, or many signs; then send the result as traffic."""

from functools import partial

import streamlit as st

from core.labels import class_name
from core.records.attacks import AttackPlan
from core.records.plain_text import message, plain
from core.services import ImageFile, Job
from pages._attack import batch, kept, link, method, result, send
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


def begin(mode: str, job: Job, plans: list[AttackPlan], images: list[ImageFile]) -> None:
    """Keep the job and what it is about; draw the page again with bar or result."""
    kept.remember(mode, plans, images)
    ATTACKS.keep(mode, job)
    send.forget()
    st.rerun()


def attack_one(sign: Sign, plan: AttackPlan) -> None:
    """One sign, one attack."""
    st.markdown(
        f"Make the classifier predict **{plain(plan.goal)}** for this "
        f"**{class_name(sign.label)}** sign, {kept.made_with(plan)}."
    )
    if pressed("one", plan.objection(sign.label, sign.predicted)):
        work = partial(lab.attack, plan, [sign.image.pixels], [sign.label])
        begin("one", Job(lab.info(plan.attack).title, work), [plan], [sign.image])
    if results := kept.results_of("one", [plan], [sign.image]):
        result.show_verdict(results[0])
        send.show(results[0])
        send.follow()
        result.show(results[0])
    else:
        send.follow()
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


def compare(sign: Sign, plans: list[AttackPlan]) -> None:
    """One sign, several attacks."""
    if not plans:
        st.info("Choose at least one attack.", icon=":material/bolt:")
        return
    st.markdown(
        f"Make the classifier predict **{plain(plans[0].goal)}** for this "
        f"**{class_name(sign.label)}** sign, with {len(plans)} attacks."
    )
    objections = (plan.objection(sign.label, sign.predicted) for plan in plans)
    if pressed("compare", next(filter(None, objections), None), label="Compare"):
        work = partial(lab.compare, plans, sign.image.pixels, sign.label)
        begin("compare", Job("Comparison", work), plans, [sign.image])
    if results := kept.results_of("compare", plans, [sign.image]):
        _attack_compare.show(results)
    else:
        show_unattacked(sign.image)


def attack_many(images: list[ImageFile], labels: list[int] | None, plan: AttackPlan) -> None:
    """Many signs, one attack."""
    st.markdown(
        f"Make the classifier predict **{plain(plan.goal)}** for **{len(images)} images**, "
        f"{kept.made_with(plan)}."
    )
    refused = None
    if not images:
        refused = "No image to attack. Drop some, or take sample signs."
    elif labels is not None and set(labels) == {plan.target}:
        refused = f"All of these signs are {plan.goal} already. Choose other signs or a target."
    if pressed("many", refused):
        work = partial(lab.attack, plan, [image.pixels for image in images], labels)
        begin("many", Job(lab.info(plan.attack).title, work), [plan], images)
    if results := kept.results_of("many", [plan], images):
        batch.show(results)
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
grid = st.grid(3, min_column_width=250, gap="medium")
stage, controls = grid.cell(column_span=2), grid.cell()
with controls:
    if mode == "many":
        images, labels = _attack_sign.choose_many()
        plan = method.choose_plan(images[0].pixels if images else None)
    else:
        sign = _attack_sign.choose_one()
        pixels = None if sign is None else sign.image.pixels
        plans = [method.choose_plan(pixels)] if mode == "one" else method.choose_plans(pixels)
with stage:
    if mode == "many":
        attack_many(images, labels, plan)
    elif sign is None:
        st.info("Choose a sign, or drop an image of one.", icon=":material/image_search:")
    elif mode == "compare":
        compare(sign, plans)
    else:
        attack_one(sign, plans[0])
    if mode != "one" or sign is None:
        send.follow()
link.remember()
