"""How often the attacks fool the shipped classifier, before the image is saved and after."""

from __future__ import annotations

from functools import partial

from core.attacks import PGD, AttackResult, DeepFool
from tests.benchmarks import peer_attacks
from tests.benchmarks.rows import Row, Rows, attacked_images, measured, model

STOP = 14
EPSILON = 8 / 255


def rows() -> Rows:
    """Success on 256 held-out images, before rounding to 8 bit and after; the same of peers."""
    pixels, labels = attacked_images(peer_attacks.COUNT)
    with peer_attacks.under_way() as peers:
        to_stop = PGD(steps=50)(model(), pixels, labels, epsilon=EPSILON, target=STOP)
        yield from _pair("PGD to Stop, 50 steps, 8/255", to_stop, 0.90)
        yield from _pair("DeepFool to Stop", DeepFool()(model(), pixels, labels, target=STOP), 0.97)
        own = peer_attacks.own_results()
        yield from _pair("PGD, 20 steps, 8/255", own["pgd"][0], 0.97)
        yield from _pair("DeepFool", own["deepfool"][0], 0.99)
        yield from _pair("C&W-L2", own["cw"][0], 0.99)
        yield from measured("attacks beside peers", partial(peer_attacks.parity, own, peers))


def _pair(name: str, result: AttackResult, goal: float) -> Rows:
    summary = result.summary()
    yield Row(
        f"{name}: success before rounding", summary["success_rate_before_rounding"], goal, True
    )
    yield Row(f"{name}: success after the PNG", summary["success_rate"], goal, True)
