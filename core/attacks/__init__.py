"""Attacks on a classifier: settings in the constructor, data in the call.

    result = PGD(steps=40, seed=0)(classifier, pixels, labels, epsilon=8 / 255)

A new attack is one file and one line in `ATTACKS`; its `info` carries what is told about it.
"""

from __future__ import annotations

from core.attacks.apgd_losses import APGDCE, APGDDLR
from core.attacks.autoattack import AutoAttackLite
from core.attacks.base import Attack, AttackInfo
from core.attacks.bim import BIM
from core.attacks.cw import CW
from core.attacks.deepfool import DeepFool
from core.attacks.fgsm import FGSM
from core.attacks.mi_fgsm import MIFGSM
from core.attacks.pgd import PGD
from core.attacks.pgd_l2 import PGDL2
from core.attacks.result import AttackResult
from core.attacks.shadow import Shadow
from core.attacks.spatial import Spatial
from core.attacks.square import Square
from core.attacks.sticker import Sticker
from core.errors import BadInput

__all__ = [
    "APGDCE",
    "APGDDLR",
    "ATTACKS",
    "BIM",
    "CW",
    "FGSM",
    "MIFGSM",
    "PGD",
    "PGDL2",
    "Attack",
    "AttackInfo",
    "AttackResult",
    "AutoAttackLite",
    "DeepFool",
    "Shadow",
    "Spatial",
    "Square",
    "Sticker",
    "get_attack",
]

ATTACKS: dict[str, type[Attack]] = {
    "fgsm": FGSM,
    "bim": BIM,
    "pgd": PGD,
    "pgd_l2": PGDL2,
    "mi_fgsm": MIFGSM,
    "apgd_ce": APGDCE,
    "apgd_dlr": APGDDLR,
    "square": Square,
    "autoattack": AutoAttackLite,
    "deepfool": DeepFool,
    "cw": CW,
    "sticker": Sticker,
    "shadow": Shadow,
    "spatial": Spatial,
}


def get_attack(name: str) -> type[Attack]:
    """The attack class of that name; BadInput, listing the known ones, if there is none."""
    if name not in ATTACKS:
        raise BadInput(f"unknown attack {name!r}; there are {', '.join(ATTACKS)}")
    return ATTACKS[name]
