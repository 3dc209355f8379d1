"""The desk: what analysts do with flagged predictions, each at a seat of their own."""

from core.desk.desk import Desk, Recorded, Said
from core.desk.sitting import Opened, Sitting

__all__ = ["Desk", "Opened", "Recorded", "Said", "Sitting"]
