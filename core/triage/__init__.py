"""The desk: what analysts do with flagged predictions, each at a seat of their own."""

from core.triage.context import COMPARED, Closeup, Panel, Photographer, Tile, shown
from core.triage.prefetch import Closeups
from core.triage.session import Opened, Sitting
from core.triage.suggestions import likely, said_right
from core.triage.verdicts import Desk, Recorded, Said

__all__ = [
    "COMPARED",
    "Closeup",
    "Closeups",
    "Desk",
    "Opened",
    "Panel",
    "Photographer",
    "Recorded",
    "Said",
    "Sitting",
    "Tile",
    "likely",
    "said_right",
    "shown",
]
