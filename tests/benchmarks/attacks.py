"""How often the attacks fool the shipped classifier, once the picture is saved."""

from __future__ import annotations

from core.vision.attacks import CW, PGD, Attack, AttackResult, DeepFool
from tests.benchmarks import peer_attacks
from tests.benchmarks.rows import Row, Rows, attacked_images, model

STOP = 14
COUNT = 256


def rows() -> Rows:
    """Success on 256 held-out images, before rounding to 8 bit and after."""
    yield from _pair("PGD, 20 steps, 8/255", _run(PGD(steps=20), 8 / 255, None), 0.97)
    yield from _pair("PGD to Stop, 50 steps, 8/255", _run(PGD(steps=50), 8 / 255, STOP), 0.90)
    yield from _pair("DeepFool", _run(DeepFool(), None, None), 0.99)
    yield from _pair("DeepFool to Stop", _run(DeepFool(), None, STOP), 0.97)
    yield from _pair("C&W-L2", _run(CW(), None, None), 0.99)
    yield from peer_attacks.parity()
    yield from peer_attacks.speed()


def _run(attack: Attack, epsilon: float | None, target: int | None) -> AttackResult:
    pixels, labels = attacked_images(COUNT)
    return attack(model(), pixels, labels, epsilon=epsilon, target=target)


def _pair(name: str, result: AttackResult, goal: float) -> Rows:
    summary = result.summary()
    yield Row(
        f"{name}: success before rounding", summary["success_rate_before_rounding"], goal, True
    )
    yield Row(f"{name}: success after the PNG", summary["success_rate"], goal, True)
