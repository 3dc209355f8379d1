"""How signs are attacked: what kind of change, which attack, its target, budget and settings."""

import streamlit as st
from numpy import uint8
from numpy.typing import NDArray

from core import plots
from core.labels import class_name
from core.plots import attacks
from core.records.attacks import LEVELS, AttackInfo, AttackPlan
from core.records.plain_text import plain
from core.services import Lab
from pages._attack.link import BUDGET_OF_ALL, MOST_LEVELS
from pages._attack.sign import choose_class, sample_of
from pages._shared import choices
from pages._shared.user import current

FAMILIES = {"budget": "Budget", "smallest": "Smallest", "physical": "Real sign"}
FAMILY_HELP = (
    "**Budget**: no colour value moves further than you allow. **Smallest**: the attack "
    "searches for the smallest change that works. **Real sign**: what weather, people and "
    "cameras do to signs."
)
UNITS = {"l2": "length of the whole change (L2, colour values from 0 to 1)"}
DEFAULT_LEVELS = 8


def choose_plan(pixels: NDArray[uint8] | None) -> AttackPlan:
    """One attack with all that it takes; the budget is shown on `pixels`."""
    name = _choose_attack()
    info = Lab.info(name)
    st.caption(info.explanation)
    target = choose_target() if info.targeted else None
    if not info.targeted:
        st.caption("This attack cannot aim at a class.")
    epsilon = choose_budget(info, pixels) if info.takes_epsilon else None
    steps, seed, sure = _choose_settings(name)
    with st.expander("Formula and source", icon=":material/function:"):
        st.markdown(info.formula)
        st.caption(info.source)
    return AttackPlan(name, target, epsilon, steps, seed, sure)


def choose_plans(pixels: NDArray[uint8] | None) -> list[AttackPlan]:
    """Several attacks with one target and one budget, each with its own settings."""
    names = st.pills(
        "Attacks",
        list(Lab.attacks()),
        selection_mode="multi",
        wrap=True,
        format_func=lambda name: Lab.info(name).title,
        key="attack_names",
        persist_state="page",
    )
    target = choose_target()
    levels = _choose_levels(BUDGET_OF_ALL)
    _show_budget(pixels, levels / LEVELS, "linf")
    st.caption("Attacks whose budget has another unit take their default.")
    sure = (
        choose_sure() if any("stop_when_solved" in Lab.settings(name) for name in names) else False
    )
    plans = []
    for name in names:
        info = Lab.info(name)
        default = info.default_epsilon if info.takes_epsilon else None
        plans.append(
            AttackPlan(
                name,
                target if info.targeted else None,
                levels / LEVELS if default and info.norm == "linf" else default,
                persistent=sure and "stop_when_solved" in Lab.settings(name),
            )
        )
    return plans


def choose_target() -> int | None:
    """The class to be predicted, with its sign; None: any wrong one."""
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False, gap="xsmall"):
        target = choose_class("Target class", key="attack_target", any_wrong=True)
        if target is not None:
            st.image(sample_of(target), width=40, alt=class_name(target))
    return target


def choose_sure() -> bool:
    """Whether attacks go on after the first success."""
    return st.toggle(
        "Go on after the first success",
        key="attack_sure",
        persist_state="page",
        help="Takes all steps; the confidence in the wrong class rises.",
    )


def choose_budget(info: AttackInfo, pixels: NDArray[uint8] | None) -> float:
    """How far the attack may go, in the unit of its norm; shown in levels for L-infinity."""
    key = f"attack_budget_{info.name}"
    default = info.default_epsilon or DEFAULT_LEVELS / LEVELS
    if info.norm == "linf":
        epsilon = _choose_levels(key, round(default * LEVELS)) / LEVELS
    else:
        st.session_state.setdefault(key, default)
        epsilon = st.number_input(
            f"Budget: {plain(UNITS.get(info.norm, info.norm))}",
            0.01,
            None,
            key=key,
            format="%g",
            persist_state="page",
        )
    _show_budget(pixels, epsilon, info.norm)
    return epsilon


def _choose_attack() -> str:
    """First the kind of change, then one of the attacks of that kind."""
    families = list(dict.fromkeys(info.family for info in Lab.attacks().values()))
    choices.settle("attack_family", families)
    family = st.segmented_control(
        "Kind of change",
        families,
        key="attack_family",
        required=True,
        help=FAMILY_HELP,
        format_func=lambda each: FAMILIES.get(each) or plain(each),
        wrap=True,
        persist_state="page",
    )
    names = [name for name, info in Lab.attacks().items() if info.family == family]
    key = f"attack_name_{family}"
    choices.settle(key, names)
    return st.pills(
        "Attack",
        names,
        key=key,
        required=True,
        wrap=True,
        persist_state="page",
        format_func=lambda name: Lab.info(name).title,
    )


def _choose_levels(key: str, default: int = DEFAULT_LEVELS) -> int:
    st.session_state.setdefault(key, default)
    return st.slider(
        "Budget: each colour value may move by",
        1,
        MOST_LEVELS,
        key=key,
        format=f"%d/{LEVELS}",
        persist_state="page",
        help=f"A colour value has {LEVELS + 1} levels, from dark to bright.",
    )


def _show_budget(pixels: NDArray[uint8] | None, epsilon: float, norm: str) -> None:
    """The image beside itself with noise that uses up the budget, and its prediction."""
    if pixels is None or norm not in ("linf", "l2"):
        return
    noisy = attacks.budget_preview(pixels, epsilon, norm)
    prediction = current().model.predict([noisy])[0]
    with st.grid(2, wrap=False, min_column_width=80, gap="xsmall"):
        for shown, caption in ((pixels, "Original"), (noisy, "Random noise of that size")):
            st.image(plots.resized(shown, 160), width="stretch", caption=caption, alt=caption)
    st.caption(
        f"Prediction for random noise: {class_name(prediction.class_id)}, "
        f"{prediction.confidence:.1%} confident."
    )


def _choose_settings(name: str) -> tuple[int | None, int, bool]:
    """Steps, seed, and whether to go on after the first success, where the attack has them."""
    known = Lab.settings(name)
    steps, seed, sure = None, 0, False
    if not known.keys() & {"steps", "seed", "stop_when_solved"}:
        return steps, seed, sure
    with st.expander("Settings", icon=":material/tune:"):
        if "steps" in known:
            st.session_state.setdefault(f"attack_steps_{name}", known["steps"])
            steps = st.number_input(
                "Steps at most", 1, 1000, key=f"attack_steps_{name}", persist_state="page"
            )
        if "stop_when_solved" in known:
            sure = choose_sure()
        if "seed" in known:
            seed = st.number_input(
                "Seed of the random start", 0, 2**31 - 1, key="attack_seed", persist_state="page"
            )
    return steps, seed, sure
