"""Traffic that is made here: an adversarial image among sample signs, and drills."""

from __future__ import annotations

from collections.abc import Callable

from core.images import ImageFile
from core.jobs import Progress
from core.records.analysts import Permission
from core.records.attacks import AttackedImage
from core.records.captures import Provenance
from core.records.inference import Answer
from core.records.permissions import needs
from core.simulation import traffic
from core.simulation.drills import Drills
from core.simulation.sending import InProcess, SendReport, send


class Simulation:
    """What pages, endpoint and command line ask of simulated traffic.

    Parameters
    ----------
    keep_reference
        Keeps a clean image in the log.
    invoke
        Answers an image as the endpoint does.
    drills
        Attacks on the running endpoint.
    """

    def __init__(
        self,
        keep_reference: Callable[[ImageFile], object],
        invoke: Callable[[ImageFile, Provenance], Answer],
        drills: Drills,
    ) -> None:
        self._transport = InProcess(keep_reference, invoke)
        self.drills = drills

    @needs(Permission.TRAFFIC)
    def send_mixed(
        self, result: AttackedImage, count: int, attacked: int, progress: Progress
    ) -> SendReport:
        """Send an adversarial image among sample signs to the endpoint.

        Parameters
        ----------
        result
            The attack result.
        count, attacked
            Requests in all, and how many of them send the adversarial image.
        progress
            Reported after each request.

        Raises
        ------
        Unavailable
            Where the endpoint takes no more requests.
        """
        requests = traffic.around(result, count, attacked)
        return send(self._transport, requests, progress=progress)
