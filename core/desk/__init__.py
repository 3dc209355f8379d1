"""The desk: what analysts do with flagged predictions, each at a seat of their own."""

from core.desk.closeup import Closeup, Panel, Photographer, Tile, likely, said_right, shown
from core.desk.closeups import Closeups
from core.desk.desk import Desk, Recorded, Said
from core.desk.sitting import Opened, Sitting

__all__ = [
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
