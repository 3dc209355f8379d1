"""The services of this very process, for a command that finds no dashboard running."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.services import Services


def own_services() -> "Services":
    """Services over the log and the model of the settings; `close` when the command is done.

    They are imported here: that takes seconds, which a command that asks the dashboard need not
    wait.
    """
    from core import services

    return services.current()


def close() -> None:
    """Close them, if this process has any."""
    if loaded := sys.modules.get("core.services"):
        loaded.close_current()
