"""Attacks on a classifier: settings in the constructor, data in the call.

A new attack is one file and one line in `ATTACKS`; its `info` carries what pages and documents say
of it. `base` has the call and the loop, `task` what an attack works on, `budget` what "within
epsilon" means, `result` the verdict on saved images. `lab` attacks images of any sizes for callers
without torch, `export` writes what came of it.

Examples
--------
>>> import torch
>>> from core.model.classifier import Classifier
>>> from core.model.manifest import Manifest
>>> manifest = Manifest("toy", 8, (0.5,) * 3, (0.5,) * 3, ("dark", "bright"))
>>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 2))
>>> network[1].weight.data = torch.stack([-torch.ones(192), torch.ones(192)])
>>> network[1].bias.data.zero_()
tensor([0., 0.])
>>> classifier = Classifier(manifest, network)
>>> pixels = torch.full((2, 3, 8, 8), 132 / 255)  # a little brighter than grey
>>> labels = torch.tensor([1, 1])
>>> result = PGD(steps=2)(classifier, pixels, labels, epsilon=8 / 255)
>>> result.success
array([ True,  True])
>>> result.adversarial.shape, bool((result.linf <= 8 / 255).all())
((2, 8, 8, 3), True)
"""

from __future__ import annotations

from core.attacks.apgd_losses import APGDCE, APGDDLR
from core.attacks.autoattack import AutoAttackLite
from core.attacks.base import Attack
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
