"""A demonstration on an empty log: baseline, clean traffic, an attack, and what notices it."""

from __future__ import annotations

from core import samples
from core.attacks.lab import Lab
from core.errors import Cancelled
from core.jobs import IsCancelled, Progress, part_of
from core.records.analysts import Permission
from core.records.attacks import AttackPlan
from core.records.permissions import needs
from core.services.monitoring import Monitoring
from core.services.simulation import Simulation
from core.simulation.sending import SendReport

CLEAN, MIXED, ADVERSARIAL = 60, 60, 48  # requests
SIGN, IMAGE = 12, 0  # the class and number of the sample that is attacked: Priority road
PLAN = AttackPlan("pgd", target=14, epsilon=8 / 255, steps=10, persistent=True)
STEPS = (
    "baseline of the sample signs",
    "attacking a sign",
    "clean traffic",
    "traffic under attack",
)


class Demonstration:
    """Lives the whole story with real work of this process."""

    def __init__(self, monitoring: Monitoring, lab: Lab, simulation: Simulation) -> None:
        self._monitoring = monitoring
        self._lab = lab
        self._simulation = simulation

    @needs(Permission.TRAFFIC)
    def run(
        self, progress: Progress, cancelled: IsCancelled, *, with_baseline: bool = True
    ) -> SendReport:
        """Send CLEAN sample signs, then MIXED requests of which ADVERSARIAL send an attacked sign.

        Parameters
        ----------
        progress, cancelled
            Called before every image.
        with_baseline
            Whether to make a baseline of the sample signs first where there is none.

        Returns
        -------
        SendReport
            Of the mixed traffic.

        Raises
        ------
        Cancelled
            Once `cancelled` says so; what was sent stays.
        """

        def part(number: int) -> Progress:
            whole = part_of(progress, number, len(STEPS))

            def reached(done: int, total: int, text: str) -> None:
                if cancelled():
                    raise Cancelled(f"Stopped at step {number + 1}, {STEPS[number]}")
                whole(done, total, f"{number + 1} of {len(STEPS)}, {STEPS[number]}")

            return reached

        if with_baseline and self._monitoring.baselines.against().baseline is None:
            draft = self._monitoring.draft_of_samples(part(0))
            self._monitoring.baselines.keep(draft)
        sign = samples.of_class(SIGN)[IMAGE].image()
        (attacked,) = self._lab.attack(PLAN, [sign.pixels], [SIGN], part(1))
        self._simulation.send_mixed(attacked, CLEAN, 0, part(2))
        return self._simulation.send_mixed(attacked, MIXED, ADVERSARIAL, part(3))
