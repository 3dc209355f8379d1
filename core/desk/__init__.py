"""The desk: what analysts do with flagged predictions, each at a seat of their own."""

from core.desk.closeup import COMPARED, Closeup, Panel, Tile, shown
from core.desk.closeups import Closeups
from core.desk.desk import Desk, Recorded, Said
from core.desk.likely import likely, said_right
from core.desk.photographer import Photographer
from core.desk.sitting import Opened, Sitting

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
