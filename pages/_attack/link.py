"""What the Attack page shows, as an address carries it: sign, attack, target, budget, settings.

An address comes from anywhere. What cannot be read is reported and left out; the rest counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import labels
from core.errors import BadInput
from core.records.plain_text import message
from core.services import Lab, samples
from pages._attack.sign import ANY_WRONG, MOST_EACH
from pages._shared import visits

MODES = {"one": "One sign", "compare": "Compare attacks", "many": "Many signs"}
STOP = 14
MOST_LEVELS = 64
BUDGET_OF_ALL = "attack_budget_all"  # the widget of the attacks that are compared
# A sign, an attack and a budget that show at once what this is about; an address without
# parameters means the same.
TRY_IT = {
    "class": "12",
    "picture": "1",
    "attack": "pgd",
    "target": str(STOP),
    "epsilon": "8",
    "steps": "10",
    "sure": "yes",
}


@dataclass(frozen=True)
class AttackLink:
    """One state of the page. image: from 1; target None: any wrong class; epsilon: levels of
    255, in other norms their own unit, None: the attack's own, like steps; sure: go on after the
    first success. attacks: those compared, with one budget in levels for all; classes, each:
    the sample signs that are attacked together, every class if there is none, and how many of each.
    """

    mode: str = "one"
    class_id: int = 12
    image: int = 1
    attack: str = TRY_IT["attack"]
    target: int | None = STOP
    epsilon: float | None = None
    steps: int | None = None
    seed: int = 0
    sure: bool = False
    attacks: tuple[str, ...] = ("fgsm", "bim", "pgd")
    classes: tuple[int, ...] = ()
    each: int = 1

    @staticmethod
    def read(address: Mapping[str, str]) -> tuple[AttackLink, list[str]]:
        """The state of an address, and what of it could not be read."""
        values: dict[str, Any] = {}
        problems = []
        for name, (field, read) in READERS.items():
            if name in address:
                try:
                    values[field] = read(address[name])
                except BadInput as error:
                    problems.append(f"`{name}` in the address: {error}; it is left out")
        link = AttackLink(**values)
        if link.epsilon is not None:
            try:
                if link.mode == "compare":
                    check_levels(link.epsilon)
                else:
                    check_budget(link.attack, link.epsilon)
            except BadInput as error:
                problems.append(f"`epsilon` in the address: {error}; it is left out")
                link = AttackLink(**(values | {"epsilon": None}))
        return link, problems

    def write(self) -> dict[str, str]:
        """The address's parameters."""
        optional = {"epsilon": self.epsilon, "steps": self.steps}
        return {
            "mode": self.mode,
            "class": str(self.class_id),
            "picture": str(self.image),
            "attack": self.attack,
            "target": "any" if self.target is None else str(self.target),
            **{name: f"{value:g}" for name, value in optional.items() if value is not None},
            **({"seed": str(self.seed)} if self.seed else {}),
            **({"sure": "yes"} if self.sure else {}),
            **({"attacks": ",".join(self.attacks)} if self.mode == "compare" else {}),
            **({"classes": ",".join(map(str, self.classes))} if self.classes else {}),
            **({"each": str(self.each)} if self.each > 1 else {}),
        }


def check_budget(attack: str, size: float) -> None:
    """BadInput unless the attack takes a budget of that size, in the unit that the page shows."""
    info = Lab.info(attack)
    if not info.takes_epsilon:
        raise BadInput(f"{info.title} takes no budget, got {size:g}")
    if info.norm == "linf":
        check_levels(size)
    if not 0 < size < math.inf:
        raise BadInput(f"must be above 0 and finite, got {size:g}")


def check_levels(size: float) -> None:
    """BadInput unless `size` is a budget in levels that the page offers."""
    if size not in range(1, MOST_LEVELS + 1):
        raise BadInput(f"must be a whole number of levels in 1..{MOST_LEVELS}, got {size:g}")


def follow() -> None:
    """Set the page's widgets to what the address asks for, when the page is entered.

    Later the address only says what they show, and may be that of a click ago.
    """
    if st.session_state.get("attack_visit") == visits.current():
        return
    st.session_state["attack_visit"] = visits.current()
    last = st.session_state.get("attack_address")
    link, problems = AttackLink.read(st.query_params.to_dict() or last or TRY_IT)
    for problem in problems:
        st.warning(message(problem), icon=":material/link_off:")
    info = Lab.info(link.attack)
    st.session_state.update(
        {
            "attack_mode": link.mode,
            "attack_class": link.class_id,
            "attack_number": min(link.image, len(samples.of_class(link.class_id))) - 1,
            "attack_family": info.family,
            f"attack_name_{info.family}": link.attack,
            "attack_target": ANY_WRONG if link.target is None else link.target,
            "attack_seed": link.seed,
            "attack_sure": link.sure,
            "attack_names": list(link.attacks),
            "attack_classes": list(link.classes),
            "attack_count": link.each,
        }
    )
    if link.epsilon is not None and link.mode == "compare":
        st.session_state[BUDGET_OF_ALL] = int(link.epsilon)
    elif link.epsilon is not None:
        st.session_state[f"attack_budget_{link.attack}"] = (
            int(link.epsilon) if info.norm == "linf" else link.epsilon
        )
    if link.steps is not None:
        st.session_state[f"attack_steps_{link.attack}"] = link.steps


def remember() -> None:
    """Let the address say what the page shows."""
    link = _shown()
    st.session_state["attack_address"] = link.write()
    if st.query_params.to_dict() != link.write():
        st.query_params.from_dict(link.write())


def _shown() -> AttackLink:
    shown = st.session_state
    target = shown.get("attack_target", ANY_WRONG)
    attack = shown.get(f"attack_name_{shown.get('attack_family')}", AttackLink.attack)
    return AttackLink(
        mode=shown["attack_mode"],
        class_id=shown.get("attack_class", AttackLink.class_id),
        image=shown.get("attack_number", 0) + 1,
        attack=attack,
        target=None if target == ANY_WRONG else target,
        epsilon=shown.get(
            BUDGET_OF_ALL if shown["attack_mode"] == "compare" else f"attack_budget_{attack}"
        ),
        steps=shown.get(f"attack_steps_{attack}"),
        seed=shown.get("attack_seed", 0),
        sure=shown.get("attack_sure", False),
        attacks=tuple(shown.get("attack_names", AttackLink.attacks)),
        classes=tuple(shown.get("attack_classes", ())),
        each=shown.get("attack_count", 1),
    )


def _mode(text: str) -> str:
    if text not in MODES:
        raise BadInput(f"expected one of {', '.join(MODES)}, got {text!r}")
    return text


def _attack(text: str) -> str:
    return Lab.info(text).name


def _several(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    return lambda text: tuple(dict.fromkeys(read(part) for part in text.split(",") if part))


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > 9 or not low <= int(text) <= high:
            raise BadInput(f"expected a whole number in {low}..{high}, got {text!r}")
        return int(text)

    return read


def _size(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"expected a number, got {text!r}") from None


_class = _number(0, len(labels.all_labels()) - 1)
READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "mode": ("mode", _mode),
    "class": ("class_id", _class),
    "picture": ("image", _number(1, 1000)),
    "attack": ("attack", _attack),
    "target": ("target", lambda text: None if text == "any" else _class(text)),
    "epsilon": ("epsilon", _size),
    "steps": ("steps", _number(1, 1000)),
    "seed": ("seed", _number(0, 2**31 - 1)),
    "sure": ("sure", lambda text: text == "yes"),
    "attacks": ("attacks", _several(_attack)),
    "classes": ("classes", _several(_class)),
    "each": ("each", _number(1, MOST_EACH)),
}
