"""Attacks on a classifier: settings in the constructor, data in the call.

    result = PGD(steps=40, seed=0)(classifier, pixels, labels, epsilon=8 / 255)

A new attack is one file and one line in `ATTACKS`; its `info` carries what is told about it.
"""

from __future__ import annotations

from core.errors import BadInput
from core.vision.attacks.apgd_losses import APGDCE, APGDDLR
from core.vision.attacks.autoattack import AutoAttackLite
from core.vision.attacks.base import Attack, AttackInfo
from core.vision.attacks.bim import BIM
from core.vision.attacks.cw import CW
from core.vision.attacks.deepfool import DeepFool
from core.vision.attacks.fgsm import FGSM
from core.vision.attacks.mi_fgsm import MIFGSM
from core.vision.attacks.pgd import PGD
from core.vision.attacks.pgd_l2 import PGDL2
from core.vision.attacks.result import AttackResult
from core.vision.attacks.shadow import Shadow
from core.vision.attacks.spatial import Spatial
from core.vision.attacks.square import Square
from core.vision.attacks.sticker import Sticker

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
